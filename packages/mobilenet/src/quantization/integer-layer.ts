/**
 * One integer layer, from codes to codes, computed like the integer kernels: sums of products of words (code − zero point),
 * plus the bias, times one multiplier per channel, within bounds that apply the activation. It does not need a complete
 * network, so a network can be quantized layer by layer.
 */
import { lookup } from "../engine/integers.ts";
import { leastWord } from "../kernels/reference/int8-lookup.ts";
import type { LoadedBuild } from "../kernels/walker.ts";
import { headActivationOf, isConvolution, type Layer } from "../network/layers.ts";
import type { Model } from "../weights/model.ts";
import { type Codes, ownBounds } from "../weights/parts.ts";
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
	const [least, most] = boundsOf(layer, linear ?? output, model);
	const table =
		linear &&
		lookup(layer, model, { ...linear, ...wordsOfCodes(linear) }, { ...output, ...wordsOfCodes(output) });
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

function wordsOfCodes({ zeroPoint }: Pick<Codes, "zeroPoint">): {
	readonly low: number;
	readonly high: number;
} {
	return { low: leastCode - zeroPoint, high: mostCode - zeroPoint };
}

/** The bounds of the output's words (code − zero point). */
function boundsOf(
	layer: Layer,
	{ scale, zeroPoint }: Codes,
	{ configuration, tensors }: Model,
): readonly [number, number] {
	const { low: least, high: most } = wordsOfCodes({ zeroPoint });
	const own = ownBounds(tensors, layer);
	if (own)
		return [Math.max(least, Math.round(own.low / scale)), Math.min(most, Math.round(own.high / scale))];
	const activation = isConvolution(layer) ? configuration.activation : headActivationOf(layer, configuration);
	if (activation !== "relu" && activation !== "relu6") return [least, most];
	return [Math.max(least, 0), activation === "relu6" ? Math.min(most, Math.round(6 / scale)) : most];
}
