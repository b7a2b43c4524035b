/** What is asked of a transfer, and what it reports. */
import type { OnProgress } from "../../base/progress.ts";
import type { Fit } from "../../weights/model.ts";
import type { TrainingOptions } from "../options.ts";

export type TransferOptions = Omit<TrainingOptions, "from" | "keepStart" | "distillation" | "keeps"> & {
	/**
	 * The size that the network runs at, in pixels. Default: `auto`, the network's own or 8/7 of it, by cross-validation; the
	 * larger one costs 1.3 times the time, and does better on most photographs.
	 */
	readonly size?: number | "auto" | undefined;
	/** How pictures are made square. Default: `auto`, a crop of the middle or the whole picture, by cross-validation. */
	readonly fit?: Fit | "auto" | undefined;
	/**
	 * What is trained with the new classifier: everything, nothing, or this many of the last blocks. Default: `auto`,
	 * everything if there are 2,000 pictures or more. It is kept only if it is proven to be better.
	 */
	readonly fineTune?: "auto" | "all" | "none" | number | undefined;
	/** The new classifier: logistic regression, or the nearest class mean, which needs no training. Default: `logistic`. */
	readonly head?: "logistic" | "nearest" | undefined;
	/** Called during the stages before the first epoch, with the stage as source. */
	readonly onProgress?: OnProgress | undefined;
};

/** How a network looks at pictures. */
export interface View {
	readonly size: number;
	readonly fit: Fit;
}

/** A view that was tried, and the classifier's loss with it on pictures that it was not trained on. */
export interface TriedView extends View {
	readonly loss: number;
	/** Of the difference of this loss to that of the chosen view, over the same pictures. */
	readonly standardError: number;
	/** The time of the network, relative to its own size. */
	readonly cost: number;
}

/** How good answers are to pictures that the network was not trained on. */
export interface Measured {
	/** Share of the pictures, from 0 to 1, whose class is the most probable one, and its standard error. */
	readonly top1: number;
	readonly top1Error: number;
	/** Mean cross entropy. */
	readonly loss: number;
	readonly pictures: number;
}

/** What was tried, what was proven, and what was kept. */
export interface TransferReport {
	readonly view: View;
	/** Empty if there was nothing to choose. */
	readonly views: readonly TriedView[];
	/** The new classifier by itself; undefined if there were too few pictures to tell. */
	readonly classifier: Measured | undefined;
	/** Undefined if fine-tuning was not tried. */
	readonly fineTuning?: FineTuningReport | undefined;
	readonly seconds: number;
	/** All of that in words. */
	readonly sentence: string;
}

export interface FineTuningReport {
	/** The classifier alone and the fine-tuned network on the same pictures. */
	readonly alone: Measured;
	readonly tuned: Measured;
	/** How much of the way from the classifier alone to the fine-tuned weights is gone: 0.5 or 1. */
	readonly share: number;
	/** Mean difference of the losses, above 0 where fine-tuning helps, and its standard error. */
	readonly gain: number;
	readonly gainError: number;
	readonly isKept: boolean;
	readonly seconds: number;
}
