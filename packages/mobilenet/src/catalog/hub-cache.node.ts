/**
 * The cache of Hugging Face's hub in its own layout, so that Python's programs and this package share what one of them has
 * fetched:
 *
 *     models--owner--name/refs/main                     the commit of a revision
 *     models--owner--name/snapshots/COMMIT/model.json   → ../../blobs/ETAG
 *     models--owner--name/blobs/ETAG                    the content, by the hub's name of it
 *
 * Source: huggingface.co/docs/huggingface_hub/guides/manage-cache.
 */
import { copyFile, mkdir, readdir, readFile, readlink, rm, stat, symlink, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, join, relative, resolve } from "node:path";
import { MobileNetError, messageOf } from "../base/error.ts";
import { notWritable } from "../base/file-errors.ts";
import { download, memorySink } from "./download.ts";
import type { FilesOptions, Place, WeightFiles } from "./files.ts";
import { authorized, fileAddress, fileOnHub, isCommit, listing } from "./hub.ts";
import { isFile, keepFile, made } from "./kept-file.node.ts";

type HubPlace = Extract<Place, { kind: "hub" }>;

/** Where the cache is: HF_HUB_CACHE, or `hub` in HF_HOME. */
export function hubCacheFolder(env: NodeJS.ProcessEnv = process.env): string {
	const { HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, HF_HOME, XDG_CACHE_HOME } = env;
	const home = HF_HOME || join(XDG_CACHE_HOME || join(homedir(), ".cache"), "huggingface");
	return resolve(HF_HUB_CACHE || HUGGINGFACE_HUB_CACHE || join(home, "hub"));
}

function repositoryFolder(hub: string): string {
	return join(hubCacheFolder(), `models--${hub.replaceAll("/", "--")}`);
}

/**
 * Files of a repository, from the cache or from the hub.
 *
 * @param choose of all paths those to fetch, where they are not known
 * @throws MobileNetError `not-found`, `broken-file`; `unwritable` where they must be kept and cannot be
 */
export async function hubFiles(
	{ source, endpoint, folder }: HubPlace,
	known: readonly string[] | undefined,
	choose: (paths: readonly string[]) => readonly string[],
	options: FilesOptions,
): Promise<WeightFiles> {
	const { signal, token, offline = false, onProgress, idle, wait, mustKeep = false } = options;
	const root = repositoryFolder(source.hub);
	const title = `${source.hub}@${source.revision}`;
	const asking = { endpoint, token, signal, idle };
	const notes: string[] = [];
	const inMemory = new Map<string, Uint8Array>();

	const cached = await cachedCommit(root, source.revision);
	// The files of a commit never change; those of a branch are asked for, where anybody can be asked.
	if (cached !== undefined && (offline || isCommit(source.revision))) {
		const paths = known ?? chosen(await pathsIn(join(root, "snapshots", cached)), choose);
		if (paths && (await areThere(root, cached, paths))) return files(cached, paths);
	}
	if (offline)
		throw new MobileNetError(
			"not-found",
			`${title} is not in the cache ${hubCacheFolder()}, and nothing is fetched while offline.`,
		);
	try {
		const list = known ? undefined : await listing(source, asking);
		const paths = known ?? choose(list!.paths);
		let commit = list?.commit;
		for (const path of paths) commit = await ensure(path, commit);
		if (!isCommit(source.revision)) await remember(root, source.revision, commit!, mustKeep);
		return files(commit!, paths);
	} catch (error) {
		signal?.throwIfAborted();
		if (!(error instanceof MobileNetError) || error.code === "unwritable") throw error;
		const paths = cached && (known ?? chosen(await pathsIn(join(root, "snapshots", cached)), choose));
		if (!cached || !paths || !(await areThere(root, cached, paths))) throw error;
		notes.push(`What the cache has of ${title} was taken, for ${messageOf(error)}`);
		return files(cached, paths);
	}

	/** Sees to it that a file is here, and says of which commit it is. */
	async function ensure(path: string, commit: string | undefined): Promise<string> {
		const revision = commit ?? source.revision;
		const found = await fileOnHub({ ...source, revision }, path, asking);
		const pointer = join(root, "snapshots", found.commit, path);
		if (await isFile(pointer)) return found.commit;
		const address = fileAddress({ ...source, revision: found.commit }, path, endpoint);
		const sha256 = /^[0-9a-f]{64}$/.test(found.etag) ? found.etag : undefined;
		const gitBlob = /^[0-9a-f]{40}$/.test(found.etag) ? found.etag : undefined;
		const { bytes } = found;
		const how = { headers: authorized(token), bytes, sha256, gitBlob, signal, idle, wait, onProgress };
		try {
			const blob = join(root, "blobs", found.etag);
			await keepFile(blob, address, how);
			await point(pointer, blob);
		} catch (error) {
			if (mustKeep || !(error instanceof MobileNetError && error.code === "unwritable")) throw error;
			const sink = memorySink();
			await download(address, sink, how);
			inMemory.set(path, sink.bytes());
			notes.push(`It could not be kept, for ${error.message}`);
		}
		return found.commit;
	}

	function files(commit: string, paths: readonly string[]): WeightFiles {
		const own = paths.map((path) => path.slice(folder.length));
		const read = async (path: string): Promise<Uint8Array> => {
			const full = folder + path;
			const pointer = join(root, "snapshots", commit, full);
			if (!inMemory.has(full) && !(await isFile(pointer)) && !offline) await ensure(full, commit);
			return inMemory.get(full) ?? new Uint8Array(await readFile(pointer));
		};
		return { paths: own, read, notes };
	}
}

/** What is chosen of the paths in the cache; undefined where they hold no model. */
function chosen(
	paths: readonly string[],
	choose: (paths: readonly string[]) => readonly string[],
): readonly string[] | undefined {
	try {
		return choose(paths);
	} catch {
		return undefined;
	}
}

async function cachedCommit(root: string, revision: string): Promise<string | undefined> {
	if (isCommit(revision)) return revision;
	const text = await readFile(join(root, "refs", revision), "utf8").catch(() => "");
	return isCommit(text.trim()) ? text.trim() : undefined;
}

/** The files in a folder and below, sorted. */
async function pathsIn(folder: string): Promise<readonly string[]> {
	const found: string[] = [];
	for (const path of await readdir(folder, { recursive: true }).catch(() => []))
		if (await isFile(join(folder, path))) found.push(path.replaceAll("\\", "/"));
	return found.sort();
}

async function areThere(root: string, commit: string, paths: readonly string[]): Promise<boolean> {
	for (const path of paths) if (!(await isFile(join(root, "snapshots", commit, path)))) return false;
	return true;
}

/** A link of a snapshot to its content; a copy where links are not to be had. */
async function point(pointer: string, blob: string): Promise<void> {
	await made(dirname(pointer));
	try {
		await symlink(relative(dirname(pointer), blob), pointer);
	} catch (error) {
		if (await isFile(pointer)) return;
		await copyFile(blob, pointer).catch(() => {
			throw notWritable(pointer, error);
		});
	}
}

async function remember(root: string, revision: string, commit: string, mustKeep: boolean): Promise<void> {
	const file = join(root, "refs", revision);
	try {
		await mkdir(dirname(file), { recursive: true });
		await writeFile(file, commit);
	} catch (error) {
		if (mustKeep) throw notWritable(file, error);
	}
}

/** The files of a repository that are in the cache, by their paths, with their bytes. */
export async function inHubCache(
	{ source: { hub, revision } }: HubPlace,
	known: readonly string[] | undefined,
): Promise<ReadonlyMap<string, { readonly file: string; readonly bytes: number }>> {
	const root = repositoryFolder(hub);
	const commit = await cachedCommit(root, revision);
	const found = new Map<string, { file: string; bytes: number }>();
	if (commit === undefined) return found;
	const folder = join(root, "snapshots", commit);
	for (const path of known ?? (await pathsIn(folder))) {
		const file = join(folder, path);
		const entry = await stat(file).catch(() => undefined);
		if (entry?.isFile()) found.set(path, { file, bytes: entry.size });
	}
	return found;
}

/** Removes files of a revision from the cache, and contents that no snapshot has any more. */
export async function removeFromHubCache(
	place: HubPlace,
	known: readonly string[] | undefined,
): Promise<number> {
	const root = repositoryFolder(place.source.hub);
	const found = await inHubCache(place, known);
	const contents = new Set<string>();
	let bytes = 0;
	for (const { file, bytes: own } of found.values()) {
		const target = await readlink(file).catch(() => undefined);
		if (target !== undefined) contents.add(basename(target));
		await rm(file, { force: true });
		bytes += own;
	}
	const used = new Set<string>();
	for (const path of await pathsIn(join(root, "snapshots"))) {
		const target = await readlink(join(root, "snapshots", path)).catch(() => undefined);
		if (target !== undefined) used.add(basename(target));
	}
	for (const blob of contents) if (!used.has(blob)) await rm(join(root, "blobs", blob), { force: true });
	// A repository without snapshots would be taken for a broken one by Python.
	if ((await pathsIn(join(root, "snapshots"))).length === 0) await rm(root, { recursive: true, force: true });
	return bytes;
}
