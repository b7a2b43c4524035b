/** The public entry `mobilenet/quantization`: converts float networks to 8-bit integers. */
export { MobileNetError } from "../base/error.ts";
export type { OnProgress, Progress } from "../base/progress.ts";
export { writeModel } from "../formats/safetensors/model-writer.ts";
export type { KeyedPicture, KeyOf, Picture, PictureSource, Pictures } from "../model/pictures.ts";
export type { Model } from "../weights/model.ts";
export type { Range } from "./codes.ts";
export {
	type QuantizationOptions,
	type QuantizationStage,
	type Quantized,
	quantize,
} from "./quantize.ts";
export type { RangeMethod } from "./ranges.ts";
export type {
	Accuracy,
	AccuracyReport,
	LabeledPicture,
	LayerReport,
	QuantizationReport,
} from "./report.ts";
