/**
 * Splits vectors into parts for training and testing, so that every answer can be judged by a classifier that was not
 * trained on its picture.
 */
import { foldsOf } from "../data/split.ts";
import { type Examples, logits } from "./logistic-loss.ts";

/** A classifier is trained on one part of the vectors and tested on the other. */
export interface Split {
	readonly training: Examples;
	readonly test: Examples;
	/** The rows of the test vectors among all. */
	readonly rows: Int32Array;
}

/** Logits of vectors that the classifier was not trained on. */
export interface Tested {
	/** Their rows among all vectors. */
	readonly rows: Int32Array;
	/** [rows, classes]. */
	readonly logits: Float64Array;
}

/** Mean and standard error over pictures. */
export interface Judged {
	/** Share of the vectors that were classified correctly, from 0 to 1. */
	readonly accuracy: number;
	/** Mean of −log of the probability given to the right class, and the standard error of that mean. */
	readonly loss: number;
	readonly standardError: number;
}

const folds = 5;
/** With more multiplications per pass, or more numbers to copy, one split is tested instead of five. */
const most = { work: 5e7, numbers: 2e7 } as const;
/** Vectors that are tested at a time. */
const tileRows = 32;

/**
 * Five splits, or one if the problem is large; none if there are too few pictures. A class with a single picture is
 * trained on and never tested.
 *
 * @param groups the picture of each row: rows of one picture are tested together
 */
export function splitsOf(
	examples: Examples,
	{ groups, seed }: { readonly groups: Int32Array; readonly seed: number },
): readonly Split[] {
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
		const isTested = (row: number): boolean => tested.has(groups[row]!);
		const rows = Int32Array.from([...groups.keys()].filter(isTested));
		return {
			training: selected(examples, Int32Array.from([...groups.keys()].filter((row) => !isTested(row)))),
			test: selected(examples, rows),
			rows,
		};
	});
}

function selected(examples: Examples, rows: Int32Array): Examples {
	const { vectors, labels, features, weights } = examples;
	const chosen = new Float32Array(rows.length * features);
	for (const [to, row] of rows.entries())
		chosen.set(vectors.subarray(row * features, (row + 1) * features), to * features);
	return {
		...examples,
		vectors: chosen,
		labels: rows.map((row) => labels[row]!),
		weights: weights && Float32Array.from(rows, (row) => weights[row]!),
	};
}

/** The logits of examples, [rows, classes]. */
export function logitsOf(examples: Examples, parameters: Float64Array): Float64Array {
	const { labels, classes } = examples;
	const all = new Float64Array(labels.length * classes);
	for (let first = 0; first < labels.length; first += tileRows) {
		const count = Math.min(tileRows, labels.length - first);
		logits(examples, first, count, parameters, all.subarray(first * classes));
	}
	return all;
}

/**
 * Judges logits by their labels. The standard error is that of the mean over pictures, because mirror images are not
 * further evidence.
 *
 * @param groups the picture of each row
 */
export function judged(
	{ rows, logits: values }: Tested,
	{ labels, classes, weights }: Omit<Examples, "vectors" | "features">,
	groups: Int32Array,
): Judged {
	const sums = new Map<number, { loss: number; views: number }>();
	let [right, sum, whole] = [0, 0, 0];
	for (const [i, row] of rows.entries()) {
		const label = labels[row]!;
		const weight = weights?.[row] ?? 1;
		const { loss, isRight } = judgedRow(values.subarray(i * classes, (i + 1) * classes), label);
		const own = sums.get(groups[row]!) ?? { loss: 0, views: 0 };
		sums.set(groups[row]!, { loss: own.loss + weight * loss, views: own.views + weight });
		if (isRight) right++;
		sum += weight * loss;
		whole += weight;
	}
	const loss = sum / whole;
	let variance = 0;
	for (const own of sums.values())
		variance += ((own.loss - own.views * loss) * (sums.size / whole)) ** 2 / sums.size;
	return { accuracy: right / rows.length, loss, standardError: Math.sqrt(variance / sums.size) };
}

/** The loss of a row of logits, and whether the largest, the first among equals, is the label's. */
export function judgedRow(
	logits: Float32Array | Float64Array,
	label: number,
): { readonly loss: number; readonly isRight: boolean } {
	let best = 0;
	for (let i = 1; i < logits.length; i++) if (logits[i]! > logits[best]!) best = i;
	let sum = 0;
	for (const logit of logits) sum += Math.exp(logit - logits[best]!);
	return { loss: Math.log(sum) + logits[best]! - logits[label]!, isRight: best === label };
}
