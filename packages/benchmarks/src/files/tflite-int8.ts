/**
 * A model of integers as a TensorFlow Lite file: int8 with a scale for every output channel of the weights, as
 * TensorFlow Lite's own converter writes it. The floats that come in are quantized by its first operator, and the
 * logits' codes become floats before the softmax: that is what ours does. The classifier is a convolution of one pixel,
 * as in Google's files.
 */
import type { Model } from "mobilenet";
import type { Layer } from "mobilenet/network";
import { wordsOf } from "../../../mobilenet/dist/engine/integers.js";
import { type Codes, partsOf, type WeightedParts } from "../../../mobilenet/dist/weights/parts.js";
import { integerParametersOf, permute } from "../weights.ts";
import {
	type Activation,
	type LiteGraph,
	layerOptions,
	liteGraph,
	type Operator,
	type Quantization,
	softmaxOptions,
	weightAxes,
} from "./tflite-graph.ts";

/** Operators in integers, and the version since which each takes int8. */
const convolution = { kind: "CONV_2D", version: 3 } as const;
const operators: Readonly<Record<Layer["kind"], { readonly kind: Operator; readonly version: number }>> = {
	convolution,
	pointwise: convolution,
	dense: convolution,
	depthwise: { kind: "DEPTHWISE_CONV_2D", version: 3 },
	pool: { kind: "AVERAGE_POOL_2D", version: 2 },
};

/** @param batch the pictures that every run brings */
export function writeIntegerTensorFlowLite(model: Model, batch: number): Uint8Array {
	const graph = liteGraph();
	const { tensor, operator, finish } = graph;
	const { size, inputChannels, classes, activation } = model.configuration;
	const inCodes = (name: string, shape: readonly number[], { scale, zeroPoint }: Codes): number =>
		tensor(name, { type: "int8", shape, quantization: { scales: [scale], zeroPoints: [zeroPoint] } });

	const parts = partsOf(model);
	const words = wordsOf(parts);
	let codes: Codes = words.get("input")!;
	const picture = [batch, size, size, inputChannels];
	const input = tensor("input", { type: "float32", shape: picture });
	let last = inCodes("input.codes", picture, codes);
	operator("QUANTIZE", 1, [input], last);
	for (const own of parts.layers) {
		const { layer } = own;
		const { name, kind, outputSize, outputChannels } = layer;
		const inputs = [last, ...(own.weight ? addParameters(graph, own, codes) : [])];
		codes = words.get(name)!;
		last = inCodes(name, [batch, outputSize, outputSize, outputChannels], codes);
		const options = layerOptions(layer, isActivated(layer) ? (activation as Activation) : "none");
		operator(operators[kind].kind, operators[kind].version, inputs, last, options);
	}
	const answers = [batch, 1, 1, classes];
	const logits = tensor("logits", { type: "float32", shape: answers });
	operator("DEQUANTIZE", 2, [last], logits);
	const output = tensor("probabilities", { type: "float32", shape: answers });
	operator("SOFTMAX", 1, [logits], output, softmaxOptions);
	return finish(input, output);
}

const isActivated = ({ kind }: Layer): boolean => kind !== "pool" && kind !== "dense";

/** Weights and bias of a layer as tensors of codes. */
function addParameters({ tensor }: LiteGraph, own: WeightedParts, input: Codes): readonly number[] {
	const { layer } = own;
	const { name, kind } = layer;
	const { weight, scales, bias, biasScales } = integerParametersOf(own, input);
	const { shape, axes } = weightAxes(layer);
	const sizes = axes.map((axis) => shape[axis]!);
	const perChannel = (values: Float32Array, axis: number): Quantization => ({
		scales: [...values],
		zeroPoints: new Array<number>(values.length).fill(0),
		axis,
	});
	return [
		tensor(`${name}.weight`, {
			type: "int8",
			shape: sizes,
			values: permute(weight, shape, axes),
			quantization: perChannel(scales, kind === "depthwise" ? 3 : 0),
		}),
		tensor(`${name}.bias`, {
			type: "int32",
			shape: [bias.length],
			values: bias,
			quantization: perChannel(biasScales, 0),
		}),
	];
}
