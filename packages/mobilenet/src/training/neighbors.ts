/**
 * Classifies by similarity, without training: by the most similar pictures (k nearest neighbors), or by the mean of each
 * class. The similarity of vectors is the cosine between them. The neighbors are the training vectors themselves, so they
 * exist in memory only; the nearest mean is a linear classifier, which a model can hold.
 *
 * Source of the weights of votes: Dudani 1976, "The Distance-Weighted k-Nearest-Neighbor Rule", here with the cosine.
 */
import { checkWhole } from "../base/check.ts";
import { MobileNetError } from "../base/error.ts";
import type { Classifier } from "./head.ts";
import { checkExamples } from "./logistic-loss.ts";

export interface Neighbors {
	/** Number of neighbors that vote. */
	readonly k: number;
	/** Share of the vectors, from 0 to 1, that the others classify correctly with this k. */
	readonly accuracy: number;
	/** The share of the votes of each class, [classes], for one vector. */
	readonly classify: (vector: Float32Array) => Float32Array;
}

/** Numbers of neighbors to choose from. */
const choices = [1, 3, 5, 7, 9, 15, 25, 41] as const;
/** At most this many vectors are tested to choose k, because each is compared with all. */
const mostTried = 2000;
/** Nearest-mean logits are cosines times this, so that probabilities are neither all equal nor all certain. */
const sharpness = 20;
/** The logit of a class without vectors. */
const neverLogit = -1e4;

/**
 * A classifier by the nearest neighbors among these vectors. Default for `k`: the best when each vector is left out in turn
 * and classified by the others.
 *
 * @param vectors [rows, features]
 * @param labels one per row, from 0 to below `classes`
 * @throws MobileNetError `usage` if they do not match
 * @example
 * const { classify } = nearestNeighbors(vectors, labels, 5);
 * classify(await mobilenet.embed("photo.jpg")) // shares of the votes
 */
export function nearestNeighbors(
	vectors: Float32Array,
	labels: Int32Array,
	classes: number,
	{ k: given }: { readonly k?: number } = {},
): Neighbors {
	const features = featuresOf(vectors, labels, classes);
	if (given !== undefined) checkWhole("k", given, 1);
	const unit = normalized(vectors, features);
	const rows = labels.length;
	const candidates = given === undefined ? choices.filter((k) => k < rows || k === 1) : [given];
	const largest = Math.max(...candidates);
	const vote = (nearest: readonly Neighbor[], k: number): Float32Array => {
		const votes = new Float32Array(classes);
		let sum = 0;
		for (const { row, cosine } of nearest.slice(0, k)) {
			const weight = Math.max(cosine, 1e-6);
			votes[labels[row]!]! += weight;
			sum += weight;
		}
		return sum > 0 ? votes.map((x) => x / sum) : votes;
	};

	const right = candidates.map(() => 0);
	const stride = Math.max(1, Math.ceil(rows / mostTried));
	let tried = 0;
	for (let row = 0; row < rows; row += stride, tried++) {
		const own = unit.subarray(row * features, (row + 1) * features);
		const nearest = nearestTo(own, unit, features, largest, row);
		for (const [i, k] of candidates.entries()) {
			const votes = vote(nearest, k);
			if (nearest.length > 0 && argmax(votes) === labels[row]) right[i]!++;
		}
	}
	// Among equals, the fewest neighbors.
	const best = right.indexOf(Math.max(...right));
	const k = candidates[best]!;
	return {
		k,
		accuracy: right[best]! / tried,
		classify: (vector) => {
			if (vector.length !== features)
				throw new MobileNetError(
					"usage",
					`a vector must have ${features} numbers like those of the neighbors, not ${vector.length}.`,
				);
			return vote(nearestTo(normalized(vector, features), unit, features, k, -1), k);
		},
	};
}

/**
 * The classifier by the nearest class mean, the form of nearest neighbors that fits into a model. The weights of a class
 * are the mean of its vectors, scaled to length 1, minus what all rows have in common, divided by the mean length of a
 * vector; the largest output belongs to the mean with the largest cosine. A class without vectors is never answered.
 *
 * @example
 * const model = withHead(mobilenet.model, nearestMean(vectors, labels, 5), dataset.classes);
 */
export function nearestMean(vectors: Float32Array, labels: Int32Array, classes: number): Classifier {
	const features = featuresOf(vectors, labels, classes);
	const unit = normalized(vectors, features);
	const sums = new Float32Array(classes * features);
	for (const [row, label] of labels.entries())
		for (let j = 0; j < features; j++) sums[label * features + j]! += unit[row * features + j]!;
	const counts = new Int32Array(classes);
	for (const label of labels) counts[label]!++;
	let length = 0;
	for (let row = 0; row < labels.length; row++)
		length += Math.sqrt(squaredLength(vectors, row * features, features)) / labels.length;
	const weights = normalized(sums, features);
	for (let j = 0; j < features; j++) {
		let common = 0;
		for (let c = 0; c < classes; c++) common += weights[c * features + j]!;
		common /= counts.filter((count) => count > 0).length;
		for (let c = 0; c < classes; c++)
			if (counts[c]! > 0)
				weights[c * features + j] = ((weights[c * features + j]! - common) * sharpness) / (length || 1);
	}
	const bias = Float32Array.from(counts, (count) => (count > 0 ? 0 : neverLogit));
	return { weights, bias, classes, features };
}

interface Neighbor {
	readonly row: number;
	readonly cosine: number;
}

/** The `k` nearest rows, nearest first, without the row `except`; among equals, the first. */
function nearestTo(
	own: Float32Array,
	unit: Float32Array,
	features: number,
	k: number,
	except: number,
): readonly Neighbor[] {
	const nearest: Neighbor[] = [];
	for (let row = 0; row < unit.length / features; row++) {
		if (row === except) continue;
		let cosine = 0;
		for (let j = 0; j < features; j++) cosine += own[j]! * unit[row * features + j]!;
		if (nearest.length === k && cosine <= nearest[k - 1]!.cosine) continue;
		if (nearest.length === k) nearest.pop();
		let place = nearest.length;
		while (place > 0 && nearest[place - 1]!.cosine < cosine) place--;
		nearest.splice(place, 0, { row, cosine });
	}
	return nearest;
}

/** Scales every row to length 1; a row of length 0 stays. */
function normalized(vectors: Float32Array, features: number): Float32Array {
	const unit = vectors.slice();
	for (let start = 0; start < unit.length; start += features) {
		const length = Math.sqrt(squaredLength(vectors, start, features)) || 1;
		for (let j = start; j < start + features; j++) unit[j]! /= length;
	}
	return unit;
}

function squaredLength(vectors: Float32Array, start: number, features: number): number {
	let sum = 0;
	for (let j = start; j < start + features; j++) sum += vectors[j]! ** 2;
	return sum;
}

function argmax(values: Float32Array): number {
	return values.indexOf(values.reduce((most, x) => Math.max(most, x)));
}

function featuresOf(vectors: Float32Array, labels: Int32Array, classes: number): number {
	if (labels.length === 0)
		throw new MobileNetError("usage", "there are no pictures to compare with: give at least one.");
	const features = vectors.length / labels.length;
	checkExamples({ vectors, labels, features, classes });
	return features;
}
