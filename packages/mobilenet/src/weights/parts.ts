/**
 * A model's tensors as layers in order, each with its weights, bias, batch norm and quantization; and the way back to
 * tensors by name. Code that computes with a layer takes its parts from here, and code that makes a model writes parts;
 * only this file and names.ts know the tensors' names. Tensors are shared, never copied.
 */
import { MobileNetError, shown } from "../base/error.ts";
import { isPool, type Layer, layers } from "../network/layers.ts";
import { float32Of, isFloat } from "./float.ts";
import type { Model } from "./model.ts";
import {
	boundsName,
	type CodeNames,
	inputNames,
	inputTableName,
	linearNames,
	type NormNames,
	namesOf,
	normParts,
	outputNames,
} from "./names.ts";
import { float32, int32, type Tensor } from "./tensor.ts";

/** What the codes of an activation stand for: real = scale · (code − zeroPoint). */
export interface Codes {
	readonly scale: number;
	readonly zeroPoint: number;
}

/** What the codes of weights stand for: one scale and zero point, or one per output channel. `perChannel` reads both. */
export interface Quantization {
	readonly scale: readonly number[];
	readonly zeroPoint: readonly number[];
}

/** Batch norm after a convolution: γ, β, μ and σ², one of each per channel. */
export interface BatchNorm {
	readonly weight: Tensor;
	readonly bias: Tensor;
	readonly mean: Tensor;
	readonly variance: Tensor;
}

/** The limits to which a layer's output is clipped. */
export interface Bounds {
	readonly low: number;
	readonly high: number;
}

/** A convolution or a dense layer. */
export interface WeightedParts {
	readonly layer: Layer;
	/** Of the shape `layer.weightShape`. */
	readonly weight: Tensor;
	readonly bias?: Tensor | undefined;
	readonly norm?: BatchNorm | undefined;
	/** For an integer weight. An integer bias has the scale of the layer's input times this scale. */
	readonly codes?: Quantization | undefined;
	/** What the layer's output codes stand for. */
	readonly output?: Codes | undefined;
	/**
	 * In the place of the configuration's activation: what the codes of the layer can say, where a file of integers leaves
	 * the activation to their saturation. Kept when the layer is dequantized.
	 */
	readonly bounds?: Bounds | undefined;
	/** Of a convolution with leaky ReLU, a dense layer with tanh or sigmoid: what its codes stand for before that. */
	readonly linear?: Codes | undefined;
}

/** The pool, which has no weights. Its output has the codes of its input, unless it has its own `output`. */
export interface PoolParts {
	readonly layer: Layer;
	readonly weight?: undefined;
	readonly bias?: undefined;
	readonly norm?: undefined;
	readonly codes?: undefined;
	readonly output?: Codes | undefined;
	readonly bounds?: undefined;
	readonly linear?: undefined;
}

export type LayerParts = WeightedParts | PoolParts;

export interface ModelParts {
	/** What the codes of the picture stand for. */
	readonly input?: Codes | undefined;
	/**
	 * The code of each value of a pixel, [1 or one a channel, 256], where the network's own integers make it of the pixel
	 * otherwise than preprocessing and `input` do.
	 */
	readonly inputTable?: Tensor | undefined;
	/** All layers of the network, in order. */
	readonly layers: readonly LayerParts[];
}

/**
 * The parts of a model.
 *
 * @param model a model that `checkTensors` accepts; tensors that belong to no layer are left out
 * @throws MobileNetError `broken-file` if a weight, a part of a batch norm, a scale or a zero point is missing
 * @example
 * partsOf(model).layers[0]?.weight // the tensor stem.conv.weight
 */
export function partsOf({ configuration, tensors }: Pick<Model, "configuration" | "tensors">): ModelParts {
	return {
		input: activationCodes(tensors, inputNames),
		inputTable: tensors.get(inputTableName),
		layers: layers(configuration).map((layer): LayerParts => {
			const output = activationCodes(tensors, outputNames(layer));
			return isPool(layer)
				? { layer, output }
				: {
						...weightsOf(tensors, layer),
						output,
						bounds: ownBounds(tensors, layer),
						linear: activationCodes(tensors, linearNames(layer)),
					};
		}),
	};
}

/**
 * The tensors of these parts by their canonical names: the inverse of `partsOf`.
 *
 * @example
 * { ...model, tensors: tensorsOf({ layers: parts.layers.map(change) }) }
 */
export function tensorsOf({ input, inputTable, layers: parts }: ModelParts): Map<string, Tensor> {
	const tensors = new Map<string, Tensor>();
	const setCodes = (names: CodeNames, scale: ArrayLike<number>, zeroPoint: ArrayLike<number>): void => {
		tensors.set(names.scale, float32(scale));
		tensors.set(names.zeroPoint, int32(zeroPoint));
	};
	if (input) setCodes(inputNames, [input.scale], [input.zeroPoint]);
	if (inputTable) tensors.set(inputTableName, inputTable);
	for (const own of parts) {
		if (own.weight) {
			const { weight, bias, norm, codes } = own;
			const names = namesOf(own.layer);
			tensors.set(names.weight, weight);
			if (codes) setCodes(names.codes, codes.scale, codes.zeroPoint);
			if (bias) tensors.set(names.bias, bias);
			if (norm && names.norm) for (const part of normParts) tensors.set(names.norm[part], norm[part]);
		}
		const { layer, output, bounds, linear } = own;
		if (linear) setCodes(linearNames(layer), [linear.scale], [linear.zeroPoint]);
		if (bounds) tensors.set(boundsName(layer), float32([bounds.low, bounds.high]));
		if (output) setCodes(outputNames(layer), [output.scale], [output.zeroPoint]);
	}
	return tensors;
}

/** The layers that have weights: all except the pool. */
export function weightedParts(model: Pick<Model, "configuration" | "tensors">): readonly WeightedParts[] {
	return partsOf(model).layers.filter((parts) => parts.weight !== undefined);
}

/**
 * The value that holds for a channel, of one for all channels or one per channel.
 *
 * @example
 * perChannel([0.5], 7) // 0.5
 */
export function perChannel(values: ArrayLike<number>, channel: number): number {
	return values[values.length === 1 ? 0 : channel]!;
}

function weightsOf(tensors: Model["tensors"], layer: Layer): WeightedParts {
	const names = namesOf(layer);
	const weight = required(tensors, names.weight, layer.weightShape);
	const bias = tensors.get(names.bias);
	const isQuantized = !isFloat(weight) || (bias !== undefined && !isFloat(bias));
	return {
		layer,
		weight,
		bias,
		norm: names.norm && normOf(tensors, names.norm, layer.outputChannels),
		codes: isQuantized ? codesOf(tensors, names.codes, layer.outputChannels) : undefined,
	};
}

function normOf(tensors: Model["tensors"], names: NormNames, channels: number): BatchNorm | undefined {
	if (!normParts.some((part) => tensors.has(names[part]))) return undefined;
	const [weight, bias, mean, variance] = normParts.map((part) => required(tensors, names[part], [channels]));
	return { weight: weight!, bias: bias!, mean: mean!, variance: variance! };
}

/** The limits to which a layer's output is clipped instead of its activation; undefined for most layers. */
export function ownBounds(tensors: Model["tensors"], layer: Layer): Bounds | undefined {
	const name = boundsName(layer);
	if (!tensors.has(name)) return undefined;
	const tensor = required(tensors, name, [2]);
	const [low, high] = isFloat(tensor) ? float32Of(tensor) : tensor.data;
	return { low: low!, high: high! };
}

function activationCodes(tensors: Model["tensors"], names: CodeNames): Codes | undefined {
	if (!tensors.has(names.scale)) return undefined;
	const { scale, zeroPoint } = codesOf(tensors, names, 1);
	return { scale: scale[0]!, zeroPoint: zeroPoint[0]! };
}

/** Scales and zero points: one, or `channels` of them. */
function codesOf(tensors: Model["tensors"], names: CodeNames, channels: number): Quantization {
	const values = (name: string): number[] => {
		const tensor = tensors.get(name);
		const count = tensor?.data.length;
		if (tensor && (count === 1 || count === channels))
			return Array.from(isFloat(tensor) ? float32Of(tensor) : tensor.data);
		throw new MobileNetError(
			"broken-file",
			`${name} must hold ${channels === 1 ? "one number" : `one number or ${channels}`}, but ${
				tensor ? `it has the shape ${shown(tensor.shape)}` : "it is missing"
			}.`,
		);
	};
	return { scale: values(names.scale), zeroPoint: values(names.zeroPoint) };
}

function required(tensors: Model["tensors"], name: string, shape: readonly number[]): Tensor {
	const tensor = tensors.get(name);
	if (tensor) return tensor;
	throw new MobileNetError(
		"broken-file",
		`the tensor ${name} must have the shape ${shown(shape)} in this network, but it is missing.`,
	);
}
