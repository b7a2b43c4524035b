/** Weights by name, fetched to be kept, looked for, and removed, without loading them. */
import { installedWeights } from "#packages";
import type { OnProgress } from "../base/progress.ts";
import { named } from "./names.ts";
import type { NameOptions } from "./options.ts";
import { wantedOf } from "./wanted.ts";
import { cached, remove, weightFiles } from "./weights.ts";

/** Where weights are. */
export interface PulledWeights {
	/** The full name: `imagenet/0.5-160` for `imagenet`. */
	readonly name: string;
	/** The package that has them, where one is installed. */
	readonly package?: string;
	/** None where they are not here. */
	readonly files: readonly PulledFile[];
}

export interface PulledFile {
	readonly path: string;
	/** Where it is kept: its path, or in pages its address. */
	readonly location: string;
	readonly bytes: number;
}

export interface PullOptions extends NameOptions {
	readonly signal?: AbortSignal | undefined;
	/** Called with the bytes of each file as they come in. */
	readonly onProgress?: OnProgress | undefined;
}

/**
 * Fetches weights into the cache, unless they are there or in an installed package.
 *
 * @throws MobileNetError `usage` for a name that nothing has; `not-found` with every source and its answer; `unwritable`
 * where they cannot be kept
 * @example
 * const { files } = await pullWeights("imagenet", { onProgress: ({ loaded, total }) => console.log(loaded, total) });
 */
export async function pullWeights(name: string, options: PullOptions = {}): Promise<PulledWeights> {
	const { name: full, files, sources } = named(name);
	const installed = await inPackage(full);
	if (installed) return installed;
	const found = await weightFiles(files, sources, { ...options, name: full, mustKeep: true });
	if (!files) for (const path of wantedOf(found.paths, full)) await found.read(path);
	return cachedWeights(name, options);
}

/**
 * Where weights are, without asking any network.
 *
 * @throws MobileNetError `usage` for a name that nothing has
 * @example
 * const isHere = (await cachedWeights("imagenet/1.0-224")).files.length > 0;
 */
export async function cachedWeights(name: string, options: NameOptions = {}): Promise<PulledWeights> {
	const { name: full, files, sources } = named(name);
	const installed = await inPackage(full);
	return installed ?? { name: full, files: (await cached(files, sources, options))?.files ?? [] };
}

/**
 * Removes weights from the cache; what an installed package has stays.
 *
 * @returns the bytes that were freed
 * @throws MobileNetError `usage` for a name that nothing has
 * @example
 * await removeWeights("imagenet/1.0-224");
 */
export async function removeWeights(name: string, options: NameOptions = {}): Promise<number> {
	const { files, sources } = named(name);
	return remove(files, sources, options);
}

async function inPackage(name: string): Promise<PulledWeights | undefined> {
	const installed = await installedWeights(name);
	if (!installed) return undefined;
	const { path, title, bytes } = installed;
	return { name, package: title, files: [{ path: path.replace(/^.*[/\\]/, ""), location: path, bytes }] };
}
