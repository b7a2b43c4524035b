/** For each test a hub as it was first, and empty caches that the environment names. */
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, vi } from "vitest";
import { commits, type HubServer, startHub } from "../support/hub-server.ts";

export interface HubWithCaches {
	/** Listens once the tests run. */
	readonly hub: HubServer;
	/** The folder of the caches: `huggingface`, `cache`. */
	readonly home: string;
	/** Every file below it, with what it links to. */
	tree(): readonly string[];
}

/** Waits are not waited for. */
export const options = { name: "imagenet/0.5-160", sleep: async (): Promise<void> => {} };

export function hubWithCaches(contents: Readonly<Record<string, Uint8Array>>): HubWithCaches {
	let [hub, home] = [undefined as HubServer | undefined, ""];
	beforeAll(async () => {
		hub = await startHub(contents);
	});
	afterAll(() => hub?.close());
	beforeEach(() => {
		home = mkdtempSync(join(tmpdir(), "mobilenet-caches-"));
		vi.stubEnv("HF_HOME", join(home, "huggingface"));
		vi.stubEnv("MOBILENET_CACHE", join(home, "cache"));
		vi.stubEnv("HF_ENDPOINT", hub!.endpoint);
		for (const name of ["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HUB_OFFLINE", "HF_TOKEN"])
			vi.stubEnv(name, "");
		Object.assign(hub!, { mischief: undefined, token: undefined, commit: commits[0] });
		hub!.files.clear();
		for (const [path, bytes] of Object.entries(contents)) hub!.files.set(path, bytes);
		hub!.forget();
	});
	afterEach(() => {
		vi.unstubAllEnvs();
		rmSync(home, { recursive: true });
	});
	return {
		get hub() {
			return hub!;
		},
		get home() {
			return home;
		},
		tree: () =>
			readdirSync(home, { recursive: true, withFileTypes: true })
				.filter((entry) => !entry.isDirectory())
				.map((entry) => {
					const path = join(entry.parentPath, entry.name);
					const name = relative(home, path);
					return entry.isSymbolicLink() ? `${name} -> ${readlinkSync(path)}` : name;
				})
				.sort(),
	};
}
