/**
 * Weights in Node: repositories of Hugging Face's hub in its own cache, files of other addresses in a folder of this
 * package. The version for pages is weights-cache.default.ts (`#weights-cache`).
 */
import { createHash } from "node:crypto";
import { readFile, rm, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { MobileNetError } from "../base/error.ts";
import { download, memorySink } from "./download.ts";
import type { WeightFile } from "./entry.ts";
import {
	type CachedFile,
	type FilesOptions,
	firstOf,
	type Place,
	pathsOf,
	placesOf,
	type Wanted,
	type WeightFiles,
} from "./files.ts";
import { hubFiles, inHubCache, removeFromHubCache } from "./hub-cache.node.ts";
import { isFile, keepFile } from "./kept-file.node.ts";
import { wantedOf } from "./wanted.ts";

/**
 * The files of weights: from a cache, or from the first source that has them.
 *
 * @throws MobileNetError with every source and its answer in one sentence
 */
export async function weightFiles(wanted: Wanted, options: FilesOptions = {}): Promise<WeightFiles> {
	const { name, files, sources } = wanted;
	const { endpoint = process.env.HF_ENDPOINT || undefined, token = process.env.HF_TOKEN || undefined } =
		options;
	const offline = options.offline ?? isOn(process.env.HF_HUB_OFFLINE);
	const asking = { ...options, token, offline };
	const places = sources.flatMap((source) => placesOf(source, endpoint));
	const get = (place: Place, offline: boolean): Promise<WeightFiles> => {
		if (place.kind === "address") return filesAt(place.folder, wanted, { ...asking, offline });
		const known = pathsOf(files, place.folder);
		const choose = (paths: readonly string[]) => wantedOf(paths, place.folder, name);
		return hubFiles(place, known, choose, { ...asking, offline });
	};
	// What a later source has brought is not fetched again from an earlier one.
	if (!offline && files?.every(({ sha256, gitBlob }) => (sha256 ?? gitBlob) !== undefined))
		for (const place of places) {
			const here = await get(place, true).catch(() => undefined);
			if (here) return here;
		}
	return firstOf(places, name, (place) => get(place, offline));
}

/** Which of the files are in a cache, and where: all of them, or none. */
export async function cachedWeights(
	{ files, sources }: Wanted,
	{ endpoint = process.env.HF_ENDPOINT || undefined }: Pick<FilesOptions, "endpoint"> = {},
): Promise<readonly CachedFile[]> {
	for (const place of sources.flatMap((source) => placesOf(source, endpoint))) {
		const found = await inCache(place, files);
		if (found.length > 0 && (files === undefined || found.length === files.length)) return found;
	}
	return [];
}

/**
 * Removes the files of weights from every cache.
 *
 * @returns the bytes that were removed
 */
export async function removeWeights(
	{ files, sources }: Wanted,
	{ endpoint = process.env.HF_ENDPOINT || undefined }: Pick<FilesOptions, "endpoint"> = {},
): Promise<number> {
	let bytes = 0;
	for (const place of sources.flatMap((source) => placesOf(source, endpoint)))
		if (place.kind === "hub") bytes += await removeFromHubCache(place, pathsOf(files, place.folder));
		else
			for (const { file, bytes: own } of await inCache(place, files)) {
				await rm(dirname(file), { recursive: true, force: true });
				bytes += own;
			}
	return bytes;
}

/** Where files of other addresses than the hub's are kept: MOBILENET_CACHE, or where the system keeps what can be fetched again. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env, platform = process.platform): string {
	const { MOBILENET_CACHE, XDG_CACHE_HOME, LOCALAPPDATA } = env;
	if (MOBILENET_CACHE) return resolve(MOBILENET_CACHE);
	if (platform === "win32" && LOCALAPPDATA) return join(LOCALAPPDATA, "mobilenet", "Cache");
	if (platform === "darwin") return join(homedir(), "Library", "Caches", "mobilenet");
	return join(XDG_CACHE_HOME || join(homedir(), ".cache"), "mobilenet");
}

async function inCache(
	place: Place,
	files: readonly WeightFile[] | undefined,
): Promise<readonly CachedFile[]> {
	if (place.kind === "hub") {
		const found = await inHubCache(place, pathsOf(files, place.folder));
		return [...found].map(([path, one]) => ({ path: path.slice(place.folder.length), ...one }));
	}
	const found: CachedFile[] = [];
	for (const wanted of files ?? []) {
		const file = keptPath(place.folder, wanted);
		const entry = await stat(file).catch(() => undefined);
		if (entry?.isFile()) found.push({ path: wanted.path, file, bytes: entry.size });
	}
	return found;
}

/** A file is kept by its digest, or, where nobody knows that, by its address's. */
function keptPath(folder: string, { path, sha256, gitBlob }: WeightFile): string {
	const digest =
		sha256 ??
		gitBlob ??
		createHash("sha256")
			.update(folder + path)
			.digest("hex");
	return join(cacheFolder(), digest, basename(path));
}

async function filesAt(folder: string, { name, files }: Wanted, options: FilesOptions): Promise<WeightFiles> {
	if (!files)
		throw new MobileNetError(
			"usage",
			`${name} is a folder at an address, whose files nobody lists: name one.`,
		);
	const { offline = false, mustKeep = false, signal, idle, wait, onProgress } = options;
	const notes: string[] = [];
	const memory = new Map<string, Uint8Array>();
	const ensure = async (file: WeightFile): Promise<void> => {
		const target = keptPath(folder, file);
		if (await isFile(target)) return;
		if (offline)
			throw new MobileNetError(
				"not-found",
				`${folder}${file.path} is not in the cache ${cacheFolder()}, and nothing is fetched while offline.`,
			);
		const how = {
			bytes: file.bytes,
			sha256: file.sha256,
			gitBlob: file.gitBlob,
			signal,
			idle,
			wait,
			onProgress,
		};
		const address = folder + file.path.split("/").map(encodeURIComponent).join("/");
		try {
			await keepFile(target, address, how);
		} catch (error) {
			if (mustKeep || !(error instanceof MobileNetError && error.code === "unwritable")) throw error;
			const sink = memorySink();
			await download(address, sink, how);
			memory.set(file.path, sink.bytes());
			notes.push(`It could not be kept, for ${error.message}`);
		}
	};
	for (const file of files) await ensure(file);
	return {
		paths: files.map(({ path }) => path),
		read: async (path) => {
			const file = files.find((one) => one.path === path) ?? { path };
			if (!memory.has(path)) await ensure(file);
			return memory.get(path) ?? new Uint8Array(await readFile(keptPath(folder, file)));
		},
		notes,
	};
}

/** What Python's hub takes for yes. */
function isOn(value: string | undefined): boolean {
	return /^(1|on|yes|true)$/i.test(value ?? "");
}
