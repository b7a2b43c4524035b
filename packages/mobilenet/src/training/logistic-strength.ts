/**
 * How strongly to penalize weights, chosen by cross-validation: classifiers are trained on four fifths of the vectors
 * and tried on the last, from the strongest penalty to ever weaker ones, each begun where the one before it ended.
 *
 * They are judged by their loss, not by their accuracy, which moves in steps of a picture. Of the penalties whose loss
 * is within one standard error of the least, the strongest is taken: the vectors cannot tell those apart.
 *
 * Source: Hastie, Tibshirani and Friedman 2009, "The Elements of Statistical Learning", section 7.10.
 */
import type { OnProgress } from "../base/progress.ts";
import { foldsOf } from "../data/split.ts";
import { fitLogistic } from "./logistic.ts";
import { type Examples, type LossOf, logits } from "./logistic-loss.ts";

/** How well a penalty does on vectors that it was not trained on. */
export interface Trial {
	readonly strength: number;
	/** Share of the vectors whose class was found, 0 to 1. */
	readonly accuracy: number;
	/** Mean of −log of the probability given to the right class, and the standard error of that mean. */
	readonly loss: number;
	readonly standardError: number;
}

export interface Choice {
	readonly strength: number;
	/** From the strongest penalty on; empty where there was nothing to choose by. */
	readonly trials: readonly Trial[];
	/** Parameters near the optimum of that strength. */
	readonly start?: Float64Array;
}

export interface ChoiceOptions {
	readonly seed: number;
	/** What each row is a picture of: rows of the same are tried together. */
	readonly groups: Int32Array;
	/** Penalties from the strongest on; the vectors' mean squared length should be 1. */
	readonly strengths: readonly number[];
	/** What is taken where there is nothing to choose by. */
	readonly usual: number;
	readonly lossOf: LossOf;
	/** Called with the penalties that were tried; there may be fewer than `total`. */
	readonly onProgress?: OnProgress | undefined;
	readonly signal?: AbortSignal | undefined;
}

/** What progress is called. */
const stage = "strengths of the classifier's penalty";
const folds = 5;
/** Multiplications a pass, and numbers to copy, beyond which one part is tried in the place of five. */
const most = { work: 5e7, numbers: 2e7 } as const;
/** Vectors that are judged at a time. */
const tileRows = 32;
/** Nats above the optimum that do for choosing. */
const tolerance = 1e-4;

/** The penalty that does best on vectors that it was not trained on. */
export async function chooseStrength(examples: Examples, options: ChoiceOptions): Promise<Choice> {
	const { strengths, usual, lossOf, onProgress, signal } = options;
	const parts = partsOf(examples, options);
	if (parts.length === 0) return { strength: usual, trials: [] };
	const trials: Trial[] = [];
	/** The first part's parameters for each strength, and every part's for the last one. */
	const first: Float64Array[] = [];
	let last: Float64Array[] = [];
	for (const strength of strengths) {
		const judged: Judged[] = [];
		const fits: Float64Array[] = [];
		for (const [i, { training, test, groups }] of parts.entries()) {
			// Lets other work run, such as what aborts this.
			await new Promise((resolve) => setTimeout(resolve));
			signal?.throwIfAborted();
			const start = last[i] ? { start: last[i] } : {};
			const { parameters } = fitLogistic(training, { strength, tolerance, lossOf, ...start });
			fits.push(parameters);
			for (const one of judge(test, groups, parameters)) judged.push(one);
		}
		last = fits;
		first.push(fits[0]!);
		trials.push(trialOf(strength, judged));
		onProgress?.({ loaded: trials.length, total: strengths.length, source: stage });
		// Weaker ones cost more and more, and would do worse and worse.
		if (trials.at(-1)!.loss > leastOf(trials).loss) break;
	}
	const least = leastOf(trials);
	const chosen = trials.findIndex((trial) => trial.loss <= least.loss + least.standardError);
	return { strength: trials[chosen]!.strength, trials, start: first[chosen]! };
}

function leastOf(trials: readonly Trial[]): Trial {
	return trials.reduce((best, trial) => (trial.loss < best.loss ? trial : best));
}

/** Mirror images are no further evidence: the error is that of the mean over pictures. */
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

/** How each example fares. */
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

interface Part {
	readonly training: Examples;
	readonly test: Examples;
	/** What each row of `test` is a picture of. */
	readonly groups: Int32Array;
}

/** What is trained on and what is tried. A class with a single picture is trained on and never tried. */
function partsOf(examples: Examples, { groups, seed }: ChoiceOptions): readonly Part[] {
	const classOf = new Map<number, number>();
	for (const [row, group] of groups.entries()) classOf.set(group, examples.labels[row]!);
	const pictures = new Int32Array(examples.classes);
	for (const label of classOf.values()) pictures[label]!++;
	const known = [...classOf].filter(([, label]) => pictures[label]! > 1);
	if (known.length < folds) return [];
	const splits = foldsOf({ labels: Int32Array.from(known, ([, label]) => label) }, { folds, seed });
	const isLarge =
		examples.vectors.length > most.numbers || examples.vectors.length * examples.classes > most.work;
	return splits.slice(0, isLarge ? 1 : folds).map(({ validation }) => {
		const tried = new Set(Array.from(validation, (i) => known[i]![0]));
		return {
			training: selected(examples, (row) => !tried.has(groups[row]!)),
			test: selected(examples, (row) => tried.has(groups[row]!)),
			groups: groups.filter((group) => tried.has(group)),
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
