/** The public entry `mobilenet/catalog`: weights that can be had by name. */
export { aliases, entries } from "./entries.ts";
export type { CatalogEntry, WeightFile, WeightSource } from "./entry.ts";
export type { CachedFile } from "./files.ts";
export type { WeightOptions } from "./options.ts";
export { type PackOptions, packModel } from "./pack.ts";
export { cachedWeights, type PulledWeights, pullWeights, removeWeights } from "./pull.ts";
