/** The events of a training run. */
import type { Model } from "../weights/model.ts";
import type { Lesson } from "./distillation/teacher.ts";
import type { TransferReport } from "./transfer/options.ts";

/** How good a network is on the validation pictures. */
export interface Validation {
	/** Share of the pictures, from 0 to 1, whose class is the most probable one. */
	readonly top1: number;
	/** Mean cross entropy, without label smoothing. */
	readonly loss: number;
	readonly pictures: number;
}

/** One epoch, as in the log and the curves. */
export interface EpochReport {
	/** From 1. */
	readonly epoch: number;
	/** Steps done since the run began. */
	readonly step: number;
	/** Mean training loss of the epoch's pictures, with label smoothing, mixup and teacher. */
	readonly loss: number;
	readonly validation?: Validation | undefined;
	/** Whether this is the best epoch so far. */
	readonly best: boolean;
	/** The learning rate of the epoch's last step. */
	readonly learningRate: number;
	/** Pictures trained on per second, including the wait for them, but not validation. */
	readonly imagesPerSecond: number;
	/** Duration of the epoch, including validation. */
	readonly seconds: number;
}

export type TrainingEvent =
	/** Information for a person, in one sentence. */
	| { readonly kind: "note"; readonly message: string }
	| {
			readonly kind: "step";
			/** Number of the step in the whole run, from 1, and how many there are. */
			readonly step: number;
			readonly steps: number;
			/** From 1. */
			readonly epoch: number;
			readonly epochs: number;
			readonly loss: number;
			readonly learningRate: number;
			readonly pictures: number;
			/** Global norm of the gradients, if they are clipped. */
			readonly gradientNorm?: number | undefined;
	  }
	| ({ readonly kind: "epoch"; readonly epochs: number } & EpochReport)
	/** A checkpoint was written: the run can be resumed from here. */
	| { readonly kind: "checkpoint"; readonly epoch: number; readonly step: number; readonly folder: string }
	| TrainingDone;

export interface TrainingDone {
	readonly kind: "done";
	/** All epochs are done; `stop()` was called; or the last `patience` epochs were not better. */
	readonly reason: "finished" | "stopped" | "patience";
	/** The best epoch's network; without validation, or before the first one, the current network. */
	readonly model: Model;
	/** The epoch of that network; undefined if no epoch was finished, or none was better than the start. */
	readonly best: EpochReport | undefined;
	/** Validation of the network that the run started with, if `keepStart` asked for it. */
	readonly start?: Validation | undefined;
	readonly history: readonly EpochReport[];
	readonly step: number;
	/** What was learned from a teacher, if the run is that of `distill`. */
	readonly lesson?: Lesson | undefined;
	/** What was tried, proven and kept, if the run is that of `transfer`. */
	readonly transfer?: TransferReport | undefined;
}

/** A run in progress, as a sequence of events. Leaving the loop ends the run. */
export interface Training extends AsyncIterable<TrainingEvent> {
	/** Ends the run after the current step, with a checkpoint. */
	readonly stop: () => void;
}
