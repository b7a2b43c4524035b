/**
 * Chooses the strength of the penalty on weights by cross-validation: classifiers are trained on four fifths of the vectors
 * and tested on the rest, from the strongest penalty to ever weaker ones, each starting where the previous one ended.
 *
 * They are judged by their loss, because accuracy moves in steps of whole pictures. Of the penalties whose loss is within
 * one standard error of the least, the strongest is chosen: the vectors cannot distinguish those.
 *
 * Source: Hastie, Tibshirani and Friedman 2009, "The Elements of Statistical Learning", section 7.10.
 */
import type { OnProgress } from "../base/progress.ts";
import { foldsOf } from "../data/split.ts";
import { fitLogistic } from "./logistic.ts";
import { type Examples, type LossOf, logits } from "./logistic-loss.ts";

/** How well a classifier with this penalty does on vectors that it was not trained on. */
export interface Trial {
	readonly strength: number;
	/** Share of the vectors that were classified correctly, from 0 to 1. */
	readonly accuracy: number;
	/** Mean of −log of the probability given to the right class, and the standard error of that mean. */
	readonly loss: number;
	readonly standardError: number;
}

export interface Choice {
	readonly strength: number;
	/** Strongest penalty first; empty if there were too few pictures. */
	readonly trials: readonly Trial[];
	/** Parameters near the optimum of that strength. */
	readonly start?: Float64Array | undefined;
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
const folds = 5;
/** With more multiplications per pass, or more numbers to copy, one split is tested instead of five. */
const most = { work: 5e7, numbers: 2e7 } as const;
/** Vectors that are tested at a time. */
const tileRows = 32;
/** Distance from the optimum, in nats, that suffices for choosing. */
const tolerance = 1e-4;

/** Chooses the penalty that does best on vectors that were not trained on. */
export async function chooseStrength(examples: Examples, options: ChoiceOptions): Promise<Choice> {
	const { strengths, usual, lossOf, onProgress, signal } = options;
	const splits = splitsOf(examples, options);
	if (splits.length === 0) return { strength: usual, trials: [] };
	const trials: Trial[] = [];
	/** The first split's parameters for each strength, and every split's for the last strength. */
	const first: Float64Array[] = [];
	let last: Float64Array[] = [];
	for (const strength of strengths) {
		const judged: Judged[] = [];
		const fits: Float64Array[] = [];
		for (const [i, { training, test, groups }] of splits.entries()) {
			// Let other work run, such as code that aborts this.
			await new Promise((resolve) => setTimeout(resolve));
			signal?.throwIfAborted();
			const { parameters } = fitLogistic(training, { strength, tolerance, lossOf, start: last[i] });
			fits.push(parameters);
			for (const one of judge(test, groups, parameters)) judged.push(one);
		}
		last = fits;
		first.push(fits[0]!);
		trials.push(trialOf(strength, judged));
		onProgress?.({ loaded: trials.length, total: strengths.length, source: stage });
		// Weaker penalties cost ever more time and would do ever worse.
		if (trials.at(-1)!.loss > leastOf(trials).loss) break;
	}
	const least = leastOf(trials);
	const chosen = trials.findIndex((trial) => trial.loss <= least.loss + least.standardError);
	return { strength: trials[chosen]!.strength, trials, start: first[chosen]! };
}

function leastOf(trials: readonly Trial[]): Trial {
	return trials.reduce((best, trial) => (trial.loss < best.loss ? trial : best));
}

/** The standard error is that of the mean over pictures, because mirror images are not further evidence. */
function trialOf(strength: number, judged: readonly Judged[]): Trial {
	const sums = new Map<number, { loss: number; views: number }>();
	let [right, sum] = [0, 0];
	for (const { group, loss, isRight } of judged) {
		const own = sums.get(group) ?? { loss: 0, views: 0 };
		sums.set(group, { loss: own.loss + loss, views: own.views + 1 });
		if (isRight) right++;
		sum += loss;
	}
	const loss = sum / judged.length;
	let variance = 0;
	for (const own of sums.values()) variance += (own.loss / own.views - loss) ** 2 / sums.size;
	return { strength, accuracy: right / judged.length, loss, standardError: Math.sqrt(variance / sums.size) };
}

interface Judged {
	readonly group: number;
	/** −log of the probability given to the right class. */
	readonly loss: number;
	readonly isRight: boolean;
}

/** The loss of each example, and whether its answer is right. */
function judge(examples: Examples, groups: Int32Array, parameters: Float64Array): readonly Judged[] {
	const { labels, classes } = examples;
	const tile = new Float64Array(tileRows * classes);
	return Array.from(labels, (label, i) => {
		if (i % tileRows === 0) logits(examples, i, Math.min(tileRows, labels.length - i), parameters, tile);
		const row = tile.subarray((i % tileRows) * classes, ((i % tileRows) + 1) * classes);
		const largest = row.reduce((best, x) => Math.max(best, x));
		const sum = row.reduce((total, x) => total + Math.exp(x - largest), 0);
		return {
			group: groups[i]!,
			loss: Math.log(sum) + largest - row[label]!,
			isRight: row.indexOf(largest) === label,
		};
	});
}

interface Split {
	readonly training: Examples;
	readonly test: Examples;
	/** The picture that each row of `test` belongs to. */
	readonly groups: Int32Array;
}

/** Splits the examples for training and testing. A class with a single picture is trained on and never tested. */
function splitsOf(examples: Examples, { groups, seed }: ChoiceOptions): readonly Split[] {
	const classOf = new Map<number, number>();
	for (const [row, group] of groups.entries()) classOf.set(group, examples.labels[row]!);
	const pictures = new Int32Array(examples.classes);
	for (const label of classOf.values()) pictures[label]!++;
	const known = [...classOf].filter(([, label]) => pictures[label]! > 1);
	if (known.length < folds) return [];
	const parts = foldsOf({ labels: Int32Array.from(known, ([, label]) => label) }, { folds, seed });
	const isLarge =
		examples.vectors.length > most.numbers || examples.vectors.length * examples.classes > most.work;
	return parts.slice(0, isLarge ? 1 : folds).map(({ validation }) => {
		const tested = new Set(Array.from(validation, (i) => known[i]![0]));
		return {
			training: selected(examples, (row) => !tested.has(groups[row]!)),
			test: selected(examples, (row) => tested.has(groups[row]!)),
			groups: groups.filter((group) => tested.has(group)),
		};
	});
}

function selected(examples: Examples, isWanted: (row: number) => boolean): Examples {
	const { vectors, labels, features } = examples;
	const rows = Int32Array.from([...labels.keys()].filter(isWanted));
	const chosen = new Float32Array(rows.length * features);
	for (const [to, row] of rows.entries())
		chosen.set(vectors.subarray(row * features, (row + 1) * features), to * features);
	return { ...examples, vectors: chosen, labels: rows.map((row) => labels[row]!) };
}
