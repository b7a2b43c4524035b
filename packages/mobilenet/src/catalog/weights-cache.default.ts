/**
 * Weights in pages: in the browser's Cache Storage, by their addresses, so that a second visit needs no network. Where there
 * is none, they are fetched each time. The version for Node is weights-cache.node.ts (`#weights-cache`).
 */
import { MobileNetError, messageOf } from "../base/error.ts";
import { type DownloadOptions, download, memorySink } from "./download.ts";
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
import { authorized, fileAddress, isCommit, listing } from "./hub.ts";
import { wantedOf } from "./wanted.ts";

const cacheName = "mobilenet-weights";

/** What this needs of a page's Cache Storage. */
interface PageCache {
	readonly match: (address: string) => Promise<Response | undefined>;
	readonly put: (address: string, response: Response) => Promise<void>;
	readonly delete: (address: string) => Promise<boolean>;
}

/**
 * The files of weights: from the cache, or from the first source that has them.
 *
 * @throws MobileNetError with every source and its answer in one sentence
 */
export async function weightFiles(wanted: Wanted, options: FilesOptions = {}): Promise<WeightFiles> {
	const { name, files, sources } = wanted;
	const places = sources.flatMap((source) => placesOf(source, options.endpoint));
	const cache = await openCache();
	return firstOf(places, name, (place) => filesOf(place, name, files, { ...options, cache }));
}

/** Which of the files are in this browser's cache: all of them, or none. Only those of a commit or an address are looked for. */
export async function cachedWeights(
	{ files = [], sources }: Wanted,
	{ endpoint }: Pick<FilesOptions, "endpoint"> = {},
): Promise<readonly CachedFile[]> {
	const cache = await openCache();
	for (const place of sources.flatMap((source) => placesOf(source, endpoint))) {
		const found: CachedFile[] = [];
		for (const { path } of files) {
			const file = addressIn(place, place.folder + path);
			const there = await cache?.match(file).catch(() => undefined);
			if (there) found.push({ path, file, bytes: (await there.blob()).size });
		}
		if (found.length > 0 && found.length === files.length) return found;
	}
	return [];
}

/**
 * Removes the files of weights from this browser's cache.
 *
 * @returns the bytes that were removed
 */
export async function removeWeights(
	wanted: Wanted,
	options: Pick<FilesOptions, "endpoint"> = {},
): Promise<number> {
	const cache = await openCache();
	let bytes = 0;
	for (const { file, bytes: own } of await cachedWeights(wanted, options)) {
		await cache?.delete(file);
		bytes += own;
	}
	return bytes;
}

/** The address of a path in a place, from its repository's or its folder's beginning. */
function addressIn(place: Place, path: string, commit?: string): string {
	if (place.kind === "address") return path;
	const source = commit === undefined ? place.source : { ...place.source, revision: commit };
	return fileAddress(source, path, place.endpoint);
}

async function filesOf(
	place: Place,
	name: string,
	files: readonly WeightFile[] | undefined,
	{ cache, ...options }: FilesOptions & { readonly cache: PageCache | undefined },
): Promise<WeightFiles> {
	const { folder } = place;
	const notes: string[] = [];
	const inMemory = new Map<string, Uint8Array>();
	let paths = pathsOf(files, folder);
	let commit: string | undefined;
	if (place.kind === "hub" && (!paths || !isCommit(place.source.revision))) {
		const list = await listed(place, options, cache, notes);
		commit = list.commit;
		paths ??= wantedOf(list.paths, folder, name);
	}
	if (!paths)
		throw new MobileNetError("usage", `${name} is a folder at an address, whose files nobody lists.`);
	const headers = place.kind === "hub" ? authorized(options.token) : {};
	const ensure = async (path: string): Promise<Uint8Array> => {
		const own = inMemory.get(path);
		if (own) return own;
		const facts = files?.find((file) => path === folder + file.path);
		const { bytes, sha256, gitBlob } = facts ?? {};
		const how = { ...options, bytes, sha256, gitBlob, headers };
		const content = await throughCache(addressIn(place, path, commit), how, cache, notes);
		inMemory.set(path, content);
		return content;
	};
	for (const path of paths) await ensure(path);
	return {
		paths: paths.map((path) => path.slice(folder.length)),
		read: (path) => ensure(folder + path),
		notes,
	};
}

/** The commit and the files of a repository; what they were the last time, where it cannot be reached. */
async function listed(
	{ source, endpoint }: Extract<Place, { kind: "hub" }>,
	options: FilesOptions,
	cache: PageCache | undefined,
	notes: string[],
): Promise<Awaited<ReturnType<typeof listing>>> {
	const address = `${endpoint}/api/models/${source.hub}/revision/${encodeURIComponent(source.revision)}`;
	try {
		if (options.offline) throw new MobileNetError("not-found", "nothing is fetched while offline.");
		const list = await listing(source, { ...options, endpoint });
		await cache?.put(address, Response.json(list)).catch(() => undefined);
		return list;
	} catch (error) {
		options.signal?.throwIfAborted();
		const last = await cache?.match(address);
		if (!last) throw error;
		notes.push(
			`What this browser has of ${source.hub}@${source.revision} was taken, for ${messageOf(error)}`,
		);
		return (await last.json()) as Awaited<ReturnType<typeof listing>>;
	}
}

async function throughCache(
	address: string,
	options: FilesOptions & DownloadOptions,
	cache: PageCache | undefined,
	notes: string[],
): Promise<Uint8Array> {
	const there = await cache?.match(address).catch(() => undefined);
	if (there) return new Uint8Array(await there.arrayBuffer());
	if (options.offline)
		throw new MobileNetError(
			"not-found",
			`${address} is not in this browser's cache, and nothing is fetched while offline.`,
		);
	const sink = memorySink();
	await download(address, sink, options);
	const bytes = sink.bytes();
	await cache?.put(address, new Response(bytes)).catch((error: unknown) => {
		notes.push(`This browser could not keep it, for ${messageOf(error)}.`);
	});
	return bytes;
}

/** Undefined where there is none: pages that are not secure, and runtimes that are no browsers. */
async function openCache(): Promise<PageCache | undefined> {
	const { caches } = globalThis as { caches?: { open(name: string): Promise<PageCache> } };
	return caches?.open(cacheName).catch(() => undefined);
}
