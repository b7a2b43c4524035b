/**
 * Quantizes weights to codes from −127 to 127 with a scale per output channel and no zero point, and biases to 32 bits at
 * the scale of the sums to which they are added.
 */
import type { Layer } from "../network/layers.ts";
import type { Codes } from "../weights/parts.ts";
import { clamp, mostCode, roundAway } from "./codes.ts";

export interface IntegerWeights {
	/** Codes in the order of the weights: [outputChannels, …]. */
	readonly weights: Int8Array;
	/** One per channel. */
	readonly scales: Float32Array;
	readonly bias: Int32Array;
}

/** The largest bias, so that no sum of a layer exceeds 32 bits: 2^30 plus 2^16 products is less than 2^31. */
const mostBias = 2 ** 30;
/** The least factor from a layer's sums to its output codes; sums times less than this never reach another code. */
const leastMultiplier = 2 ** -24;
/** The scales tried for a spatial filter: from the least that covers its largest weight to this many times that. */
const largestTrial = 1.25;
const trials = 64;
/** Correlation of neighboring pixels under a 3×3 filter, roughly as in these networks. */
const correlation = 0.5;

/**
 * Quantizes a layer's weights, channel by channel, and its bias. A channel whose bias would not fit gets a larger scale
 * (TensorFlow Lite's rule); such channels died in training and output a constant.
 *
 * @param weights [outputChannels, …]
 * @param bias one per channel
 * @param input the meaning of the layer's input codes
 * @param output the meaning of its output codes
 */
export function quantizeWeights(
	layer: Layer,
	weights: Float32Array,
	bias: ArrayLike<number>,
	input: Codes,
	output: Codes,
): IntegerWeights {
	const channels = layer.outputChannels;
	const length = weights.length / channels;
	const codes = new Int8Array(weights.length);
	const scales = new Float32Array(channels);
	for (let c = 0; c < channels; c++) {
		const filter = weights.subarray(c * length, (c + 1) * length);
		scales[c] = Math.max(
			layer.kernel > 1 ? spatialScale(filter) : leastScale(filter),
			Math.abs(bias[c]!) / (input.scale * mostBias),
			(leastMultiplier * output.scale) / input.scale,
		);
		for (const [i, weight] of filter.entries()) codes[c * length + i] = codeOf(weight, scales[c]!);
	}
	return { weights: codes, scales, bias: quantizeBias(bias, input, scales) };
}

/** A bias at the scale of its layer's sums. */
export function quantizeBias(bias: ArrayLike<number>, input: Codes, scales: Float32Array): Int32Array {
	return Int32Array.from(bias, (b, c) =>
		clamp(roundAway(b / (input.scale * scales[c]!)), -mostBias, mostBias),
	);
}

function codeOf(weight: number, scale: number): number {
	return clamp(roundAway(weight / scale), -mostCode, mostCode);
}

/** The least scale at which no weight is clipped. */
function leastScale(filter: Float32Array): number {
	return Math.fround(filter.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0) / mostCode);
}

/**
 * The scale, of several, whose rounding errors harm the filter's sums least. Neighboring pixels are similar, so errors of
 * opposite signs cancel out: with correlation ρ between pixels, and the mean left to the bias, the expected squared error
 * is (1 − ρ) Σ error² + ρ (Σ error)².
 */
function spatialScale(filter: Float32Array): number {
	const least = leastScale(filter);
	const harm = (scale: number): number => {
		let [sum, squares] = [0, 0];
		for (const weight of filter) {
			const error = codeOf(weight, scale) * scale - weight;
			sum += error;
			squares += error ** 2;
		}
		return (1 - correlation) * squares + correlation * sum ** 2;
	};
	let best = { scale: least, harm: harm(least) };
	for (let i = 1; i < trials; i++) {
		const scale = Math.fround(least * (1 + ((largestTrial - 1) * i) / (trials - 1)));
		const tried = { scale, harm: harm(scale) };
		if (tried.harm < best.harm) best = tried;
	}
	return best.scale;
}
