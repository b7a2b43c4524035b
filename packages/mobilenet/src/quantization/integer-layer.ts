/**
 * One integer layer, from codes to codes, computed like the integer kernels: sums of products of words (code − zero point),
 * plus the bias, times one multiplier per channel, within bounds that apply the activation. It does not need a complete
 * network, so a network can be quantized layer by layer.
 */
import { lookup, type Words, wordBounds } from "../engine/integers.ts";
import { leastWord } from "../kernels/reference/int8-lookup.ts";
import type { LoadedBuild } from "../kernels/walker.ts";
import type { Layer } from "../network/layers.ts";
import type { Model } from "../weights/model.ts";
import type { Codes } from "../weights/parts.ts";
import { leastCode, mostCode } from "./codes.ts";
import type { IntegerWeights } from "./integer-weights.ts";
import { layerRunner } from "./layer-runner.ts";

/** Maps codes [inputSize, inputSize, inputChannels] to codes [outputSize, outputSize, outputChannels]. */
export type IntegerLayer = (input: Int8Array) => Int8Array;

export interface IntegerLayerOptions {
	/** The layer's weights; undefined for the pool. */
	readonly integers: IntegerWeights | undefined;
	readonly input: Codes;
	readonly output: Codes;
	/** Of a dense layer with tanh or sigmoid: what codes mean before that. */
	readonly linear?: Codes | undefined;
}

export function integerLayer(
	layer: Layer,
	{ integers, input, output, linear }: IntegerLayerOptions,
	model: Model,
	loaded: LoadedBuild,
): IntegerLayer {
	const { outputChannels: channels, inputChannels, inputSize } = layer;
	const sumsOf = layerRunner(layer, Float32Array.from(integers?.weights ?? []), model, loaded);
	const bias = integers?.bias ?? new Int32Array(channels);
	const multipliers = Float64Array.from(
		bias,
		(_, c) => (input.scale * (integers?.scales[c] ?? 1)) / (linear ?? output).scale,
	);
	const [least, most] = wordBounds(model, layer, wordsOf(linear ?? output));
	const table = linear && lookup(layer, model, wordsOf(linear), wordsOf(output));
	const words = new Float32Array(inputSize ** 2 * inputChannels);
	return (codes) => {
		for (let i = 0; i < codes.length; i++) words[i] = codes[i]! - input.zeroPoint;
		const sums = sumsOf(words);
		const result = new Int8Array(sums.length);
		for (let i = 0; i < sums.length; )
			for (let c = 0; c < channels; c++, i++) {
				const word = Math.min(Math.max((sums[i]! + bias[c]!) * multipliers[c]!, least), most);
				const rounded = Math.floor(word + 0.5);
				result[i] = (table ? table[rounded - leastWord]! : rounded) + output.zeroPoint;
			}
		return result;
	};
}

/** The words (code − zero point) of int8 codes. */
function wordsOf(codes: Codes): Words {
	return { ...codes, low: leastCode - codes.zeroPoint, high: mostCode - codes.zeroPoint };
}
