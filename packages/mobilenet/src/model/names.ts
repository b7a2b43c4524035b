/**
 * Models that have names. A name can be used wherever a source can, in `MobileNet.load` and on the command line; for a file of
 * that name give a path such as `./default`.
 */

import type { OnProgress } from "../base/progress.ts";

/** The bytes of a model's file, and its name in errors. */
export interface NamedModel {
	readonly title: string;
	readonly bytes: (onProgress?: OnProgress) => Promise<Uint8Array>;
}

/** The package's own model, used when none is named. */
export const defaultName = "default";

const named: ReadonlyMap<string, NamedModel> = new Map([
	[
		defaultName,
		{
			title: "the embedded model",
			// Bundlers split it off here: a page with its own model does not ship this one.
			bytes: async (onProgress) => (await import("./default-model.ts")).defaultModelBytes(onProgress),
		},
	],
]);

/**
 * The names that stand for models.
 *
 * @example
 * for (const name of modelNames) console.log(name, (await loadModel(name)).configuration.alpha); // default 0.75
 */
export const modelNames: readonly string[] = [...named.keys()];

/**
 * Whether a source is a name of the catalog or of a repository of Hugging Face's hub (catalog/names.ts). A file of such a
 * name is reached by its path, `./imagenet`.
 */
export function isWeightsName(source: unknown): source is string {
	return typeof source === "string" && /^(imagenet(\/|$)|hf:)/.test(source);
}

/** Whether a source that is no file may be a name in an installed package (catalog/package.ts): `flowers`, `flowers/small`. */
export function mayBePackaged(source: unknown): source is string {
	return typeof source === "string" && /^[a-z0-9][a-z0-9._-]*(\/[a-z0-9][a-z0-9._-]*)?$/.test(source);
}

/** The model of a name; undefined for everything that is not a name. */
export function namedModel(source: unknown): NamedModel | undefined {
	return typeof source === "string" ? named.get(source) : undefined;
}
