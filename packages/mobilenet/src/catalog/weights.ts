/**
 * The files of a network from the first source that has them all: what is here already, else what a server sends, which is
 * then kept. How it is kept is the pair `#weights-cache`.
 */
import { cachedAt, endpointOf, filesFrom, filesHere, isOffline, removeAt } from "#weights-cache";
import { MobileNetError } from "../base/error.ts";
import { Failure, unfetched } from "../base/request.ts";
import type { WeightFile, WeightSource } from "./entry.ts";
import { usualEndpoint } from "./hub.ts";
import {
	type CachedWeights,
	nameOf,
	type Place,
	placesOf,
	type WeightFiles,
	type WeightOptions,
} from "./place.ts";

const longestReason = 300;

/**
 * The files of a network. What is here and cannot have changed is taken without a request; else the sources are asked in
 * order.
 *
 * @param files which are wanted; undefined for whatever the first source has, each fetched when it is read
 * @throws MobileNetError `not-found` where no source has them, with what each answered; `unwritable` where they must be kept
 * and cannot be
 * @example
 * const files = await weightFiles([{ path: "model.tflite" }], [{ hub: "owner/name", revision: "main" }]);
 * const bytes = await files.read("model.tflite");
 */
export async function weightFiles(
	files: readonly WeightFile[] | undefined,
	sources: readonly WeightSource[],
	options: WeightOptions = {},
): Promise<WeightFiles> {
	const { name = "the model", signal } = options;
	const places = sources.flatMap((source) => placesOf(source, endpointOf(options) !== usualEndpoint));
	const offline = isOffline(options);
	for (const place of placesHere(sources)) {
		const here = await filesHere(place, files, options, offline);
		if (here) return shielded(here);
	}
	if (offline)
		throw new MobileNetError(
			"not-found",
			`${name} is not on this machine, and nothing is fetched offline: load it once with a connection.`,
		);
	const failures: { readonly where: string; readonly failure: Failure }[] = [];
	for (const place of places)
		try {
			return shielded(await filesFrom(place, files, options));
		} catch (error) {
			signal?.throwIfAborted();
			if (!(error instanceof Failure)) throw error;
			failures.push({ where: nameOf(place, endpointOf(options)), failure: error });
		}
	throw notFound(name, failures);
}

/** What of a network is here: the first of its sources whose files are all here, without a request. */
export async function cached(
	files: readonly WeightFile[] | undefined,
	sources: readonly WeightSource[],
	options: WeightOptions = {},
): Promise<CachedWeights | undefined> {
	for (const place of placesHere(sources)) {
		const found = await cachedAt(place, files, options);
		if (found) return found;
	}
	return undefined;
}

/**
 * Removes what is here of a network, from whichever source, and nothing that something else here needs.
 *
 * @returns how many bytes that freed
 */
export async function remove(
	files: readonly WeightFile[] | undefined,
	sources: readonly WeightSource[],
	options: WeightOptions = {},
): Promise<number> {
	let freed = 0;
	for (const place of placesHere(sources)) freed += await removeAt(place, files, options);
	return freed;
}

/** Where files may be already: those of GitHub also where a mirror's are, whether there is one now or not. */
function placesHere(sources: readonly WeightSource[]): readonly Place[] {
	return sources.flatMap((source) => placesOf(source, true));
}

/** What is fetched only when it is read fails then, in a sentence like all others. */
function shielded(files: WeightFiles): WeightFiles {
	const read = async (path: string): Promise<Uint8Array> => {
		try {
			return await files.read(path);
		} catch (error) {
			throw unfetched(`${files.name}/${path}`, error);
		}
	};
	return { ...files, read };
}

function notFound(
	name: string,
	failures: readonly { readonly where: string; readonly failure: Failure }[],
): MobileNetError {
	const from = failures.map(({ where, failure }) => {
		const { reason } = failure;
		return `from ${where} (${reason.length > longestReason ? `${reason.slice(0, longestReason)}...` : reason})`;
	});
	const all =
		from.length > 1 ? `${from.slice(0, -1).join(", ")} or ${from.at(-1)}` : (from[0] ?? "from anywhere");
	// Whoever did not answer at all has a cause.
	const isAway = ({ passes, status, cause }: Failure): boolean =>
		passes || (status === undefined && cause !== undefined);
	const todo = failures.every(({ failure }) => isAway(failure))
		? ": try again with a connection, or give the path of a model file"
		: ": give the path of a model file instead";
	return new MobileNetError("not-found", `${name} cannot be fetched ${all}${todo}.`, {
		cause: failures[0]?.failure,
	});
}
