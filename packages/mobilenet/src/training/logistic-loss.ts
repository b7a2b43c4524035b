/**
 * The loss of multinomial logistic regression and its gradient, in one pass over the vectors, a tile of rows at a time,
 * so that a row is read from memory once for both. Sums are in float64; blocks of four rows by four classes keep sixteen
 * sums in registers.
 *
 *     loss = mean over rows of −log softmax(W x + b)[label] · weight of the row  +  strength / 2 · ‖W‖²
 *
 * The bias is the last number of each class's row of parameters and is not penalized.
 */
import { MobileNetError, shown } from "../base/error.ts";

/** Vectors with labels. */
export interface Examples {
	/** [rows, features]. */
	readonly vectors: Float32Array;
	/** One per row, from 0. */
	readonly labels: Int32Array;
	/** How much each row counts, with a mean of 1. Default: all the same. */
	readonly weights?: Float32Array | undefined;
	readonly features: number;
	readonly classes: number;
}

export interface Loss {
	/** Number of parameters: classes · (features + 1). */
	readonly size: number;
	/** The loss at these parameters, [classes, features + 1]. Writes its gradient to `gradient`. */
	readonly at: (parameters: Float64Array, gradient: Float64Array) => number;
}

/** Makes the loss of examples for a strength of the penalty. */
export type LossOf = (examples: Examples, strength: number) => Loss;

/** Rows of a tile: 32 rows of 1024 float32 and four rows of weights stay in the L2 cache. */
const tileRows = 32;
/** Rows, and classes, of a block. */
const block = 4;

/** Throws unless lengths and labels match and all numbers are finite. */
export function checkExamples({ vectors, labels, features, classes, weights }: Examples): void {
	if (vectors.length !== labels.length * features)
		throw new MobileNetError(
			"usage",
			`${labels.length} labels need ${labels.length} vectors of ${features} numbers, not ${vectors.length} numbers.`,
		);
	const wrong = labels.find((label) => !(label >= 0 && label < classes));
	if (wrong !== undefined)
		throw new MobileNetError("usage", `labels must be from 0 to ${classes - 1}, not ${shown(wrong)}.`);
	if (weights && (weights.length !== labels.length || !weights.every((weight) => weight >= 0)))
		throw new MobileNetError(
			"usage",
			`there must be a weight of at least 0 for each of the ${labels.length} vectors.`,
		);
	const broken = vectors.findIndex((x) => !Number.isFinite(x));
	if (broken >= 0)
		throw new MobileNetError(
			"usage",
			`vector ${Math.floor(broken / features)} holds ${vectors[broken]} at ${broken % features}: vectors must be finite.`,
		);
}

/**
 * The loss of these examples as a function of the parameters.
 *
 * @example
 * const { size, at } = logisticLoss(examples, 0.001);
 * at(new Float64Array(size), new Float64Array(size)) // log(classes)
 */
export function logisticLoss(examples: Examples, strength: number): Loss {
	const { labels, features, classes, weights } = examples;
	const rows = labels.length;
	const pitch = features + 1;
	const tile = new Float64Array(tileRows * classes);
	return {
		size: classes * pitch,
		at: (parameters, gradient) => {
			gradient.fill(0);
			let loss = 0;
			for (let first = 0; first < rows; first += tileRows) {
				const count = Math.min(tileRows, rows - first);
				logits(examples, first, count, parameters, tile);
				for (let r = 0; r < count; r++)
					loss += errors(tile, r * classes, classes, labels[first + r]!, weights?.[first + r]);
				addGradient(examples, first, count, tile, gradient);
			}
			return finish(examples, strength, loss, parameters, gradient);
		},
	};
}

/** Turns a sum of losses into the mean plus penalty, and the sum in `gradient` into the gradient of that. */
export function finish(
	{ labels, features, classes }: Examples,
	strength: number,
	sum: number,
	parameters: Float64Array,
	gradient: Float64Array,
): number {
	const rows = labels.length;
	let squares = 0;
	for (let c = 0; c < classes; c++) {
		const bias = c * (features + 1) + features;
		for (let j = bias - features; j < bias; j++) {
			gradient[j] = gradient[j]! / rows + strength * parameters[j]!;
			squares += parameters[j]! * parameters[j]!;
		}
		gradient[bias]! /= rows;
	}
	return sum / rows + (strength / 2) * squares;
}

/**
 * W x + b of `count` rows, starting at `first`.
 *
 * @param into [count, classes]
 */
export function logits(
	{ vectors, features, classes }: Omit<Examples, "labels">,
	first: number,
	count: number,
	parameters: Float64Array,
	into: Float64Array,
): void {
	const pitch = features + 1;
	for (let c = 0; c < classes; c += block)
		for (let r = 0; r < count; r += block) {
			if (c + block <= classes && r + block <= count) {
				logitsOfBlock(
					vectors,
					(first + r) * features,
					features,
					parameters,
					c * pitch,
					into,
					r * classes + c,
					classes,
				);
				continue;
			}
			for (let i = r; i < Math.min(r + block, count); i++)
				for (let k = c; k < Math.min(c + block, classes); k++) {
					let sum = parameters[k * pitch + features]!;
					for (let j = 0; j < features; j++)
						sum += parameters[k * pitch + j]! * vectors[(first + i) * features + j]!;
					into[i * classes + k] = sum;
				}
		}
}

/** Four rows by four classes. */
function logitsOfBlock(
	vectors: Float32Array,
	row: number,
	features: number,
	parameters: Float64Array,
	weights: number,
	into: Float64Array,
	to: number,
	classes: number,
): void {
	const pitch = features + 1;
	let [a0, a1, a2, a3] = [0, 0, 0, 0];
	let [b0, b1, b2, b3] = [0, 0, 0, 0];
	let [c0, c1, c2, c3] = [0, 0, 0, 0];
	let [d0, d1, d2, d3] = [0, 0, 0, 0];
	for (let j = 0; j < features; j++) {
		const a = vectors[row + j]!;
		const b = vectors[row + features + j]!;
		const c = vectors[row + 2 * features + j]!;
		const d = vectors[row + 3 * features + j]!;
		let w = parameters[weights + j]!;
		a0 += a * w;
		b0 += b * w;
		c0 += c * w;
		d0 += d * w;
		w = parameters[weights + pitch + j]!;
		a1 += a * w;
		b1 += b * w;
		c1 += c * w;
		d1 += d * w;
		w = parameters[weights + 2 * pitch + j]!;
		a2 += a * w;
		b2 += b * w;
		c2 += c * w;
		d2 += d * w;
		w = parameters[weights + 3 * pitch + j]!;
		a3 += a * w;
		b3 += b * w;
		c3 += c * w;
		d3 += d * w;
	}
	const sums = [a0, a1, a2, a3, b0, b1, b2, b3, c0, c1, c2, c3, d0, d1, d2, d3];
	for (let i = 0; i < block; i++)
		for (let k = 0; k < block; k++)
			into[to + i * classes + k] = sums[i * block + k]! + parameters[weights + k * pitch + features]!;
}

/**
 * Replaces a row of logits by probabilities, minus 1 at the label, and returns −log of the label's probability; both times
 * the row's weight.
 */
export function errors(
	values: Float64Array,
	start: number,
	classes: number,
	label: number,
	weight = 1,
): number {
	let largest = Number.NEGATIVE_INFINITY;
	for (let c = 0; c < classes; c++) largest = Math.max(largest, values[start + c]!);
	const own = values[start + label]! - largest;
	let sum = 0;
	for (let c = 0; c < classes; c++) {
		const power = Math.exp(values[start + c]! - largest);
		values[start + c] = power;
		sum += power;
	}
	for (let c = 0; c < classes; c++) values[start + c]! *= weight / sum;
	values[start + label]! -= weight;
	return weight * (Math.log(sum) - own);
}

/** Adds errorsᵀ · vectors of a tile to the gradient. */
function addGradient(
	{ vectors, features, classes }: Examples,
	first: number,
	count: number,
	tile: Float64Array,
	gradient: Float64Array,
): void {
	const pitch = features + 1;
	for (let c = 0; c < classes; c++) {
		let sum = 0;
		for (let r = 0; r < count; r++) sum += tile[r * classes + c]!;
		gradient[c * pitch + features]! += sum;
	}
	for (let c = 0; c < classes; c += block)
		for (let r = 0; r < count; r += block) {
			if (c + block <= classes && r + block <= count) {
				addGradientOfBlock(
					vectors,
					(first + r) * features,
					features,
					tile,
					r * classes + c,
					classes,
					gradient,
					c * pitch,
				);
				continue;
			}
			for (let i = r; i < Math.min(r + block, count); i++)
				for (let k = c; k < Math.min(c + block, classes); k++) {
					const error = tile[i * classes + k]!;
					for (let j = 0; j < features; j++)
						gradient[k * pitch + j]! += error * vectors[(first + i) * features + j]!;
				}
		}
}

/** Adds four rows' part of the gradients of four classes. */
function addGradientOfBlock(
	vectors: Float32Array,
	row: number,
	features: number,
	tile: Float64Array,
	error: number,
	classes: number,
	gradient: Float64Array,
	to: number,
): void {
	const pitch = features + 1;
	const [a0, a1, a2, a3] = fourOf(tile, error);
	const [b0, b1, b2, b3] = fourOf(tile, error + classes);
	const [c0, c1, c2, c3] = fourOf(tile, error + 2 * classes);
	const [d0, d1, d2, d3] = fourOf(tile, error + 3 * classes);
	for (let j = 0; j < features; j++) {
		const a = vectors[row + j]!;
		const b = vectors[row + features + j]!;
		const c = vectors[row + 2 * features + j]!;
		const d = vectors[row + 3 * features + j]!;
		gradient[to + j]! += a * a0 + b * b0 + c * c0 + d * d0;
		gradient[to + pitch + j]! += a * a1 + b * b1 + c * c1 + d * d1;
		gradient[to + 2 * pitch + j]! += a * a2 + b * b2 + c * c2 + d * d2;
		gradient[to + 3 * pitch + j]! += a * a3 + b * b3 + c * c3 + d * d3;
	}
}

function fourOf(values: Float64Array, at: number): readonly [number, number, number, number] {
	return [values[at]!, values[at + 1]!, values[at + 2]!, values[at + 3]!];
}
