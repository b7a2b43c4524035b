/**
 * The public entry `mobilenet/formats`: models from files of any format, as plain models, and back into files; without
 * the engine.
 */
export { writeLocation } from "#files";
export { MobileNetError } from "../base/error.ts";
export { parseJson } from "../base/json.ts";
export type { OnProgress, Progress } from "../base/progress.ts";
export { parseLabels } from "../labels/parse.ts";
export { dequantize } from "../weights/dequantize.ts";
export { digestOf } from "../weights/digest.ts";
export { fold } from "../weights/fold.ts";
export type {
	Filter,
	Fit,
	Label,
	Model,
	Preprocessing,
	Source,
} from "../weights/model.ts";
export type { PreprocessingOptions } from "../weights/preprocessing.ts";
export type { DType, Tensor, TensorData } from "../weights/tensor.ts";
export type { GivenConfiguration } from "./given.ts";
export { type ReadOptions, readModel } from "./read.ts";
export { writeModel } from "./safetensors/model-writer.ts";
export { type WriteOptions, writeAs } from "./write.ts";
