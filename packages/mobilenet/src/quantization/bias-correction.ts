/**
 * Rounding weights and activations makes a layer's sums not only inexact but shifted: in a channel of nine weights, the
 * errors do not cancel out. The mean shift of each channel's sums over the calibration pictures is subtracted from its
 * bias. Sums are linear in the input, so the mean sums are those of the mean input, which is run once.
 *
 * Source: Nagel and others 2019, "Data-Free Quantization Through Weight Equalization and Bias Correction", section 4.2
 * and appendix D.
 */
import type { LoadedBuild } from "../kernels/walker.ts";
import type { Layer } from "../network/layers.ts";
import type { FoldedWeights } from "../weights/fold.ts";
import type { Model } from "../weights/model.ts";
import type { Codes } from "../weights/parts.ts";
import type { IntegerWeights } from "./integer-weights.ts";
import { layerRunner } from "./layer-runner.ts";

/** A float layer and its mean input. */
export interface FloatLayer extends FoldedWeights {
	readonly inputMean: Float32Array;
}

/**
 * The bias with which the integer layer gives the same mean sums as the float layer, channel by channel.
 *
 * @param input the integer layer's input codes, picture by picture, and their meaning
 */
export function correctedBias(
	layer: Layer,
	float: FloatLayer,
	integers: IntegerWeights,
	input: { readonly pictures: readonly Int8Array[]; readonly codes: Codes },
	model: Model,
	loaded: LoadedBuild,
): Float64Array {
	const { scale, zeroPoint } = input.codes;
	const words = meanOf(input.pictures).map((code) => code - zeroPoint);
	const expected = meanSums(layer, float.weight, float.inputMean, model, loaded);
	const actual = meanSums(layer, Float32Array.from(integers.weights), words, model, loaded);
	return Float64Array.from(
		float.bias,
		(bias, c) => bias + expected[c]! - actual[c]! * scale * integers.scales[c]!,
	);
}

/** The mean of each channel's sums over all positions, without bias. */
function meanSums(
	layer: Layer,
	weights: Float32Array,
	input: Float32Array,
	model: Model,
	loaded: LoadedBuild,
): Float64Array {
	const channels = layer.outputChannels;
	const means = new Float64Array(channels);
	const sums = layerRunner(layer, weights, model, loaded)(input);
	for (let i = 0; i < sums.length; ) for (let c = 0; c < channels; c++, i++) means[c]! += sums[i]!;
	return means.map((sum) => (sum * channels) / sums.length);
}

function meanOf(pictures: readonly Int8Array[]): Float32Array {
	const sum = new Float64Array(pictures[0]!.length);
	for (const codes of pictures) for (let i = 0; i < sum.length; i++) sum[i]! += codes[i]!;
	return Float32Array.from(sum, (x) => x / pictures.length);
}
