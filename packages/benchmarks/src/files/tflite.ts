/**
 * A folded model as a TensorFlow Lite file: convolutions with their activation inside, pool, fully connected,
 * softmax; NHWC.
 */
import type { Model } from "mobilenet";
import type { Layer } from "mobilenet/network";
import { foldedWeights } from "../../../mobilenet/dist/weights/fold.js";
import { partsOf, type WeightedParts } from "../../../mobilenet/dist/weights/parts.js";
import { permute } from "../weights.ts";
import {
	type Activation,
	type LiteGraph,
	layerOptions,
	liteGraph,
	type Operator,
	softmaxOptions,
	weightAxes,
} from "./tflite-graph.ts";

const operators: Readonly<Record<Layer["kind"], Operator>> = {
	convolution: "CONV_2D",
	pointwise: "CONV_2D",
	depthwise: "DEPTHWISE_CONV_2D",
	pool: "AVERAGE_POOL_2D",
	dense: "FULLY_CONNECTED",
};

/** @param batch the pictures that every run brings */
export function writeTensorFlowLite(model: Model, batch: number): Uint8Array {
	const graph = liteGraph();
	const float = (name: string, shape: readonly number[]): number =>
		graph.tensor(name, { type: "float32", shape });
	const { size, inputChannels, classes, activation } = model.configuration;
	const input = float("input", [batch, size, size, inputChannels]);
	let last = input;
	for (const own of partsOf(model).layers) {
		const { layer } = own;
		const { name, kind, outputSize, outputChannels } = layer;
		const inputs = [last, ...(own.weight ? addParameters(graph, own) : [])];
		const shape = kind === "dense" ? [] : [outputSize, outputSize];
		last = float(name, [batch, ...shape, outputChannels]);
		const options = kind === "dense" ? [] : layerOptions(layer, activation as Activation);
		graph.operator(operators[kind], 1, inputs, last, options);
	}
	const output = float("probabilities", [batch, classes]);
	graph.operator("SOFTMAX", 1, [last], output, softmaxOptions);
	return graph.finish(input, output);
}

/** Weights and bias of a layer as tensors. */
function addParameters({ tensor }: LiteGraph, own: WeightedParts): readonly number[] {
	const { name, kind, weightShape } = own.layer;
	const { weight, bias } = foldedWeights(own);
	const { shape, axes } = weightAxes(own.layer);
	const sizes = kind === "dense" ? weightShape : axes.map((axis) => shape[axis]!);
	const values = permute(weight, shape, axes);
	return [
		tensor(`${name}.weight`, { type: "float32", shape: sizes, values }),
		tensor(`${name}.bias`, { type: "float32", shape: [bias.length], values: bias }),
	];
}
