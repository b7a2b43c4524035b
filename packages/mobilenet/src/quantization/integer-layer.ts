/**
 * A layer in integers, codes in and codes out, as the integer kernels compute it: sums of products of codes, the bias
 * added, one multiplication a channel to come to the codes of the output, the activation as bounds of those. It needs
 * no complete network, so that one can be made layer by layer.
 */
import type { LoadedBuild } from "../kernels/walker.ts";
import { isConvolution, type Layer } from "../network/layers.ts";
import type { Model } from "../weights/model.ts";
import type { Codes } from "../weights/parts.ts";
import { leastCode, mostCode } from "./codes.ts";
import type { IntegerWeights } from "./integer-weights.ts";
import { layerRunner } from "./layer-runner.ts";

/** Codes [inputSize, inputSize, inputChannels] in, codes [outputSize, outputSize, outputChannels] out. */
export type IntegerLayer = (input: Int8Array) => Int8Array;

export interface IntegerLayerOptions {
	/** The layer's weights; a pool has none. */
	readonly integers: IntegerWeights | undefined;
	readonly input: Codes;
	readonly output: Codes;
}

export function integerLayer(
	layer: Layer,
	{ integers, input, output }: IntegerLayerOptions,
	model: Model,
	loaded: LoadedBuild,
): IntegerLayer {
	const { outputChannels: channels, inputChannels, inputSize } = layer;
	const sumsOf = layerRunner(layer, Float32Array.from(integers?.weights ?? []), model, loaded);
	const bias = integers?.bias ?? new Int32Array(channels);
	const multipliers = Float64Array.from(
		bias,
		(_, c) => (input.scale * (integers?.scales[c] ?? 1)) / output.scale,
	);
	const [least, most] = boundsOf(layer, output, model);
	const words = new Float32Array(inputSize ** 2 * inputChannels);
	return (codes) => {
		for (let i = 0; i < codes.length; i++) words[i] = codes[i]! - input.zeroPoint;
		const sums = sumsOf(words);
		const result = new Int8Array(sums.length);
		for (let i = 0; i < sums.length; )
			for (let c = 0; c < channels; c++, i++) {
				const word = Math.min(Math.max((sums[i]! + bias[c]!) * multipliers[c]!, least), most);
				result[i] = Math.floor(word + 0.5) + output.zeroPoint;
			}
		return result;
	};
}

/** The least and the most that the output's codes less their zero point may be. */
function boundsOf(
	layer: Layer,
	{ scale, zeroPoint }: Codes,
	{ configuration }: Model,
): readonly [number, number] {
	const [least, most] = [leastCode - zeroPoint, mostCode - zeroPoint];
	if (!isConvolution(layer)) return [least, most];
	return [0, configuration.activation === "relu6" ? Math.min(most, Math.round(6 / scale)) : most];
}
