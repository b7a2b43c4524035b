/** What the environment says of sources and places, in Node. */
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { usualEndpoint } from "./hub.ts";
import { isSet } from "./hub-folder.node.ts";
import type { WeightOptions } from "./place.ts";

/** The hub's address, without a slash at its end. */
export function endpointOf({ endpoint }: WeightOptions): string {
	return (endpoint || process.env.HF_ENDPOINT || usualEndpoint).replace(/\/+$/, "");
}

export function isOffline({ offline }: WeightOptions): boolean {
	return offline ?? isSet(process.env.HF_HUB_OFFLINE);
}

/** The folder of what does not come from Hugging Face's hub. */
export function cacheFolder(): string {
	const { MOBILENET_CACHE, XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
	if (MOBILENET_CACHE) return resolve(MOBILENET_CACHE);
	if (XDG_CACHE_HOME) return join(XDG_CACHE_HOME, "mobilenet");
	if (process.platform === "darwin") return join(homedir(), "Library", "Caches", "mobilenet");
	if (process.platform === "win32")
		return join(LOCALAPPDATA || join(homedir(), "AppData", "Local"), "mobilenet", "cache");
	return join(homedir(), ".cache", "mobilenet");
}
