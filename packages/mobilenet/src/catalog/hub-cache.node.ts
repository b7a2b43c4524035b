/** Files of Hugging Face's hub in Node: from its cache, or into it. */
import { stat } from "node:fs/promises";
import process from "node:process";
import type { Digest } from "../base/download.ts";
import { MobileNetError } from "../base/error.ts";
import { notWritable } from "../base/file-errors.ts";
import { Failure } from "../base/request.ts";
import type { WeightFile } from "./entry.ts";
import {
	explained,
	type Hub,
	type HubFile,
	hubAt,
	hubFile,
	listing,
	patience,
	resolveAddress,
} from "./hub.ts";
import { HubFolder } from "./hub-folder.node.ts";
import { fetchKept, verified } from "./kept-file.node.ts";
import {
	type CachedWeights,
	expected,
	type HubPlace,
	isCommit,
	isPath,
	isUnreachable,
	nameOf,
	pathIn,
	type WeightFiles,
	type WeightOptions,
} from "./place.ts";
import { endpointOf } from "./settings.node.ts";

type Wanted = readonly WeightFile[] | undefined;

/**
 * What the cache has, if that is all that is wanted.
 *
 * @param mayBeOld whether what a branch was when it was last asked for will do
 */
export async function hubFilesHere(
	place: HubPlace,
	files: Wanted,
	options: WeightOptions,
	mayBeOld: boolean,
): Promise<WeightFiles | undefined> {
	// Without a list nobody knows whether that is all.
	if (!mayBeOld && (!files || !isCommit(place.revision))) return undefined;
	const folder = new HubFolder(place);
	const commit = await folder.commit();
	return commit === undefined ? undefined : snapshotFiles(place, files, options, folder, commit);
}

async function snapshotFiles(
	place: HubPlace,
	files: Wanted,
	options: WeightOptions,
	folder: HubFolder,
	commit: string,
): Promise<WeightFiles | undefined> {
	const name = nameOf(place, endpointOf(options));
	const there = await folder.paths(commit);
	const wanted: readonly WeightFile[] = files ?? below(place, there).map((path) => ({ path }));
	if (wanted.length === 0 || !wanted.every((file) => there.includes(pathIn(place, file)))) return undefined;
	const known = new Map<string, Uint8Array>();
	for (const file of wanted) {
		if (file.sha256 === undefined && file.bytes === undefined) {
			// A link whose blob is gone is no file.
			if (await isFile(folder.snapshot(commit, pathIn(place, file)))) continue;
			return undefined;
		}
		const bytes = await verified(folder.snapshot(commit, pathIn(place, file)), expected(file));
		// Cut short or damaged by whatever: it is fetched again.
		if (!bytes) return undefined;
		known.set(file.path, bytes);
	}
	const read = async (path: string): Promise<Uint8Array> => {
		const bytes = known.get(path) ?? (await verified(folder.snapshot(commit, pathIn(place, path)), {}));
		if (!bytes) throw missing(path);
		return bytes;
	};
	return { name, paths: wanted.map(({ path }) => path), read, notes: [] };
}

/** Asks the hub, and takes what the cache has where nobody answers. */
export async function hubFilesFrom(
	place: HubPlace,
	files: Wanted,
	options: WeightOptions,
): Promise<WeightFiles> {
	const hub = hubAt(endpointOf(options), options.token ?? process.env.HF_TOKEN);
	const name = nameOf(place, hub.endpoint);
	const folder = new HubFolder(place);
	const kept = await hubFilesHere(place, files, options, true);
	// With something to fall back on, nobody wants to wait for a server that is away.
	const asking = kept ? { ...options, tries: 1 } : options;
	const notes: string[] = [];
	let commit: string;
	let paths: readonly string[];
	let first: HubFile | undefined;
	try {
		if (files?.[0]) {
			paths = files.map(({ path }) => path);
			if (isCommit(place.revision)) commit = place.revision;
			else {
				first = await hubFile(hub, place, place.revision, pathIn(place, files[0]), asking);
				commit = first.commit;
			}
		} else {
			const listed = await listing(hub, place, asking);
			commit = listed.commit;
			paths = below(place, listed.paths);
			if (paths.length === 0) throw new Failure(`it has no files in ${place.folder}`, { status: 404 });
		}
	} catch (error) {
		options.signal?.throwIfAborted();
		if (!kept || !(error instanceof Failure) || !isUnreachable(error)) throw error;
		return {
			...kept,
			notes: [`${name} cannot be asked for changes (${error.reason}): the copy on this machine was taken.`],
		};
	}
	const got = new Map<string, Uint8Array>();
	const fetchFile = async (file: WeightFile): Promise<Uint8Array> => {
		const path = pathIn(place, file);
		const here = await verified(folder.snapshot(commit, path), expected(file));
		if (here) return here;
		const { bytes, note } = await fetchInto({ hub, place, folder, commit, path, file, options });
		if (note) notes.push(note);
		return bytes;
	};
	for (const file of files ?? []) got.set(file.path, await fetchFile(file));
	await folder.remember(commit).catch((error: unknown) => {
		if (options.mustKeep) throw notWritable(folder.folder, error);
	});
	const read = async (path: string): Promise<Uint8Array> => {
		if (!paths.includes(path)) throw missing(path);
		return got.get(path) ?? (await fetchFile({ path }));
	};
	return { name, paths, read, notes };
}

interface Fetching {
	readonly hub: Hub;
	readonly place: HubPlace;
	readonly folder: HubFolder;
	readonly commit: string;
	readonly path: string;
	readonly file: WeightFile;
	readonly options: WeightOptions;
}

async function fetchInto({ hub, place, folder, commit, path, file, options }: Fetching) {
	const about = await hubFile(hub, place, commit, path, options);
	const address = resolveAddress(hub, place, commit, path);
	const told = digestOfEtag(about.etag);
	if (file.sha256 !== undefined && told?.kind === "sha256" && told.hex !== file.sha256.toLowerCase())
		throw new Failure(`its ${path} is another file than the one that is wanted`, { status: 200 });
	const digest = expected(file).digest ?? told;
	const bytes = file.bytes ?? about.bytes;
	// What a mirror calls its files need not be a name for a file.
	const etag =
		told?.hex ?? file.sha256?.toLowerCase() ?? `${commit}-${Buffer.from(path).toString("hex").slice(-100)}`;
	const blob = folder.blob(etag);
	await folder.prepare();
	const kept = await explained(hub, () =>
		fetchKept(address, {
			...patience(options),
			onProgress: options.onProgress,
			...{ token: hub.token, bytes, digest, mustKeep: options.mustKeep },
			path: blob,
			partial: `${blob}.mobilenet.incomplete`,
			lock: folder.lock(etag),
			here: async () => ({
				bytes:
					(await verified(blob, { bytes, digest })) ??
					(await verified(folder.snapshot(commit, path), { bytes, digest })),
			}),
		}),
	);
	let fault = kept.notKept;
	if (!fault)
		try {
			await folder.link(etag, commit, path, !kept.wasHere);
			await folder.remember(commit);
		} catch (error) {
			fault = notWritable(folder.snapshot(commit, path), error);
			if (options.mustKeep) throw fault;
		}
	return {
		bytes: kept.bytes,
		note: fault && `${fault.message.replace(/\.$/, "")}: ${path} was fetched, but is not kept.`,
	};
}

/** What of a revision is in the cache, and where. */
export async function hubCached(place: HubPlace, files: Wanted): Promise<CachedWeights | undefined> {
	const folder = new HubFolder(place);
	const commit = await folder.commit();
	if (commit === undefined) return undefined;
	const there = await folder.paths(commit);
	const wanted =
		files?.map((file) => pathIn(place, file)) ?? below(place, there).map((path) => place.folder + path);
	if (wanted.length === 0 || !wanted.every((path) => there.includes(path))) return undefined;
	const found = await Promise.all(
		wanted.map(async (path) => {
			const location = folder.snapshot(commit, path);
			const state = await stat(location).catch(() => undefined);
			return { path: path.slice(place.folder.length), location, bytes: state?.size ?? -1 };
		}),
	);
	if (found.some(({ bytes }) => bytes < 0)) return undefined;
	return { source: place.source, files: found, bytes: found.reduce((sum, { bytes }) => sum + bytes, 0) };
}

export async function hubRemove(place: HubPlace, files: Wanted): Promise<number> {
	const folder = new HubFolder(place);
	const commit = await folder.commit();
	try {
		if (commit === undefined) {
			// What was only begun is there without any commit.
			await folder.removeUnused();
			return 0;
		}
		const paths =
			files?.map((file) => pathIn(place, file)) ??
			(await folder.paths(commit)).filter((path) => path.startsWith(place.folder));
		return await folder.remove(commit, paths);
	} catch (error) {
		throw error instanceof MobileNetError ? error : notWritable(folder.folder, error);
	}
}

async function isFile(path: string): Promise<boolean> {
	return stat(path).then(
		(state) => state.isFile(),
		() => false,
	);
}

function below({ folder }: HubPlace, paths: readonly string[]): readonly string[] {
	return paths
		.filter((path) => path.startsWith(folder) && isPath(path))
		.map((path) => path.slice(folder.length));
}

/** The hub calls large files by their SHA-256, others by Git's digest. */
function digestOfEtag(etag: string | undefined): Digest | undefined {
	if (/^[0-9a-f]{64}$/.test(etag ?? "")) return { kind: "sha256", hex: etag! };
	return /^[0-9a-f]{40}$/.test(etag ?? "") ? { kind: "git", hex: etag! } : undefined;
}

function missing(path: string): Failure {
	return new Failure(`there is no file ${path}`, { status: 404 });
}
