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
import { isConvolution, type Layer, layers } from "../network/layers.ts";
import { weightShape } from "../weights/check.ts";
import type { Model, Tensor } from "../weights/model.ts";
import { correctedBias } from "./bias-correction.ts";
import type { Observation } from "./calibration.ts";
import { type Codes, codesFor } from "./codes.ts";
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
	const tensors = new Map<string, Tensor>(codesAs("input", input));
	const table = layers(model.configuration);

	const pause = pauses(signal);
	let codes = input;
	let waiting = pictures
		.slice(0, biasCorrection ? correctingPictures(model) : 0)
		.map((pixels) => codesOfPixels(pixels, model));
	let inputMean = observation.inputMean;
	for (const [n, layer] of table.entries()) {
		const observed = observation.layers.get(layer.name)!;
		const output = outputCodes(layer, observed.seen, codes, range);
		let integers: IntegerWeights | undefined;
		if (layer.kind !== "pool") {
			const [weight, bias] = [`${prefixOf(layer)}.weight`, `${prefixOf(layer)}.bias`];
			integers = quantizeWeights(layer, real(model, weight), real(model, bias), codes, output);
			if (biasCorrection) {
				const realLayer = { weights: real(float, weight), bias: real(float, bias), inputMean };
				const given = { pictures: waiting, codes };
				const corrected = correctedBias(layer, realLayer, integers, given, model, loaded);
				integers = { ...integers, bias: quantizeBias(corrected, codes, integers.scales) };
			}
			for (const [name, tensor] of weightsAs(layer, integers)) tensors.set(name, tensor);
		}
		for (const [name, tensor] of codesAs(`${layer.name}.output`, output)) tensors.set(name, tensor);

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
	return { ...rest, tensors };
}

/**
 * What a layer's codes stand for. A pool keeps those that it takes. The classifier's cover all that was seen: its
 * largest number is the answer.
 */
function outputCodes(layer: Layer, seen: Seen, input: Codes, range: RangeMethod): Codes {
	if (layer.kind === "pool") return input;
	return codesFor(rangeOf(seen, layer.kind === "dense" ? "minmax" : range));
}

/** How the names of a layer's tensors begin. */
export function prefixOf(layer: Layer): string {
	return isConvolution(layer) ? `${layer.name}.conv` : layer.name;
}

/** A tensor of float32. */
export function real({ tensors }: Model, name: string): Float32Array {
	return (tensors.get(name) as Extract<Tensor, { dtype: "F32" }>).data;
}

function weightsAs(
	layer: Layer,
	{ weights, scales, bias }: IntegerWeights,
): readonly (readonly [string, Tensor])[] {
	const [prefix, shape] = [prefixOf(layer), [bias.length]];
	return [
		[`${prefix}.weight`, { dtype: "I8", shape: weightShape(layer), data: weights }],
		[`${prefix}.scale`, { dtype: "F32", shape, data: scales }],
		[`${prefix}.zero_point`, { dtype: "I32", shape, data: new Int32Array(bias.length) }],
		[`${prefix}.bias`, { dtype: "I32", shape, data: bias }],
	];
}

function codesAs(prefix: string, { scale, zeroPoint }: Codes): readonly (readonly [string, Tensor])[] {
	return [
		[`${prefix}.scale`, { dtype: "F32", shape: [1], data: Float32Array.of(scale) }],
		[`${prefix}.zero_point`, { dtype: "I32", shape: [1], data: Int32Array.of(zeroPoint) }],
	];
}
