/**
 * Makes the integer network layer by layer, from the picture to the classifier. For each layer, the range of its output is
 * chosen (ranges.ts), its weights are quantized (integer-weights.ts), the bias corrects the mean error of that
 * (bias-correction.ts), and the calibration pictures go through the integer layer to the next one.
 *
 * The model has the form of TensorFlow Lite's integer files: weights from −127 to 127 with a scale per channel, activations
 * from −128 to 127 with a scale per layer, 32-bit biases, and pixels minus 128.
 */
import { pauses } from "../base/pauses.ts";
import type { LoadedBuild } from "../kernels/walker.ts";
import { headActivationOf, isPool, type Layer, layers } from "../network/layers.ts";
import { foldedWeights } from "../weights/fold.ts";
import type { Model } from "../weights/model.ts";
import { type Codes, type LayerParts, partsOf, tensorsOf, type WeightedParts } from "../weights/parts.ts";
import { int32 } from "../weights/tensor.ts";
import { correctedBias } from "./bias-correction.ts";
import type { Observation } from "./calibration.ts";
import { codesFor, leastCode } from "./codes.ts";
import type { Seen } from "./histogram.ts";
import { integerLayer } from "./integer-layer.ts";
import { type IntegerWeights, quantizeBias, quantizeWeights } from "./integer-weights.ts";
import { codesOfPixels, withPixelCodes } from "./pixel-codes.ts";
import { type RangeMethod, rangeOf } from "./ranges.ts";

/** Beyond this tanh and sigmoid differ from their limits by less than a code. */
const mostLinear = 8;
/** The most bytes of codes kept between two layers. Biases are corrected by as many of the first pictures as fit. */
const mostCodeBytes = 256 * 2 ** 20;

/** The number of pictures whose codes may be kept between two layers. */
export function correctingPictures({ configuration }: Model): number {
	const sizes = layers(configuration).map(
		({ inputSize, inputChannels, outputSize, outputChannels }) =>
			inputSize ** 2 * inputChannels + outputSize ** 2 * outputChannels,
	);
	return Math.max(1, Math.floor(mostCodeBytes / Math.max(...sizes)));
}

export interface IntegerNetworkOptions {
	readonly range: RangeMethod;
	readonly biasCorrection: boolean;
	readonly signal: AbortSignal | undefined;
	readonly onLayer: (done: number, total: number) => void;
}

/**
 * Makes the integer model.
 *
 * @param float a float32 network without batch norm
 * @param pictures prepared pictures; the first ones correct the biases
 */
export async function integerNetwork(
	float: Model,
	pictures: readonly Uint8Array[],
	observation: Observation,
	loaded: LoadedBuild,
	{ range, biasCorrection, signal, onLayer }: IntegerNetworkOptions,
): Promise<Model> {
	const { model, input } = withPixelCodes(float);
	const floatParts = partsOf(float).layers;
	const table = partsOf(model).layers;
	const quantized: LayerParts[] = [];

	const pause = pauses(signal);
	let codes = input;
	let inputs = pictures
		.slice(0, biasCorrection ? correctingPictures(model) : 0)
		.map((pixels) => codesOfPixels(pixels, model));
	let inputMean = observation.inputMean;
	for (const [n, own] of table.entries()) {
		const { layer } = own;
		const observed = observation.layers.get(layer.name)!;
		const output = outputCodes(layer, observed.seen, codes, range, model);
		const linear = linearCodes(layer, observed.seen, model);
		let integers: IntegerWeights | undefined;
		if (own.weight) {
			const { weight, bias } = foldedWeights(own);
			integers = quantizeWeights(layer, weight, bias, codes, linear ?? output);
			if (biasCorrection) {
				const floatLayer = { ...foldedWeights(floatParts[n] as WeightedParts), inputMean };
				const layerInput = { pictures: inputs, codes };
				const corrected = correctedBias(layer, floatLayer, integers, layerInput, model, loaded);
				integers = { ...integers, bias: quantizeBias(corrected, codes, integers.scales) };
			}
			quantized.push({ ...integerParts(layer, integers), output, linear, bounds: own.bounds });
		} else quantized.push({ layer, output });

		const run = integerLayer(layer, { integers, input: codes, output, linear }, model, loaded);
		const outputs: Int8Array[] = [];
		while (inputs.length > 0) {
			outputs.push(run(inputs.shift()!));
			await pause();
		}
		[codes, inputs, inputMean] = [output, outputs, observed.mean];
		onLayer(n + 1, table.length);
		await pause();
	}
	const { rounding: _, ...rest } = model;
	return { ...rest, tensors: tensorsOf({ input, layers: quantized }) };
}

/**
 * The meaning of a layer's output codes. The pool keeps those of its input. A dense layer's cover the whole range that was
 * seen, because the classifier's largest number is the answer; those of tanh and sigmoid are TensorFlow Lite's.
 */
function outputCodes(layer: Layer, seen: Seen, input: Codes, range: RangeMethod, model: Model): Codes {
	if (isPool(layer)) return input;
	const activation = headActivationOf(layer, model.configuration);
	if (activation === "tanh") return { scale: 1 / 128, zeroPoint: 0 };
	if (activation === "sigmoid") return { scale: 1 / 256, zeroPoint: leastCode };
	return codesFor(rangeOf(seen, layer.kind === "dense" ? "minmax" : range));
}

/**
 * What a dense layer's codes mean before tanh or sigmoid: numbers that give what was seen behind it, as far as codes can
 * tell.
 */
function linearCodes(layer: Layer, seen: Seen, model: Model): Codes | undefined {
	const activation = headActivationOf(layer, model.configuration);
	if (activation !== "tanh" && activation !== "sigmoid") return undefined;
	const inverse = (y: number): number => {
		const x = activation === "tanh" ? Math.atanh(y) : Math.log(y / (1 - y));
		return Math.min(mostLinear, Math.max(-mostLinear, Number.isNaN(x) ? 0 : x));
	};
	const [low, high] = rangeOf(seen, "minmax");
	return codesFor([inverse(low), inverse(high)]);
}

/** Weights with a scale per channel and zero points of 0. */
function integerParts(layer: Layer, { weights, scales, bias }: IntegerWeights): WeightedParts {
	return {
		layer,
		weight: { dtype: "I8", shape: layer.weightShape, data: weights },
		codes: { scale: [...scales], zeroPoint: new Array<number>(scales.length).fill(0) },
		bias: int32(bias),
	};
}
