/** What a quantization tells of itself: how far the network of integers is from the one in float, layer by layer and in its answers. */
import type { KeyedPicture, PictureSource } from "../model/pictures.ts";
import type { Range } from "./codes.ts";
import type { RangeMethod } from "./ranges.ts";

export interface QuantizationReport {
	/** Calibration pictures. */
	readonly pictures: number;
	readonly range: RangeMethod;
	readonly biasCorrection: boolean;
	readonly layers: readonly LayerReport[];
	/** Pictures that both networks saw for the layers' figures and the agreement: the first of the calibration. */
	readonly compared: number;
	/** Share of them to which both give the same best class; absent without a classifier. */
	readonly agreement?: number;
	/** Absent without labeled pictures. */
	readonly accuracy?: AccuracyReport;
}

export interface LayerReport {
	readonly layer: string;
	/** From the least to the largest number that the layer in float gave out on the calibration pictures. */
	readonly seen: Range;
	/** From the number of the first code to that of the last. */
	readonly covered: Range;
	/** Signal to noise of the weights by rounding them, in decibels; absent for the pool. */
	readonly weightSignalToNoise?: number;
	/**
	 * Signal to noise of what the layer gives out, in decibels: 10·log10 of the sum of the squares of what the layer in
	 * float gives out over that of the differences. It holds the errors of all layers before.
	 */
	readonly signalToNoise: number;
}

export interface AccuracyReport {
	readonly pictures: number;
	readonly float: Accuracy;
	readonly integer: Accuracy;
}

/** Shares of pictures, from 0 to 1, whose class is the best answer, and is among the five best. */
export interface Accuracy {
	readonly top1: number;
	readonly top5: number;
}

/** A picture and its class, from 0, a background class not counted. */
export interface LabeledPicture<Key = PictureSource> extends KeyedPicture<Key> {
	readonly index: number;
}
