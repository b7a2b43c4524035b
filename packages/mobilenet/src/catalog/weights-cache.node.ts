/** How weights are kept in Node. The version for pages is weights-cache.default.ts (`#weights-cache`). */
import { addressCached, addressFilesFrom, addressFilesHere, addressRemove } from "./address-cache.node.ts";
import type { WeightFile } from "./entry.ts";
import { hubCached, hubFilesFrom, hubFilesHere, hubRemove } from "./hub-cache.node.ts";
import type { CachedWeights, Place, WeightFiles, WeightOptions } from "./place.ts";

export { endpointOf, isOffline } from "./settings.node.ts";

/**
 * What is here, if that is all that is wanted.
 *
 * @param mayBeOld whether a copy will do that the server may have changed since
 */
export async function filesHere(
	place: Place,
	files: readonly WeightFile[] | undefined,
	options: WeightOptions,
	mayBeOld: boolean,
): Promise<WeightFiles | undefined> {
	return "hub" in place
		? hubFilesHere(place, files, options, mayBeOld)
		: addressFilesHere(place, files, mayBeOld);
}

/**
 * Fetches what is not here, and keeps it.
 *
 * @throws Failure; MobileNetError `unwritable` where it must be kept and cannot be
 */
export async function filesFrom(
	place: Place,
	files: readonly WeightFile[] | undefined,
	options: WeightOptions,
): Promise<WeightFiles> {
	return "hub" in place ? hubFilesFrom(place, files, options) : addressFilesFrom(place, files, options);
}

/** What of these files is here, and where. */
export async function cachedAt(
	place: Place,
	files: readonly WeightFile[] | undefined,
	_options: WeightOptions,
): Promise<CachedWeights | undefined> {
	return "hub" in place ? hubCached(place, files) : addressCached(place, files);
}

/** Removes them, and gives the bytes that were freed. */
export async function removeAt(
	place: Place,
	files: readonly WeightFile[] | undefined,
	_options: WeightOptions,
): Promise<number> {
	return "hub" in place ? hubRemove(place, files) : addressRemove(place, files);
}
