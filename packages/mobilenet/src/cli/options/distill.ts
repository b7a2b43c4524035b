/** What a command line of `mobilenet distill` asks for, and what of it contradicts itself. */
import { usageError } from "../errors.ts";
import { checkTrainOptions, type TrainOptions } from "./train.ts";

/**
 * What the teacher is shown: each picture whole and mirrored, once, whatever crops the student sees; so many crops of
 * each, which the student sees in turn; or all that the student sees.
 */
export type Views = "whole" | number | "live";

export interface DistillOptions extends TrainOptions {
	readonly teacher: string;
	readonly teacherHead: boolean;
	readonly teacherSize?: number | undefined;
	readonly embedding: boolean;
	readonly temperature?: number | undefined;
	readonly weight?: number | undefined;
	/** The folder of the teacher's answers. */
	readonly answers?: string | undefined;
	readonly batchNorm?: "frozen" | "batch" | undefined;
	readonly views?: Views | undefined;
	readonly unlabeled: boolean;
}

/** Whether the teacher is all that is learned from: there are no labels, or its embedding has nothing to do with them. */
export function isTeacherAlone({ embedding, unlabeled }: DistillOptions): boolean {
	return embedding || unlabeled;
}

/** Fails where options contradict each other. */
export function checkDistillOptions(options: DistillOptions): void {
	checkTrainOptions(options);
	const { embedding, unlabeled, temperature, weight, views, validation } = options;
	const refuse = (sentence: string): never => {
		throw usageError(sentence);
	};
	if (temperature !== undefined && !(temperature > 0)) refuse("--temperature must be above 0, not 0.");
	if (weight !== undefined && !(weight > 0 && weight <= 1))
		refuse(
			`--weight must be above 0, which is labels alone, to 1, which is the teacher alone, not ${weight}.`,
		);
	if (options.batchNorm !== undefined && options.from === undefined)
		refuse("--batch-norm needs --from: random weights have no statistics to keep.");
	if (views === "live" && options.answers !== undefined)
		refuse("--answers cannot be given with --views live: then no answers are kept.");
	if (views === 0) refuse("--views must be whole, live or a number of crops from 1 on, not 0.");
	if (typeof views === "number" && options.augment === "none")
		refuse("--views counts crops, but with --augment none there are none: leave one of the two out.");
	if (embedding && temperature !== undefined)
		refuse(
			"--temperature cannot be given with --embedding: it is a classifier's answers that are divided by it.",
		);
	for (const [name, given] of [
		["embedding", embedding],
		["unlabeled", unlabeled],
	] as const) {
		if (!given) continue;
		const because = name === "embedding" ? "the teacher's features have no classes" : "there are no labels";
		if (options.teacherHead)
			refuse(`--teacher-head cannot be given with --${name}: ${because} to train a classifier on.`);
		for (const [other, value] of [
			["weight", weight],
			["label-smoothing", options.labelSmoothing],
			["balance", options.balance],
		] as const)
			if (value !== undefined)
				refuse(`--${other} cannot be given with --${name}: the teacher is all that is learned from.`);
	}
	if (embedding && validation !== undefined)
		refuse(
			"--validation cannot be given with --embedding: a network without classes cannot be judged by them.",
		);
	if (validation !== undefined || options.patience === undefined) return;
	if (embedding) refuse("--patience cannot be given with --embedding: there is no validation to wait for.");
	if (unlabeled) refuse("--patience needs --validation with --unlabeled: nothing else can be waited for.");
}
