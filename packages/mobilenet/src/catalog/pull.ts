/** Weights by name, fetched to be kept, looked for, and removed, without loading them. */

import { installedWeights } from "#packages";
import * as cache from "#weights-cache";
import type { CachedFile, FilesOptions } from "./files.ts";
import { named } from "./names.ts";
import type { WeightOptions } from "./options.ts";

/** Where weights are. */
export interface PulledWeights {
	/** The full name: `imagenet/0.5-160` for `imagenet`. */
	readonly name: string;
	/** The package that has them, where one is installed. */
	readonly package?: string;
	/** None where they are not here. */
	readonly files: readonly CachedFile[];
}

/**
 * Fetches weights into the cache, unless they are there or in an installed package.
 *
 * @throws MobileNetError `usage` for a name that nothing has; `not-found` with every source and its answer; `unwritable`
 * where they cannot be kept
 * @example
 * const { files } = await pullWeights("imagenet", { onProgress: ({ loaded, total }) => console.log(loaded, total) });
 */
export async function pullWeights(
	name: string,
	options: WeightOptions & Pick<FilesOptions, "signal" | "onProgress"> = {},
): Promise<PulledWeights> {
	const { name: full, files, sources } = named(name);
	const installed = await inPackage(full);
	if (installed) return installed;
	const wanted = { name: full, files, sources };
	await cache.weightFiles(wanted, { ...options, mustKeep: true });
	return { name: full, files: await cache.cachedWeights(wanted, options) };
}

/**
 * Where weights are, without asking any network.
 *
 * @throws MobileNetError `usage` for a name that nothing has
 * @example
 * const isHere = (await cachedWeights("imagenet/1.0-224")).files.length > 0;
 */
export async function cachedWeights(name: string, options: WeightOptions = {}): Promise<PulledWeights> {
	const { name: full, files, sources } = named(name);
	const installed = await inPackage(full);
	return (
		installed ?? { name: full, files: await cache.cachedWeights({ name: full, files, sources }, options) }
	);
}

/**
 * Removes weights from the cache; what an installed package has stays.
 *
 * @returns the bytes that were removed
 * @throws MobileNetError `usage` for a name that nothing has
 * @example
 * await removeWeights("imagenet/1.0-224");
 */
export async function removeWeights(name: string, options: WeightOptions = {}): Promise<number> {
	return cache.removeWeights(named(name), options);
}

async function inPackage(name: string): Promise<PulledWeights | undefined> {
	const installed = await installedWeights(name);
	if (!installed) return undefined;
	const { path, title, bytes } = installed;
	return { name, package: title, files: [{ path: path.replace(/^.*[/\\]/, ""), file: path, bytes }] };
}
