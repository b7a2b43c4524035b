/** The options of `distill`, and their checks. */
import { MobileNetError, shown } from "../../base/error.ts";
import type { OnProgress } from "../../base/progress.ts";
import type { Model } from "../../weights/model.ts";
import type { TrainingOptions } from "../options.ts";
import type { RunFolder } from "../run-folder.ts";
import type { Teacher, Views } from "./teacher.ts";

export type DistillOptions = Omit<TrainingOptions, "model" | "distillation"> & {
	/** The network to learn from. */
	readonly teacher: Model;
	/**
	 * The network that learns, with random weights (`initialize`) or trained ones. Its classifier is replaced, except a
	 * trained one that already has the outputs to learn. Defaults for a trained student are gentle: a tenth of the usual
	 * learning rate, `clip` 2 and frozen batch norm.
	 */
	readonly student: Model;
	/** What to learn: the teacher's probabilities of classes, or its pooled features. Default: `probabilities`. */
	readonly learns?: Teacher["kind"] | undefined;
	/**
	 * Whether to ignore the pictures' labels: the student then learns the teacher's own classes instead of those of the data.
	 * Validation pictures keep their labels, which are looked up among the teacher's classes. Default: false.
	 */
	readonly unlabeled?: boolean | undefined;
	/** Whether to first train a classifier of the data's classes for the teacher, if its own differ. Default: false. */
	readonly teacherHead?: boolean | undefined;
	/** Divides the logits of both networks: the higher, the more the less probable classes count. Default: 2. */
	readonly temperature?: number | undefined;
	/** Weight of the teacher in the loss, above 0 and at most 1; the labels have the rest. Default: 0.9; 1 without labels. */
	readonly weight?: number | undefined;
	/**
	 * What the teacher is shown. Default: `whole`, or `live` if the answers would take more than 256 MiB of memory (4 bytes
	 * for each picture and output).
	 */
	readonly views?: Views | undefined;
	/** Where to keep the teacher's answers for other runs. Default: nowhere. */
	readonly answers?: RunFolder | undefined;
	/** Called during the stages before the first epoch, with the stage as source. */
	readonly onProgress?: OnProgress | undefined;
};

/** Whether labels do not count: they are ignored, or the student learns features, which have no classes. */
export function isTeacherAlone({ learns, unlabeled }: DistillOptions): boolean {
	return learns === "embedding" || unlabeled === true;
}

/** @throws MobileNetError `usage` for invalid or contradictory options */
export function checkDistillOptions(options: DistillOptions): void {
	const { learns, teacherHead, temperature, weight, views, validation, augmentation } = options;
	const refuse = (sentence: string): never => {
		throw new MobileNetError("usage", sentence);
	};
	if (weight !== undefined && !(weight > 0 && weight <= 1))
		refuse(`weight must be a number above 0 and at most 1, not ${shown(weight)}.`);
	if (views !== undefined && views !== "whole" && views !== "live") {
		if (!(Number.isSafeInteger(views) && views >= 1))
			refuse(`views must be whole, live or a number of crops of at least 1, not ${shown(views)}.`);
		if (augmentation === "none")
			refuse("views counts crops, but without augmentation there are none: omit views or augmentation none.");
	}
	if (learns === "embedding" && temperature !== undefined)
		refuse("temperature divides logits, but an embedding has none: omit temperature.");
	if (learns === "embedding" && validation)
		refuse("validation needs classes, but an embedding has none: omit validation.");
	if (!isTeacherAlone(options)) return;
	if (teacherHead)
		refuse("teacherHead needs labels to train a classifier on, but they are ignored here: omit teacherHead.");
	if (weight !== undefined)
		refuse("weight needs labels, but they are ignored here, so the teacher is the whole loss: omit weight.");
}
