/** The public entry `mobilenet`. */
export { type ErrorCode, MobileNetError } from "./base/error.ts";
export type { Alpha, Pixels } from "./image/pixels.ts";
export { builds } from "./kernels/load.ts";
export type { Arithmetic } from "./kernels/operations.ts";
export type { Build } from "./kernels/walker.ts";
export { changedModel } from "./model/changed-model.ts";
export { MobileNet } from "./model/mobilenet.ts";
export type {
	Bench,
	BenchOptions,
	Classified,
	ClassifyOptions,
	Embedded,
	Features,
	LoadOptions,
	PictureOptions,
	PreprocessingOptions,
	Probable,
	RunOptions,
} from "./model/options.ts";
export { type BlobLike, type ImageDataLike, type PictureSource, pixelsOf } from "./model/pictures.ts";
export type { Prediction, PredictionOptions } from "./model/predictions.ts";
export { type ModelSource, readAnyModel } from "./model/read-model.ts";
export type { Configuration, ConfigurationOptions, Preset } from "./network/configuration.ts";
export {
	type Filter,
	type Fit,
	hasBackground,
	type Label,
	type Model,
	type Preprocessing,
	type Source,
	type Tensor,
} from "./weights/model.ts";
