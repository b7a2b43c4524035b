/** The options of `distill`, and which of them contradict each other. */
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
	 * The network that learns: random weights (`initialize`) or trained ones. Its classifier is replaced unless it is a
	 * trained one with the outputs that are learned. A trained student is changed gently: a tenth of the usual learning
	 * rate, `clip` 2 and frozen batch norm, unless the options say otherwise.
	 */
	readonly student: Model;
	/** What is learned: the teacher's probabilities of classes, or its pooled features. Default: `probabilities`. */
	readonly learns?: Teacher["kind"] | undefined;
	/**
	 * Whether the pictures' labels are left aside: the student then learns the teacher's own classes, instead of those of
	 * the data. Pictures to judge by keep their labels, which are found among the teacher's classes. Default: false.
	 */
	readonly unlabeled?: boolean | undefined;
	/** Whether the teacher first gets a classifier trained on the pictures, for when its classes are others. Default: false. */
	readonly teacherHead?: boolean | undefined;
	/** What the logits of both are divided by: the higher, the more the less probable classes count. Default: 2. */
	readonly temperature?: number | undefined;
	/** Share of the teacher in the loss, above 0 to 1; the labels have the rest. Default: 0.9; 1 without labels. */
	readonly weight?: number | undefined;
	/**
	 * What the teacher is shown. Default: `whole`, or `live` where answers to whole pictures would take more than 256 MiB of
	 * memory (4 bytes for each picture and output).
	 */
	readonly views?: Views | undefined;
	/** Where the teacher's answers are kept for other runs. Default: nowhere. */
	readonly answers?: RunFolder | undefined;
	/** Called while what comes before the first epoch goes on, with its stages as sources. */
	readonly onProgress?: OnProgress | undefined;
};

/** Whether labels count for nothing: there are none, or features are learned, which have no classes. */
export function isTeacherAlone({ learns, unlabeled }: DistillOptions): boolean {
	return learns === "embedding" || unlabeled === true;
}

/** @throws MobileNetError `usage` where options contradict each other or make no sense */
export function checkDistillOptions(options: DistillOptions): void {
	const { learns, teacherHead, temperature, weight, views, validation, augmentation } = options;
	const refuse = (sentence: string): never => {
		throw new MobileNetError("usage", sentence);
	};
	if (weight !== undefined && !(weight > 0 && weight <= 1))
		refuse(`weight must be a number above 0, up to 1, not ${shown(weight)}.`);
	if (views !== undefined && views !== "whole" && views !== "live") {
		if (!(Number.isSafeInteger(views) && views >= 1))
			refuse(`views must be whole, live or a number of crops of at least 1, not ${shown(views)}.`);
		if (augmentation === "none")
			refuse("views counts crops, but without augmentation there are none: leave one of the two out.");
	}
	if (learns === "embedding" && temperature !== undefined)
		refuse("an embedding has no temperature: it is logits that are divided by it.");
	if (learns === "embedding" && validation)
		refuse("an embedding cannot be judged by validation pictures: it has no classes.");
	if (!isTeacherAlone(options)) return;
	if (teacherHead) refuse("teacherHead needs labels, which are left aside: a classifier is trained on them.");
	if (weight !== undefined)
		refuse("weight needs labels, which are left aside: the teacher is all of the loss.");
}
