/** What a training run tells as it goes. */
import type { Model } from "../weights/model.ts";
import type { Lesson } from "./distillation/teacher.ts";

/** How good a network is on the validation pictures. */
export interface Validation {
	/** Share of the pictures whose class is the most probable one. */
	readonly top1: number;
	/** Mean cross entropy, without smoothing. */
	readonly loss: number;
	readonly pictures: number;
}

/** One epoch, as the log and the curves have it. */
export interface EpochReport {
	/** From 1. */
	readonly epoch: number;
	/** Steps done since the run began. */
	readonly step: number;
	/** Mean loss of the epoch's pictures, as it was trained: with smoothing, mixup and teacher. */
	readonly loss: number;
	readonly validation?: Validation | undefined;
	/** Whether this is the best epoch so far. */
	readonly best: boolean;
	/** Of the epoch's last step. */
	readonly learningRate: number;
	/** Pictures trained on in a second, waiting for them included, validation not. */
	readonly imagesPerSecond: number;
	/** Of the epoch, validation included. */
	readonly seconds: number;
}

export type TrainingEvent =
	/** Something to know, in a sentence. */
	| { readonly kind: "note"; readonly message: string }
	| {
			readonly kind: "step";
			/** From 1, of the whole run, and how many there are. */
			readonly step: number;
			readonly steps: number;
			/** From 1. */
			readonly epoch: number;
			readonly epochs: number;
			readonly loss: number;
			readonly learningRate: number;
			readonly pictures: number;
			/** Global norm of the gradients, where they are clipped. */
			readonly gradientNorm?: number | undefined;
	  }
	| ({ readonly kind: "epoch"; readonly epochs: number } & EpochReport)
	/** All that is needed to go on from here is written. */
	| { readonly kind: "checkpoint"; readonly epoch: number; readonly step: number; readonly folder: string }
	| TrainingDone;

export interface TrainingDone {
	readonly kind: "done";
	/** All epochs done; `stop()` was called; or no better epoch in `patience` of them. */
	readonly reason: "finished" | "stopped" | "patience";
	/** The best epoch's network; without validation, or before the first one, the network as it stands. */
	readonly model: Model;
	/** Which epoch's that is; undefined where no epoch was finished, or none was better than the start. */
	readonly best: EpochReport | undefined;
	/** How good the network was that the run began with, where that was asked for. */
	readonly start?: Validation | undefined;
	readonly history: readonly EpochReport[];
	readonly step: number;
	/** What was learned from a teacher, where `distill` made the run. */
	readonly lesson?: Lesson | undefined;
}

/** A run under way: what it tells, one by one. Leaving the loop ends the run. */
export interface Training extends AsyncIterable<TrainingEvent> {
	/** Ends the run after the step that is being done, with a checkpoint. */
	readonly stop: () => void;
}
