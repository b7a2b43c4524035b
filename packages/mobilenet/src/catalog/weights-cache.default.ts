/**
 * How weights are kept in pages: in Cache Storage, under the address of each file at its commit. Where there is none, as on
 * pages without https, they are fetched each time. The version for Node is weights-cache.node.ts (`#weights-cache`).
 */
import { type DownloadOptions, download, matches } from "../base/download.ts";
import { messageOf } from "../base/error.ts";
import { Failure } from "../base/request.ts";
import type { WeightFile } from "./entry.ts";
import {
	explained,
	type Hub,
	hubAt,
	listingAddress,
	patience,
	readListing,
	resolveAddress,
	usualEndpoint,
} from "./hub.ts";
import {
	type CachedWeights,
	checkPath,
	encodedPath,
	expected,
	isCommit,
	isUnreachable,
	nameOf,
	type Place,
	pathIn,
	type WeightFiles,
	type WeightOptions,
} from "./place.ts";

type Wanted = readonly WeightFile[] | undefined;

/** The part of a browser's Cache that is used here. */
interface Cache {
	match(address: string): Promise<Response | undefined>;
	put(address: string, response: Response): Promise<void>;
	delete(address: string): Promise<boolean>;
}

const cacheName = "mobilenet";

/** The hub's address, without a slash at its end. */
export function endpointOf({ endpoint }: WeightOptions): string {
	return (endpoint || usualEndpoint).replace(/\/+$/, "");
}

export function isOffline({ offline = false }: WeightOptions): boolean {
	return offline;
}

/** What is here, if that is all that is wanted. */
export async function filesHere(
	place: Place,
	files: Wanted,
	options: WeightOptions,
	mayBeOld: boolean,
): Promise<WeightFiles | undefined> {
	const cache = await openCache();
	if (!cache) return undefined;
	const hub = hubOf(options);
	const revision = await keptRevision(cache, hub, place, mayBeOld);
	if (revision === undefined) return undefined;
	const wanted = files ?? (mayBeOld ? await keptPaths(cache, hub, place) : undefined);
	if (!wanted) return undefined;
	const got = new Map<string, Uint8Array>();
	for (const file of wanted) {
		if (!mayBeOld && !isSure(place, file)) return undefined;
		const bytes = await kept(cache, addressOf(hub, place, revision, file.path), file);
		if (bytes) got.set(file.path, bytes);
		else if (files) return undefined;
	}
	if (got.size === 0) return undefined;
	return filesOf(nameOf(place, hub.endpoint), [...got.keys()], async (path) => got.get(path), []);
}

/** Fetches what is not here, and keeps it where the browser lets it. */
export async function filesFrom(place: Place, files: Wanted, options: WeightOptions): Promise<WeightFiles> {
	const cache = await openCache();
	const hub = hubOf(options);
	const name = nameOf(place, hub.endpoint);
	let revision = "";
	let paths = files?.map(({ path }) => path);
	if ("hub" in place) {
		revision = place.revision;
		if (!isCommit(revision) || !paths) {
			const mine = await filesHere(place, files, options, true);
			try {
				const address = listingAddress(hub, place);
				const asking: DownloadOptions = {
					...patience(mine ? { ...options, tries: 1 } : options),
					...{ token: hub.token, cache: cache && "no-store" },
				};
				const { bytes } = await explained(hub, () => download(address, asking));
				const listed = readListing(bytes);
				await keep(cache, address, bytes);
				revision = listed.commit;
				paths ??= listed.paths
					.filter((path) => path.startsWith(place.folder))
					.map((path) => path.slice(place.folder.length));
			} catch (error) {
				options.signal?.throwIfAborted();
				if (!mine || !(error instanceof Failure) || !isUnreachable(error)) throw error;
				return { ...mine, notes: [askedInVain(name, error)] };
			}
		}
	}
	if (!paths) throw new Failure("it does not say which files it has", { status: 200 });
	const notes: string[] = [];
	const fetchFile = async (file: WeightFile): Promise<Uint8Array> => {
		const address = addressOf(hub, place, revision, file.path);
		const mine = cache && (await kept(cache, address, file));
		const isMineSure = isSure("hub" in place ? { ...place, revision } : place, file);
		if (mine && isMineSure) return mine;
		try {
			const { bytes } = await explained(hub, () =>
				download(address, {
					...patience(mine ? { ...options, tries: 1 } : options),
					onProgress: options.onProgress,
					...expected(file),
					token: "hub" in place ? hub.token : undefined,
					// What is kept here need not be there a second time.
					cache: cache && "no-store",
					// A page may not ask every server for a part of a file.
					resumes: false,
				}),
			);
			const fault = await keep(cache, address, bytes);
			if (fault !== undefined) notes.push(`the browser does not keep ${file.path}: ${fault}.`);
			return bytes;
		} catch (error) {
			options.signal?.throwIfAborted();
			if (!mine || !(error instanceof Failure) || !isUnreachable(error)) throw error;
			notes.push(askedInVain(name, error));
			return mine;
		}
	};
	const got = new Map<string, Uint8Array>();
	for (const file of files ?? []) got.set(file.path, await fetchFile(file));
	return filesOf(
		name,
		paths,
		async (path) => got.get(path) ?? (paths.includes(path) ? fetchFile({ path }) : undefined),
		notes,
	);
}

/** What of these files is here, and where. */
export async function cachedAt(
	place: Place,
	files: Wanted,
	options: WeightOptions,
): Promise<CachedWeights | undefined> {
	const here = await filesHere(place, files, options, true);
	const cache = await openCache();
	if (!here || !cache) return undefined;
	const hub = hubOf(options);
	const revision = (await keptRevision(cache, hub, place, true)) ?? "";
	const found = await Promise.all(
		here.paths.map(async (path) => ({
			path,
			location: addressOf(hub, place, revision, path),
			bytes: (await here.read(path)).length,
		})),
	);
	return { source: place.source, files: found, bytes: found.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** Removes them, and gives the bytes that were freed. */
export async function removeAt(place: Place, files: Wanted, options: WeightOptions): Promise<number> {
	const here = await cachedAt(place, files, options);
	const cache = await openCache();
	for (const { location } of here?.files ?? []) await cache?.delete(location);
	if (cache && "hub" in place && !files) await cache.delete(listingAddress(hubOf(options), place));
	return here?.bytes ?? 0;
}

async function openCache(): Promise<Cache | undefined> {
	try {
		// There is none on pages without https, and frames that may keep nothing may not even look for it.
		const { caches } = globalThis as { caches?: { open(name: string): Promise<Cache> } };
		return await caches?.open(cacheName);
	} catch {
		return undefined;
	}
}

/** The commit of a place, as far as it is known here; empty for addresses. */
async function keptRevision(
	cache: Cache,
	hub: Hub,
	place: Place,
	mayBeOld: boolean,
): Promise<string | undefined> {
	if (!("hub" in place)) return "";
	if (isCommit(place.revision)) return place.revision;
	return mayBeOld ? (await keptListing(cache, hub, place))?.commit : undefined;
}

async function keptPaths(cache: Cache, hub: Hub, place: Place): Promise<readonly WeightFile[] | undefined> {
	if (!("hub" in place)) return undefined;
	const listed = await keptListing(cache, hub, place);
	return listed?.paths
		.filter((path) => path.startsWith(place.folder))
		.map((path) => ({ path: path.slice(place.folder.length) }));
}

async function keptListing(cache: Cache, hub: Hub, place: Place) {
	if (!("hub" in place)) return undefined;
	const response = await cache.match(listingAddress(hub, place));
	return response && readListing(new Uint8Array(await response.arrayBuffer()));
}

async function kept(cache: Cache, address: string, file: WeightFile): Promise<Uint8Array | undefined> {
	const response = await cache.match(address);
	if (!response) return undefined;
	const bytes = new Uint8Array(await response.arrayBuffer());
	if (file.bytes !== undefined && bytes.length !== file.bytes) return undefined;
	const { digest } = expected(file);
	return !digest || (await matches(bytes, digest)) ? bytes : undefined;
}

/** @returns why it is not kept */
async function keep(
	cache: Cache | undefined,
	address: string,
	bytes: Uint8Array,
): Promise<string | undefined> {
	try {
		await cache?.put(address, new Response(bytes as Uint8Array<ArrayBuffer>));
		return undefined;
	} catch (error) {
		return messageOf(error).replace(/\.$/, "");
	}
}

function addressOf(hub: Hub, place: Place, revision: string, path: string): string {
	if ("hub" in place) return resolveAddress(hub, place, revision, pathIn(place, path));
	return place.base + encodedPath(checkPath(path));
}

function hubOf(options: WeightOptions): Hub {
	return hubAt(endpointOf(options), options.token);
}

/** Whether what is kept of a file is what the server has, without asking. */
function isSure(place: Place, file: WeightFile): boolean {
	return expected(file).digest !== undefined || ("hub" in place ? isCommit(place.revision) : place.isFixed);
}

function askedInVain(name: string, { reason }: Failure): string {
	return `${name} cannot be asked for changes (${reason}): the copy in this browser was taken.`;
}

function filesOf(
	name: string,
	paths: readonly string[],
	find: (path: string) => Promise<Uint8Array | undefined>,
	notes: readonly string[],
): WeightFiles {
	const read = async (path: string): Promise<Uint8Array> => {
		const bytes = await find(path);
		if (!bytes) throw new Failure(`there is no file ${path}`, { status: 404 });
		return bytes;
	};
	return { name, paths, read, notes };
}
