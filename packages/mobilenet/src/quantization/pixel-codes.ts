/**
 * Pixels as the network's first codes. A pixel of 0…255 minus 128 is a code, if preprocessing subtracts one whole number
 * and divides by one number. Any other preprocessing is reduced to that by changing the first layer so that it gives the
 * same sums: the channels' deviations go into its weights, the rest of their means into its bias. This is exact except at
 * the edge of the picture, where zeros stand for the mean.
 */
import { foldedWeights } from "../weights/fold.ts";
import type { Model, Preprocessing } from "../weights/model.ts";
import { type Codes, type LayerParts, partsOf, tensorsOf, type WeightedParts } from "../weights/parts.ts";
import { float32 } from "../weights/tensor.ts";
import { leastCode } from "./codes.ts";

/**
 * Changes a network so that its input codes are pixels minus 128, and returns the meaning of those codes.
 *
 * @param folded a float32 network without batch norm
 */
export function withPixelCodes(folded: Model): { readonly model: Model; readonly input: Codes } {
	const { preprocessing, configuration } = folded;
	const { inputChannels: channels } = configuration;
	const { mean, std } = preprocessing;
	const average = mean.reduce((sum, m) => sum + m, 0) / channels;
	const middle = Math.min(Math.max(Math.round(average), 0), 255);
	const deviation = std.reduce((sum, s) => sum + s, 0) / channels;
	const input = { scale: Math.fround(1 / deviation), zeroPoint: middle + leastCode };
	if (mean.every((m) => m === middle) && std.every((s) => s === deviation)) return { model: folded, input };

	const [stem, ...others] = partsOf(folded).layers as readonly [WeightedParts, ...LayerParts[]];
	const { weight, bias } = foldedWeights(stem);
	const [weights, biases] = [new Float32Array(weight.length), Float64Array.from(bias)];
	const taps = 9;
	for (let o = 0, i = 0; o < biases.length; o++)
		for (let c = 0; c < channels; c++)
			for (let t = 0; t < taps; t++, i++) {
				const w = weight[i]!;
				weights[i] = (w * deviation) / std[c]!;
				biases[o]! += (w * (middle - mean[c]!)) / std[c]!;
			}
	const changed = { ...stem, weight: float32(weights, stem.layer.weightShape), bias: float32(biases) };
	return {
		input,
		model: {
			...folded,
			tensors: tensorsOf({ layers: [changed, ...others] }),
			preprocessing: {
				...preprocessing,
				mean: mean.map(() => middle),
				std: std.map(() => deviation),
			},
		},
	};
}

/** Converts the pixels of a prepared picture to codes, in the network's channel order. */
export function codesOfPixels(pixels: Uint8Array, { configuration, preprocessing }: Model): Int8Array {
	const channels = networkChannels(configuration.inputChannels, preprocessing.channelOrder);
	const codes = new Int8Array(pixels.length);
	for (let i = 0; i < pixels.length; i += channels.length)
		for (const [c, from] of channels.entries()) codes[i + c] = pixels[i + from]! + leastCode;
	return codes;
}

/** For every channel of the network, the number of the picture's channel (red, green, blue). */
export function networkChannels(count: number, order: Preprocessing["channelOrder"]): readonly number[] {
	return Array.from({ length: count }, (_, c) => (order === "bgr" && count >= 3 && c < 3 ? 2 - c : c));
}
