/**
 * The network of integers, made layer by layer from the picture to the classifier: the range of what a layer gives out
 * is chosen (ranges.ts), its weights become integers (integer-weights.ts), the bias makes up for what that changes on
 * average (bias-correction.ts), and the calibration pictures go through it in integers to the next layer.
 *
 * The model is laid out as TensorFlow Lite's integer files: weights by channel from −127 to 127, activations from −128
 * to 127 with one scale a layer, biases of 32 bits, pixels as they are less 128.
 */
import { pauses } from "../base/pauses.ts";
import type { LoadedBuild } from "../kernels/walker.ts";
import { type Layer, layers } from "../network/layers.ts";
import { foldedWeights } from "../weights/fold.ts";
import type { Model } from "../weights/model.ts";
import { type Codes, type LayerParts, partsOf, tensorsOf, type WeightedParts } from "../weights/parts.ts";
import { int32 } from "../weights/tensor.ts";
import { correctedBias } from "./bias-correction.ts";
import type { Observation } from "./calibration.ts";
import { codesFor } from "./codes.ts";
import type { Seen } from "./histogram.ts";
import { integerLayer } from "./integer-layer.ts";
import { type IntegerWeights, quantizeBias, quantizeWeights } from "./integer-weights.ts";
import { codesOfPixels, withPixelCodes } from "./pixel-codes.ts";
import { type RangeMethod, rangeOf } from "./ranges.ts";

/** Bytes of codes that wait between two layers; with more pictures than that only the first correct the biases. */
const mostCodeBytes = 256 * 2 ** 20;

/** How many pictures' codes may wait between two layers at a time. */
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
 * A model of integers.
 *
 * @param float a network of float32 without batch norm
 * @param pictures prepared; the first of them correct the biases
 */
export async function integerNetwork(
	float: Model,
	pictures: readonly Uint8Array[],
	observation: Observation,
	loaded: LoadedBuild,
	{ range, biasCorrection, signal, onLayer }: IntegerNetworkOptions,
): Promise<Model> {
	const { model, input } = withPixelCodes(float);
	const real = partsOf(float).layers;
	const table = partsOf(model).layers;
	const made: LayerParts[] = [];

	const pause = pauses(signal);
	let codes = input;
	let waiting = pictures
		.slice(0, biasCorrection ? correctingPictures(model) : 0)
		.map((pixels) => codesOfPixels(pixels, model));
	let inputMean = observation.inputMean;
	for (const [n, own] of table.entries()) {
		const { layer } = own;
		const observed = observation.layers.get(layer.name)!;
		const output = outputCodes(layer, observed.seen, codes, range);
		let integers: IntegerWeights | undefined;
		if (own.weight) {
			const { weight, bias } = foldedWeights(own);
			integers = quantizeWeights(layer, weight, bias, codes, output);
			if (biasCorrection) {
				const realLayer = { ...foldedWeights(real[n] as WeightedParts), inputMean };
				const given = { pictures: waiting, codes };
				const corrected = correctedBias(layer, realLayer, integers, given, model, loaded);
				integers = { ...integers, bias: quantizeBias(corrected, codes, integers.scales) };
			}
			made.push({ ...integerParts(layer, integers), output });
		} else made.push({ layer, output });

		const run = integerLayer(layer, { integers, input: codes, output }, model, loaded);
		const next: Int8Array[] = [];
		while (waiting.length > 0) {
			next.push(run(waiting.shift()!));
			await pause();
		}
		[codes, waiting, inputMean] = [output, next, observed.mean];
		onLayer(n + 1, table.length);
		await pause();
	}
	const { rounding: _, ...rest } = model;
	return { ...rest, tensors: tensorsOf({ input, layers: made }) };
}

/**
 * What a layer's codes stand for. A pool keeps those that it takes. The classifier's cover all that was seen: its
 * largest number is the answer.
 */
function outputCodes(layer: Layer, seen: Seen, input: Codes, range: RangeMethod): Codes {
	if (layer.kind === "pool") return input;
	return codesFor(rangeOf(seen, layer.kind === "dense" ? "minmax" : range));
}

/** Weights have a scale for every channel, and zero points of 0. */
function integerParts(layer: Layer, { weights, scales, bias }: IntegerWeights): WeightedParts {
	return {
		layer,
		weight: { dtype: "I8", shape: layer.weightShape, data: weights },
		codes: { scale: [...scales], zeroPoint: new Array<number>(scales.length).fill(0) },
		bias: int32(bias),
	};
}
