/** The files of weights, wherever they are from, and the sources that are asked for them in turn. */
import { MobileNetError } from "../base/error.ts";
import type { RequestOptions } from "../base/fetch.ts";
import type { OnProgress } from "../base/progress.ts";
import type { DownloadOptions } from "./download.ts";
import type { WeightFile, WeightSource } from "./entry.ts";
import { type HubSource, usualEndpoint } from "./hub.ts";
import type { WeightOptions } from "./options.ts";

/** What is to be had by a name. */
export interface Wanted {
	readonly name: string;
	/** Undefined where only the source knows. */
	readonly files?: readonly WeightFile[] | undefined;
	readonly sources: readonly WeightSource[];
}

/** Files that are here, as readers of folders take them. */
export interface WeightFiles {
	readonly paths: readonly string[];
	/** A file that is not among the paths is fetched from where they are. */
	read(path: string): Promise<Uint8Array>;
	/** What a person should know of how they were had, a sentence each. */
	readonly notes: readonly string[];
}

export interface FilesOptions
	extends WeightOptions,
		Pick<RequestOptions, "signal" | "idle">,
		Pick<DownloadOptions, "wait"> {
	readonly onProgress?: OnProgress | undefined;
	/** Whether the files must be kept; else they may be in memory alone. Default: false. */
	readonly mustKeep?: boolean | undefined;
}

/** A file that is in a cache. */
export interface CachedFile {
	/** From the source's folder. */
	readonly path: string;
	/** Where it is: a path, or in pages its address. */
	readonly file: string;
	readonly bytes: number;
}

/** A place that can be asked: a repository of a hub, or addresses of a folder. */
export type Place =
	| { readonly kind: "hub"; readonly source: HubSource; readonly folder: string; readonly endpoint: string }
	| { readonly kind: "address"; readonly folder: string };

/**
 * The places that a source stands for, in the order in which they are asked. Repositories of GitHub are asked of a mirror,
 * too, in the hub's way, if there is one.
 *
 * @param mirror in the place of Hugging Face's hub
 */
export function placesOf(source: WeightSource, mirror: string | undefined): readonly Place[] {
	const endpoint = (mirror ?? usualEndpoint).replace(/\/+$/, "");
	if ("address" in source) return [{ kind: "address", folder: source.address }];
	const { revision, folder = "" } = source;
	const below = folder === "" ? "" : `${folder}/`;
	const onHub = (hub: string): Place => ({ kind: "hub", source: { hub, revision }, folder: below, endpoint });
	if ("hub" in source) return [onHub(source.hub)];
	const { github } = source;
	return [
		...(mirror === undefined ? [] : [onHub(github)]),
		{ kind: "address", folder: `https://raw.githubusercontent.com/${github}/${revision}/${below}` },
		{ kind: "address", folder: `https://cdn.jsdelivr.net/gh/${github}@${revision}/${below}` },
	];
}

/**
 * What the first place gives that has it.
 *
 * @throws MobileNetError with every place and its answer; that of the place where there is one only
 */
export async function firstOf<T>(
	places: readonly Place[],
	name: string,
	get: (place: Place) => Promise<T>,
): Promise<T> {
	const failures: MobileNetError[] = [];
	for (const place of places)
		try {
			return await get(place);
		} catch (error) {
			if (!(error instanceof MobileNetError) || error.code === "usage") throw error;
			failures.push(error);
		}
	const [only] = failures;
	if (only && failures.length === 1) throw only;
	const answers = failures.map(({ message }) => message.replace(/\.$/, "")).join("; ");
	throw new MobileNetError(
		failures.every(({ code }) => code === only?.code) ? (only?.code ?? "not-found") : "not-found",
		`${name} is to be had from none of its ${failures.length} sources: ${answers}.`,
	);
}

/** The paths of files in a place, where the files are known before it is asked. */
export function pathsOf(
	files: readonly WeightFile[] | undefined,
	folder: string,
): readonly string[] | undefined {
	return files?.map(({ path }) => folder + path);
}
