/**
 * Which of its two ways of integer arithmetic TensorFlow Lite runs a network in. Its interpreter hands every operator that
 * XNNPACK can take to XNNPACK, and runs the others by kernels of its own, which round otherwise. In a network of integers
 * XNNPACK takes every convolution with a bias, weights whose scales lie along their output channels (or one scale, of
 * uint8 any zero point), and a single scale in and out. Up to TensorFlow 2.16 it took no part of a network that computes
 * shapes as it runs; a file that an older converter wrote so is read as the TensorFlow of its time ran it.
 *
 * Source: `tflite/delegates/xnnpack/xnnpack_delegate.cc` of LiteRT 2.3 (`VisitConv2DNode`, `VisitDepthwiseConv2DNode` and
 * what they check; `GetXNNPackDelegateFlags`, for shapes left open). That these are taken was measured: TensorFlow
 * 2.15.1 and 2.16.2 do not, 2.17.1, 2.18.1, 2.21.0 and LiteRT 2.3.0 do.
 */
import type { Rounding } from "../../weights/model.ts";
import { dataIndex, type Graph, type GraphQuantization, type Operator, tensorAt } from "./graph.ts";
import { converterOf } from "./metadata.ts";

/** The axis of the output channels, by operator. */
const outputAxes: Readonly<Record<string, number>> = { CONV_2D: 0, DEPTHWISE_CONV_2D: 3 };

/** The first TensorFlow whose XNNPACK takes networks that leave shapes open. */
const takesOpenShapes = [2, 17] as const;

/** @param operators those of the chain */
export function roundingOf(graph: Graph, operators: readonly Operator[]): Rounding {
	if (graph.operators.some(({ name }) => name === "SHAPE") && isOlder(converterOf(graph))) return "reference";
	const convolutions = operators.filter(({ name }) => Object.hasOwn(outputAxes, name));
	const taken = convolutions.filter((operator) => isTaken(graph, operator));
	// A network has one rounding: that of most of its convolutions.
	return taken.length * 2 >= convolutions.length ? "xnnpack" : "reference";
}

function isOlder(version: string | undefined): boolean {
	const [, major, minor] = /^(\d{1,4})\.(\d{1,4})/.exec(version ?? "") ?? [];
	if (major === undefined) return false;
	const [first, second] = takesOpenShapes;
	return Number(major) < first || (Number(major) === first && Number(minor) < second);
}

function isTaken(graph: Graph, operator: Operator): boolean {
	const { name, inputs, outputs } = operator;
	const [, weight = -1, bias = -1] = inputs;
	if (bias === -1) return false;
	const [from, to] = [tensorAt(graph, dataIndex(graph, operator)), tensorAt(graph, outputs[0] ?? -1)];
	const [weights, biases] = [tensorAt(graph, weight), tensorAt(graph, bias)];
	return (
		[to, weights].every(({ type }) => type === from.type) &&
		biases.type === "int32" &&
		[from, to].every(({ quantization }) => fits(quantization, 0, 1)) &&
		fits(
			weights.quantization,
			outputAxes[name]!,
			from.type === "uint8" ? 1 : weights.shape[outputAxes[name]!]!,
		) &&
		fits(biases.quantization, 0, biases.shape[0] ?? 1) &&
		(weights.quantization!.scale.length === 1 ||
			weights.quantization!.zeroPoint.every((zero) => zero === 0)) &&
		biases.quantization!.zeroPoint.every((zero) => zero === 0)
	);
}

/** Whether there is one scale, or up to `most` along an axis. */
function fits(quantization: GraphQuantization | undefined, axis: number, most: number): boolean {
	if (!quantization) return false;
	const { scale, dimension } = quantization;
	if (!scale.every((value) => value > 0)) return false;
	return scale.length === 1
		? dimension === 0 || dimension === axis
		: scale.length <= most && dimension === axis;
}
