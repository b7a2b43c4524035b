/** The public entry `mobilenet/quantization`: networks in float made networks of 8-bit integers. */
export { MobileNetError } from "../base/error.ts";
export type { PictureSource } from "../model/pictures.ts";
export type { Model } from "../weights/record.ts";
export { writeModel } from "../weights/record-file.ts";
export type { Range } from "./codes.ts";
export {
	type QuantisationOptions,
	type QuantisationProgress,
	type Quantised,
	quantise,
} from "./quantise.ts";
export type { RangeMethod } from "./ranges.ts";
export type {
	Accuracy,
	AccuracyReport,
	LabelledPicture,
	LayerReport,
	QuantisationReport,
} from "./report.ts";
