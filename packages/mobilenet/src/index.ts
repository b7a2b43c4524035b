/** The public entry `mobilenet`. */
export { type ErrorCode, MobileNetError } from "./base/error.ts";
export type { Alpha, Pixels } from "./image/pixels.ts";
export type { Arithmetic } from "./kernels/operations.ts";
export type { Build } from "./kernels/walker.ts";
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
export type { BlobLike, ImageDataLike, PictureSource } from "./model/pictures.ts";
export type { Prediction, PredictionOptions } from "./model/predictions.ts";
export type { Configuration, ConfigurationOptions, Preset } from "./network/configuration.ts";
export type { Filter, Fit, Label, Model, Preprocessing, Source, Tensor } from "./weights/model.ts";
