/** The public entry `mobilenet/catalog`: weights that can be had by name. */
export { aliases, entries } from "./entries.ts";
export type { CatalogEntry, WeightFile, WeightSource } from "./entry.ts";
export type { WeightOptions } from "./options.ts";
export { type PackOptions, packModel } from "./pack.ts";
