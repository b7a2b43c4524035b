/**
 * Chooses the strength of the penalty on weights by cross-validation: classifiers are trained on four fifths of the vectors
 * and tested on the rest, from the strongest penalty to ever weaker ones, each starting where the previous one ended; then
 * between the best one and its neighbors.
 *
 * They are judged by their loss, because accuracy moves in steps of whole pictures, and because probabilities are to mean
 * what they say. The least loss counts: a stronger penalty that is as good within the error is as right, but less sure than
 * it could be.
 *
 * Source: Hastie, Tibshirani and Friedman 2009, "The Elements of Statistical Learning", section 7.10.
 */
import type { OnProgress } from "../base/progress.ts";
import { type Judged, judged, logitsOf, splitsOf, type Tested } from "./cross-validation.ts";
import { fitLogistic } from "./logistic.ts";
import type { Examples, LossOf } from "./logistic-loss.ts";

/** How well a classifier with this penalty does on vectors that it was not trained on. */
export interface Trial extends Judged {
	readonly strength: number;
}

export interface Choice {
	readonly strength: number;
	/** Strongest penalty first; empty if there were too few pictures. */
	readonly trials: readonly Trial[];
	/** Parameters near the optimum of that strength. */
	readonly start?: Float64Array | undefined;
	/** The answers of the classifiers with that strength; undefined if there were too few pictures. */
	readonly tested?: Tested | undefined;
}

export interface ChoiceOptions {
	readonly seed: number;
	/** The picture that each row belongs to: rows of one picture are tested together. */
	readonly groups: Int32Array;
	/** Penalties, strongest first; the vectors' mean squared length should be 1. */
	readonly strengths: readonly number[];
	/** The penalty if there are too few pictures. */
	readonly usual: number;
	readonly lossOf: LossOf;
	/** Called with the number of penalties tried; there may be fewer than `total`. */
	readonly onProgress?: OnProgress | undefined;
	readonly signal?: AbortSignal | undefined;
}

/** The source in progress reports. */
const stage = "strengths of the classifier's penalty";
/** Distance from the optimum, in nats, that suffices for choosing. */
const tolerance = 1e-4;

/** Chooses the penalty that does best on vectors that were not trained on. */
export async function chooseStrength(examples: Examples, options: ChoiceOptions): Promise<Choice> {
	const { strengths, usual, lossOf, groups, onProgress, signal } = options;
	const splits = splitsOf(examples, options);
	if (splits.length === 0) return { strength: usual, trials: [] };
	const attempts: Attempt[] = [];
	const total = strengths.length;
	const attempt = async (strength: number, before: Attempt | undefined): Promise<void> => {
		const fits: Float64Array[] = [];
		const answers: Tested[] = [];
		for (const [i, { training, test, rows }] of splits.entries()) {
			// Let other work run, such as code that aborts this.
			await new Promise((resolve) => setTimeout(resolve));
			signal?.throwIfAborted();
			const start = before?.fits[i];
			const { parameters } = fitLogistic(training, { strength, tolerance, lossOf, start });
			fits.push(parameters);
			answers.push({ rows, logits: logitsOf(test, parameters) });
		}
		const tested = joined(answers);
		attempts.push({ trial: { strength, ...judged(tested, examples, groups) }, fits, tested });
		onProgress?.({ loaded: Math.min(attempts.length, total), total, source: stage });
	};
	for (const strength of strengths) {
		await attempt(strength, attempts.at(-1));
		// Weaker penalties cost ever more time and would do ever worse.
		if (attempts.at(-1)!.trial.loss > leastOf(attempts).trial.loss) break;
	}
	const coarse = leastOf(attempts);
	const place = strengths.indexOf(coarse.trial.strength);
	for (const neighbor of [strengths[place - 1], strengths[place + 1]])
		if (neighbor !== undefined) await attempt(Math.sqrt(neighbor * coarse.trial.strength), coarse);
	const { trial, fits, tested } = leastOf(attempts);
	const trials = attempts.map((one) => one.trial).sort((a, b) => b.strength - a.strength);
	return { strength: trial.strength, trials, start: fits[0], tested };
}

/** A strength that was tried. */
interface Attempt {
	readonly trial: Trial;
	/** The parameters of each split. */
	readonly fits: readonly Float64Array[];
	readonly tested: Tested;
}

function leastOf(attempts: readonly Attempt[]): Attempt {
	return attempts.reduce((best, one) => (one.trial.loss < best.trial.loss ? one : best));
}

function joined(answers: readonly Tested[]): Tested {
	const rows = new Int32Array(answers.reduce((sum, one) => sum + one.rows.length, 0));
	const logits = new Float64Array(answers.reduce((sum, one) => sum + one.logits.length, 0));
	let [row, number] = [0, 0];
	for (const one of answers) {
		rows.set(one.rows, row);
		logits.set(one.logits, number);
		row += one.rows.length;
		number += one.logits.length;
	}
	return { rows, logits };
}
