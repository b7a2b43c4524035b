/**
 * Where the files of a source are: a repository of Hugging Face's hub, or addresses that begin alike. GitHub is two such
 * places, its own and jsDelivr's copy of it.
 */
import type { Digest } from "../base/download.ts";
import { MobileNetError, shown, shownLocation } from "../base/error.ts";
import { absolute } from "../base/fetch.ts";
import type { OnProgress } from "../base/progress.ts";
import type { Failure, Patience } from "../base/request.ts";
import type { WeightFile, WeightSource } from "./entry.ts";

export type Place = HubPlace | AddressPlace;

export interface HubPlace {
	readonly source: WeightSource;
	/** `owner/name` */
	readonly hub: string;
	/** A branch, a tag or a commit. */
	readonly revision: string;
	/** Empty, or with a slash at its end. */
	readonly folder: string;
}

export interface AddressPlace {
	readonly source: WeightSource;
	/** The address that the paths of files complete. */
	readonly base: string;
	/** What its copies are kept under: the same for all places of a source. */
	readonly identity: string;
	/** Whether what lies there never changes. */
	readonly isFixed: boolean;
}

/** Who wants files, and how. */
export interface WeightOptions extends Patience {
	/** How sentences call what is wanted: `imagenet/0.5-160`. */
	readonly name?: string | undefined;
	readonly signal?: AbortSignal | undefined;
	/** Called with the bytes of each file as they come in. */
	readonly onProgress?: OnProgress | undefined;
	/** The hub, or a mirror of it. Default: `HF_ENDPOINT` in Node, else https://huggingface.co. */
	readonly endpoint?: string | undefined;
	/** Sent to the hub alone. Default: `HF_TOKEN` in Node. */
	readonly token?: string | undefined;
	/** Whether only what is here may be taken. Default: `HF_HUB_OFFLINE` in Node. */
	readonly offline?: boolean | undefined;
	/** Whether files that cannot be kept are an error, as where they are pulled and not loaded. */
	readonly mustKeep?: boolean | undefined;
}

/** Files of one place, which are here or come when they are read. */
export interface WeightFiles {
	/** How errors call the place. */
	readonly name: string;
	readonly paths: readonly string[];
	read(path: string): Promise<Uint8Array>;
	/** What whoever loads them should know; grows while files are read. */
	readonly notes: readonly string[];
}

/** Files that are here. */
export interface CachedWeights {
	readonly source: WeightSource;
	readonly files: readonly {
		readonly path: string;
		/** The path or the address that it is kept under. */
		readonly location: string;
		readonly bytes: number;
	}[];
	readonly bytes: number;
}

const commit = /^[0-9a-f]{40}$/;

/** Whether a revision is a commit, whose files never change. */
export function isCommit(revision: string): boolean {
	return commit.test(revision);
}

/**
 * The places of a source, in the order in which they are asked.
 *
 * @param hasMirror whether there is one in the place of the hub; it is asked for repositories of GitHub first, in the hub's
 *   way
 * @throws MobileNetError `usage` for a source that is none
 */
export function placesOf(source: WeightSource, hasMirror = false): readonly Place[] {
	if ("address" in source) {
		const address = String(absolute(source.address)).replace(/\/?$/, "/");
		return [{ source, base: address, identity: address, isFixed: false }];
	}
	const { revision, folder = "" } = source;
	const inside = folder === "" ? "" : `${checkPath(folder.replace(/\/$/, ""))}/`;
	checkPath(revision);
	if ("hub" in source) return [{ source, hub: checkRepository(source.hub), revision, folder: inside }];
	const repository = checkRepository(source.github);
	const own = `https://raw.githubusercontent.com/${repository}/${encodeURIComponent(revision)}/${encodedPath(inside)}`;
	const copy = `https://cdn.jsdelivr.net/gh/${repository}@${encodeURIComponent(revision)}/${encodedPath(inside)}`;
	return [
		...(hasMirror ? [{ source, hub: repository, revision, folder: inside }] : []),
		...[own, copy].map((base) => ({ source, base, identity: own, isFixed: isCommit(revision) })),
	];
}

/** What is known of a file before it comes. */
export function expected({ bytes, sha256, gitBlob }: WeightFile): {
	readonly bytes: number | undefined;
	readonly digest: Digest | undefined;
} {
	if (sha256 !== undefined) return { bytes, digest: { kind: "sha256", hex: sha256 } };
	return { bytes, digest: gitBlob === undefined ? undefined : { kind: "git", hex: gitBlob } };
}

/** How a sentence calls a place. */
export function nameOf(place: Place, endpoint: string): string {
	const address = "hub" in place ? `${endpoint}/${place.hub}` : place.base;
	return shownLocation(address)
		.replace(/^https:\/\//, "")
		.replace(/\/$/, "");
}

/** A path as part of an address. */
export function encodedPath(path: string): string {
	return path.split("/").map(encodeURIComponent).join("/");
}

/**
 * What some system takes for more than a character of a name, or cannot write: half a character (which no address can
 * hold), and what turns the direction of a line on the screen.
 */
const unusual = /[\\:*?"<>|\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

/** Whether a path stays in its folder, and every system can write it. */
export function isPath(path: string): boolean {
	const isPlain = path
		.split("/")
		.every((part) => part !== "" && part !== "." && part !== ".." && !part.endsWith(" "));
	return isPlain && path.length <= 500 && !unusual.test(path);
}

/**
 * A path that stays in its folder, wherever it came from.
 *
 * @throws MobileNetError `usage`
 */
export function checkPath(path: string): string {
	if (!isPath(path))
		throw new MobileNetError("usage", `${shown(path)} is not the path of a file in a folder.`);
	return path;
}

function checkRepository(name: string): string {
	if (!/^[\w.-]+(\/[\w.-]+)?$/.test(name) || /\.\.|--|(^|\/)\.(\/|$)/.test(name))
		throw new MobileNetError("usage", `${shown(name)} is not the name of a repository: give owner/name.`);
	return name;
}

/** The files as they lie in a place, by the paths that they are asked for. */
export function pathIn(place: HubPlace, file: WeightFile | string): string {
	return place.folder + checkPath(typeof file === "string" ? file : file.path);
}

/** Whether a failure says nothing about the file: what is here may stand in for it. */
export function isUnreachable(failure: Failure): boolean {
	return failure.status === undefined || failure.passes;
}
