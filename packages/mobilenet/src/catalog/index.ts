/** The public entry `mobilenet/catalog`: weights that can be had by name. */
export { MobileNetError } from "../base/error.ts";
export type { OnProgress, Progress } from "../base/progress.ts";
export { aliases, entries } from "./entries.ts";
export type { CatalogEntry, WeightFile, WeightSource } from "./entry.ts";
export type { NameOptions } from "./options.ts";
export { type PackOptions, packModel } from "./pack.ts";
export {
	cachedWeights,
	type PulledFile,
	type PulledWeights,
	type PullOptions,
	pullWeights,
	removeWeights,
} from "./pull.ts";
