/**
 * The loss of logistic-loss.ts by the engine's kernels, for large problems. The formulas are the same; the pointwise
 * kernel computes both products in float32, which is ten times as fast. Probabilities, the loss and the sums over tiles
 * are in float64, so that the optimum is found to about 1e-6 of the weights.
 *
 *     scores [rows, classes]       = vectors [rows, features] · weightsᵀ
 *     gradient [classes, features] = errorsᵀ [classes, rows] · vectors
 */

import { bumpAllocator } from "../kernels/bump-allocator.ts";
import { loadBuild } from "../kernels/load.ts";
import { encodeStep, type Operands, runWords, stepWords } from "../kernels/operations.ts";
import { type Packing, packings, type Shape } from "../kernels/packing.ts";
import { pitchOf } from "../kernels/table.ts";
import { createWalker, type LoadedBuild, packingOf } from "../kernels/walker.ts";
import { type Examples, errors, finish, type Loss, type LossOf, logisticLoss } from "./logistic-loss.ts";

const tileRows = 256;
/** With fewer multiplications per pass, float64 in JavaScript is fast enough. */
const worthIt = 2e7;

/** The loss by the engine if the problem is large and WebAssembly is available, else by JavaScript. */
export async function quickestLoss({ vectors, classes }: Examples): Promise<LossOf> {
	if (vectors.length * classes < worthIt) return logisticLoss;
	const { loaded } = await loadBuild();
	return loaded.build === "reference"
		? logisticLoss
		: (examples, strength) => engineLoss(examples, strength, loaded);
}

/** The loss of these examples as a function of the parameters, by a build's kernels. */
export function engineLoss(examples: Examples, strength: number, loaded: LoadedBuild): Loss {
	const { vectors, labels, features, classes, weights } = examples;
	const rows = labels.length;
	const pitch = features + 1;
	const products = productsOf(examples, loaded);
	const row = new Float64Array(classes);
	return {
		size: classes * pitch,
		at: (parameters, gradient) => {
			gradient.fill(0);
			products.setWeights(parameters);
			let loss = 0;
			for (let first = 0; first < rows; first += tileRows) {
				const count = Math.min(tileRows, rows - first);
				products.setVectors(vectors.subarray(first * features, (first + count) * features), count);
				const { scores, scorePitch, transposed, transposedPitch } = products;
				products.multiply("scores", count);
				for (let r = 0; r < count; r++) {
					for (let c = 0; c < classes; c++) row[c] = scores[r * scorePitch + c]!;
					loss += errors(row, 0, classes, labels[first + r]!, weights?.[first + r]);
					for (let c = 0; c < classes; c++) {
						transposed[c * transposedPitch + r] = row[c]!;
						gradient[c * pitch + features]! += row[c]!;
					}
				}
				// Clear rows that an earlier tile left.
				for (let c = 0; c < classes; c++)
					transposed.fill(0, c * transposedPitch + count, c * transposedPitch + tileRows);
				products.multiply("gradient", classes);
				const { sums, sumPitch } = products;
				for (let c = 0; c < classes; c++)
					for (let j = 0; j < features; j++) gradient[c * pitch + j]! += sums[c * sumPitch + j]!;
			}
			return finish(examples, strength, loss, parameters, gradient);
		},
	};
}

/** The memory of both products, and the functions that run them. */
function productsOf({ features, classes }: Examples, loaded: LoadedBuild) {
	const memory = bumpAllocator();
	const { panels, bias } = packings[packingOf(loaded.build)];
	const weightShape: Shape = [classes, features, 1, 1];
	const vectorShape: Shape = [features, tileRows, 1, 1];
	// Kernels may read one SIMD vector past the end.
	const take = (floats: number): number => memory.take(floats * 4 + 64);
	const [vectorPitch, scorePitch] = [pitchOf(features), pitchOf(classes)];
	const [transposedPitch, sumPitch] = [pitchOf(tileRows), pitchOf(features)];
	const block = memory.take(runWords * 4);
	const plan = memory.take(2 * stepWords * 4);
	const bounds = take(2);
	const places = {
		vectors: take(tileRows * vectorPitch),
		weights: take(panels.length(weightShape)),
		bias: take(bias.length([classes, 1, 1, 1])),
		scores: take(tileRows * scorePitch),
		transposed: take(classes * transposedPitch),
		panels: take(panels.length(vectorShape)),
		zeros: take(bias.length([features, 1, 1, 1])),
		sums: take(classes * sumPitch),
	};
	const { buffer, run } = createWalker(loaded, memory.size());
	const floats = (place: number, length: number) => new Float32Array(buffer, place, length);
	floats(bounds, 2).set([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
	const steps: Operands<"pointwise", number>[] = [
		{
			input: places.vectors,
			weights: places.weights,
			bias: places.bias,
			bounds,
			output: places.scores,
			rows: 1,
			inputChannels: features,
			outputChannels: classes,
			inputPitch: vectorPitch,
			outputPitch: scorePitch,
		},
		{
			input: places.transposed,
			weights: places.panels,
			bias: places.zeros,
			bounds,
			output: places.sums,
			rows: 1,
			inputChannels: tileRows,
			outputChannels: features,
			inputPitch: transposedPitch,
			outputPitch: sumPitch,
		},
	];
	const words = new Int32Array(buffer);
	for (const [i, operands] of steps.entries())
		words.set(encodeStep("pointwise", operands), plan / 4 + i * stepWords);

	const tile = floats(places.vectors, tileRows * vectorPitch);
	const packed = floats(places.panels, panels.length(vectorShape));
	const weights = floats(places.weights, panels.length(weightShape));
	const biases = floats(places.bias, classes);
	const dense = new Float32Array(classes * features);
	const placeOf = placesOf(panels, features);
	return {
		scores: floats(places.scores, tileRows * scorePitch),
		scorePitch,
		/** The transposed errors, [classes, rows]. */
		transposed: floats(places.transposed, classes * transposedPitch),
		transposedPitch,
		sums: floats(places.sums, classes * sumPitch),
		sumPitch,
		setWeights: (parameters: Float64Array): void => {
			for (let c = 0; c < classes; c++) {
				dense.set(parameters.subarray(c * (features + 1), c * (features + 1) + features), c * features);
				biases[c] = parameters[c * (features + 1) + features]!;
			}
			panels.pack(dense, weightShape, weights);
		},
		/** Rows beyond `count` keep earlier, finite numbers, which are multiplied by errors of 0. */
		setVectors: (vectors: Float32Array, count: number): void => {
			for (let r = 0; r < count; r++) {
				const row = r * features;
				tile.set(vectors.subarray(row, row + features), r * vectorPitch);
				for (let j = row; j < row + features; j++) packed[placeOf[j]!] = vectors[j]!;
			}
		},
		multiply: (what: "scores" | "gradient", rows: number): void => {
			words[block / 4] = rows;
			const step = what === "scores" ? 0 : 1;
			run(plan, step, step + 1, step + 1, block, 1);
		},
	};
}

/** The place of each number of a tile [rows, features] in the packing of its transpose. */
function placesOf(panels: Packing, features: number): Int32Array {
	const shape: Shape = [features, tileRows, 1, 1];
	// Numbers start from 1, because padding stays 0.
	const numbers = new Int32Array(features * tileRows);
	for (let j = 0; j < features; j++)
		for (let r = 0; r < tileRows; r++) numbers[j * tileRows + r] = r * features + j + 1;
	const packed = new Int32Array(panels.length(shape));
	panels.pack(numbers, shape, packed);
	const places = new Int32Array(numbers.length);
	for (const [place, number] of packed.entries()) if (number > 0) places[number - 1] = place;
	return places;
}
