/** The public entry `mobilenet`. */
export { type ErrorCode, MobileNetError } from "./base/error.ts";
export type { OnProgress, Progress } from "./base/progress.ts";
export type { Drawable } from "./image/drawable.ts";
export { isPictureName } from "./image/picture-file.ts";
export type { Alpha, Pixels } from "./image/pixels.ts";
export { builds } from "./kernels/load.ts";
export type { Arithmetic } from "./kernels/operations.ts";
export type { Build } from "./kernels/walker.ts";
export { backgroundOutputs } from "./labels/background.ts";
export { type Bench, type BenchOptions, bench } from "./model/bench.ts";
export { changedModel } from "./model/changed-model.ts";
export { MobileNet } from "./model/mobilenet.ts";
export { isWeightsName, modelNames } from "./model/names.ts";
export type {
	ClassifiedPicture,
	ClassifyOptions,
	EmbeddedPicture,
	Features,
	FeaturesOptions,
	LoadOptions,
	PictureOptions,
	ProbabilityRow,
	RunOptions,
} from "./model/options.ts";
export {
	type BlobLike,
	type ImageDataLike,
	type KeyedPicture,
	type KeyOf,
	type Picture,
	type PictureSource,
	type Pictures,
	pixelsOf,
	type ReadyPicture,
} from "./model/pictures.ts";
export type { Prediction, PredictionOptions } from "./model/predictions.ts";
export { loadModel, type ModelSource } from "./model/source.ts";
export type { Configuration, ConfigurationOptions, Preset } from "./network/configuration.ts";
export type { Filter, Fit, Label, Model, Preprocessing, Source } from "./weights/model.ts";
export type { PreprocessingOptions } from "./weights/preprocessing.ts";
export type { Tensor } from "./weights/tensor.ts";
