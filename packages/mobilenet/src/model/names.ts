/**
 * Models that have names. A name stands wherever a source does, in `MobileNet.load` as on the command line; a file that is
 * called so is reached by its path, such as `./default`.
 */

import type { OnProgress } from "../base/progress.ts";

/** The bytes of a model's file, and how errors call it. */
export interface NamedModel {
	readonly title: string;
	readonly bytes: (onProgress?: OnProgress) => Promise<Uint8Array>;
}

/** The model that the package carries, and that is meant where no model is named. */
export const defaultName = "default";

const named: ReadonlyMap<string, NamedModel> = new Map([
	[
		defaultName,
		{
			title: "the embedded model",
			// Bundlers split it off here: who brings a model of their own does not ship this one.
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
