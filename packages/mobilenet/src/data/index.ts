/** The public entry `mobilenet/data`: pictures with labels, their order, splits, and batches for training. */
export { openDataset } from "#datasets";
export { MobileNetError } from "../base/error.ts";
export type { Pixels } from "../image/pixels.ts";
export type { Filter, Fit, Label } from "../weights/model.ts";
export { type Augmentation, checkAugmentation, defaultAugmentation } from "./augmentation.ts";
export { type Batch, type BatchesOptions, batches } from "./batches.ts";
export { createCache, type PictureCache } from "./cache.ts";
export { classWeights } from "./classes.ts";
export type { Dataset, Places } from "./dataset.ts";
export { datasetOf, type MemoryOptions } from "./memory.ts";
export type { OpenOptions } from "./open-options.ts";
export { type OrderOptions, orderOf } from "./order.ts";
export { sample } from "./sample.ts";
export { foldsOf, type Split, split } from "./split.ts";
export type { View } from "./views.ts";
export { withClasses } from "./with-classes.ts";
