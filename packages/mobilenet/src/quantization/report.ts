/** The report of a quantization: how far the integer network is from the float network, by layer and in its answers. */
import type { KeyedPicture, PictureSource } from "../model/pictures.ts";
import type { Range } from "./codes.ts";
import type { RangeMethod } from "./ranges.ts";

export interface QuantizationReport {
	/** Number of calibration pictures. */
	readonly pictures: number;
	readonly range: RangeMethod;
	readonly biasCorrection: boolean;
	readonly layers: readonly LayerReport[];
	/** Number of pictures compared, for the layers' figures and the agreement: the first of the calibration. */
	readonly compared: number;
	/** Share of those for which both networks give the same best class; undefined without a classifier. */
	readonly agreement?: number | undefined;
	/** Undefined without labeled pictures. */
	readonly accuracy?: AccuracyReport | undefined;
}

export interface LayerReport {
	readonly layer: string;
	/** The least and the largest output of the float layer on the calibration pictures. */
	readonly seen: Range;
	/** The numbers of the first and the last code. */
	readonly covered: Range;
	/** Signal-to-noise ratio of the rounded weights, in decibels; undefined for the pool. */
	readonly weightSignalToNoise?: number | undefined;
	/**
	 * Signal-to-noise ratio of the layer's output, in decibels: 10·log10 of the sum of squares of the float layer's output
	 * over that of the differences. It includes the errors of all earlier layers.
	 */
	readonly signalToNoise: number;
}

export interface AccuracyReport {
	readonly pictures: number;
	readonly float: Accuracy;
	readonly integer: Accuracy;
}

/** Shares of pictures, from 0 to 1, whose class is the best answer, and among the five best. */
export interface Accuracy {
	readonly top1: number;
	readonly top5: number;
}

/** A picture and its class, from 0, not counting a background class. */
export interface LabeledPicture<Key = PictureSource> extends KeyedPicture<Key> {
	readonly index: number;
}
