/**
 * Files of other addresses in Node, in a cache folder of ours: under their SHA-256 where that is known, so that one file is
 * there once, wherever it came from; else under that of their address.
 */
import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { digestOf } from "../base/download.ts";
import { notWritable } from "../base/file-errors.ts";
import { Failure } from "../base/request.ts";
import type { WeightFile } from "./entry.ts";
import { patience } from "./hub.ts";
import { fetchKept, keptVersion, verified } from "./kept-file.node.ts";
import {
	type AddressPlace,
	type CachedWeights,
	checkPath,
	encodedPath,
	expected,
	isUnreachable,
	nameOf,
	type WeightFiles,
	type WeightOptions,
} from "./place.ts";
import { cacheFolder } from "./settings.node.ts";

type Wanted = readonly WeightFile[] | undefined;

/** What the cache has, if that is all that is wanted. */
export async function addressFilesHere(
	place: AddressPlace,
	files: Wanted,
	mayBeOld: boolean,
): Promise<WeightFiles | undefined> {
	if (!files) return undefined;
	const got = new Map<string, Uint8Array>();
	for (const file of files) {
		if (!mayBeOld && !isSure(place, file)) return undefined;
		const bytes = await verified(await pathOf(place, file), expected(file));
		if (!bytes) return undefined;
		got.set(file.path, bytes);
	}
	return filesOf(place, got, []);
}

export async function addressFilesFrom(
	place: AddressPlace,
	files: Wanted,
	options: WeightOptions,
): Promise<WeightFiles> {
	if (!files) throw new Failure("it does not say which files it has", { status: 200 });
	const got = new Map<string, Uint8Array>();
	const notes: string[] = [];
	for (const file of files) {
		const { bytes, note } = await fetchInto(place, file, options);
		got.set(file.path, bytes);
		if (note) notes.push(note);
	}
	return filesOf(place, got, notes);
}

async function fetchInto(
	place: AddressPlace,
	file: WeightFile,
	options: WeightOptions,
): Promise<{ readonly bytes: Uint8Array; readonly note?: string | undefined }> {
	const path = await pathOf(place, file);
	const { bytes, digest } = expected(file);
	const kept = await verified(path, { bytes, digest });
	if (kept && isSure(place, file)) return { bytes: kept };
	try {
		const fetched = await fetchKept(place.base + encodedPath(checkPath(file.path)), {
			...patience(kept ? { ...options, tries: 1 } : options),
			onProgress: options.onProgress,
			...{ bytes, digest, mustKeep: options.mustKeep },
			...{ path, partial: `${path}.incomplete`, lock: `${path}.lock`, keepsVersion: !isSure(place, file) },
			here: async () => {
				const there = await verified(path, { bytes, digest });
				if (!there || isSure(place, file)) return { bytes: there };
				const etag = await keptVersion(`${path}.etag`);
				return etag === undefined ? {} : { headers: { "if-none-match": etag } };
			},
		});
		const fault = fetched.notKept?.message.replace(/\.$/, "");
		return { bytes: fetched.bytes, note: fault && `${fault}: ${file.path} was fetched, but is not kept.` };
	} catch (error) {
		options.signal?.throwIfAborted();
		if (!kept || !(error instanceof Failure)) throw error;
		if (error.status === 304) return { bytes: kept };
		if (!isUnreachable(error)) throw error;
		const name = nameOf(place, "");
		return {
			bytes: kept,
			note: `${name} cannot be asked for changes (${error.reason}): the copy on this machine was taken.`,
		};
	}
}

/** What of these files is in the cache, and where. */
export async function addressCached(place: AddressPlace, files: Wanted): Promise<CachedWeights | undefined> {
	if (!files) return undefined;
	const found = await Promise.all(
		files.map(async (file) => {
			const location = await pathOf(place, file);
			const state = await stat(location).catch(() => undefined);
			return { path: file.path, location, bytes: state?.size ?? -1 };
		}),
	);
	if (found.some(({ bytes }) => bytes < 0)) return undefined;
	return { source: place.source, files: found, bytes: found.reduce((sum, { bytes }) => sum + bytes, 0) };
}

export async function addressRemove(place: AddressPlace, files: Wanted): Promise<number> {
	let freed = 0;
	for (const file of files ?? []) {
		const path = await pathOf(place, file);
		const size = await stat(path).then(
			(state) => state.size,
			() => 0,
		);
		try {
			for (const ending of ["", ".etag", ".incomplete", ".incomplete.etag"])
				await rm(path + ending, { force: true });
		} catch (error) {
			throw notWritable(path, error);
		}
		freed += size;
	}
	return freed;
}

function filesOf(
	place: AddressPlace,
	got: ReadonlyMap<string, Uint8Array>,
	notes: readonly string[],
): WeightFiles {
	const name = nameOf(place, "");
	const read = async (path: string): Promise<Uint8Array> => {
		const bytes = got.get(path);
		if (!bytes) throw new Failure(`there is no file ${path}`, { status: 404 });
		return bytes;
	};
	return { name, paths: [...got.keys()], read, notes };
}

/** Whether what is kept of a file is what the address has, without asking. */
function isSure({ isFixed }: AddressPlace, file: WeightFile): boolean {
	return isFixed || expected(file).digest !== undefined;
}

async function pathOf({ identity }: AddressPlace, { path, sha256 }: WeightFile): Promise<string> {
	if (sha256 !== undefined) return join(cacheFolder(), "sha256", sha256.toLowerCase());
	const address = identity + encodedPath(checkPath(path));
	return join(cacheFolder(), "address", await digestOf(new TextEncoder().encode(address)));
}
