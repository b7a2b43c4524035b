/**
 * Reads TensorFlow Lite files (.tflite): the chain of layers, with weights as the file has them (float32, half
 * floats, codes of 8 bits with their scales), what it says of its input, and the labels that it carries.
 */

import type { Preprocessing } from "../../weights/model.ts";
import type { Chain } from "../chain/chain.ts";
import { blackCode, codesArePixels, usualForCodes } from "../chain/pixels-as-codes.ts";
import type { ModelFile } from "../file.ts";
import { originIn } from "../origin-text.ts";
import { text } from "./flatbuffer.ts";
import {
	broken,
	described,
	foreign,
	type Graph,
	type GraphTensor,
	type Operator,
	openGraph,
	operatorsOf,
	tensorAt,
	unsupported,
} from "./graph.ts";
import { knownOperators, layersOf } from "./layers.ts";
import { type Carried, carriedWith } from "./metadata.ts";
import { codesOf } from "./operator.ts";
import { roundingOf } from "./runtime.ts";
import { fields } from "./schema.ts";

type Input = NonNullable<Chain["input"]>;

/** An input of more channels is no picture. */
const mostChannels = 4096;
const ownCodesNote =
	"It takes floats and makes integers of them itself; its preprocessing is taken from the range for which it does so.";
const oddBiasNote =
	"Its biases are quantized along an axis that they do not have, for which TensorFlow Lite refuses it today.";

/**
 * What a TensorFlow Lite file holds.
 *
 * @throws MobileNetError `broken-file` for a damaged file; `not-mobilenet` for a graph that is no chain of a
 * MobileNet's operators; `unsupported` for a way of storing one that is not read here
 * @example
 * const { layers } = await readTensorFlowLite({ name: "model.tflite", bytes, beside });
 */
export async function readTensorFlowLite(file: ModelFile): Promise<Chain> {
	const graph = openGraph(file);
	const operators = operatorsOf(graph, knownOperators);
	const picture = tensorAt(graph, graph.input);
	const { size, inputChannels } = pictureOf(graph, picture);
	const { layers, reversed } = layersOf(graph, operators);
	const { normalization, labels, notes } = carriedWith(graph);
	const { input, preprocessing, note } = inputOf(graph, picture, operators[0], normalization);
	return {
		name: graph.name,
		format: "TensorFlow Lite",
		layers,
		...(size !== undefined && { size }),
		inputChannels,
		...(input && { input }),
		...((preprocessing || reversed) && {
			preprocessing: { ...preprocessing, ...(reversed && { channelOrder: "bgr" as const }) },
		}),
		...(input && roundingOf(graph, operators) === "reference" && { rounding: "reference" }),
		...(labels && { labels }),
		...originIn(text(graph.model, fields.model.description) ?? ""),
		notes: [...notes, ...(note ? [note] : []), ...odditiesOf(graph, operators)],
	};
}

/** Size and channels of the input: [batch, height, width, channels], of which the batch does not matter. */
function pictureOf(
	graph: Graph,
	tensor: GraphTensor,
): { readonly size: number | undefined; readonly inputChannels: number } {
	const [, height = 0, width = 0, channels = 0] = tensor.shape;
	if (tensor.shape.length !== 4 || !(channels > 0 && channels <= mostChannels))
		throw foreign(graph.name, `its input ${described(tensor)} is no picture of height, width and channels`);
	if (height === -1 && width === -1) return { size: undefined, inputChannels: channels };
	if (!(height > 0 && width > 0)) throw broken(graph.name, `its input is ${described(tensor)}`);
	if (height !== width)
		throw unsupported(graph.name, `its input is ${height}×${width} pixels where a square was expected`);
	return { size: height, inputChannels: channels };
}

/** The input's codes and what they and the metadata say of preprocessing. */
function inputOf(
	graph: Graph,
	picture: GraphTensor,
	first: Operator | undefined,
	normalization: Carried["normalization"],
): { readonly input?: Input; readonly preprocessing?: Partial<Preprocessing>; readonly note?: string } {
	// The pixels themselves become floats.
	if (first?.name === "CAST") return { preprocessing: normalization ?? { mean: [0], std: [1] } };
	const given = inputCodes(graph, picture);
	if (!given) {
		// Integer networks that take floats make codes of them themselves; the stem's bias is in the scale of these.
		const own =
			first?.name === "QUANTIZE" ? inputCodes(graph, tensorAt(graph, first.outputs[0]!)) : undefined;
		const preprocessing = normalization ?? (own && usualForCodes(own));
		return {
			...(own && { input: own }),
			...(own && !normalization && { note: ownCodesNote }),
			...(preprocessing && { preprocessing }),
		};
	}
	// A float network behind integers has no use for their scale but this.
	if (first?.name === "DEQUANTIZE") return { preprocessing: normalization ?? pixelsAsCodes(given) };
	// Metadata say how the float network was trained; the codes that come of this are usually the pixels.
	if (!normalization || codesArePixels(given, normalization)) return { input: given };
	return { input: given, preprocessing: normalization };
}

function inputCodes(graph: Graph, tensor: GraphTensor): Input | undefined {
	const quantization = codesOf(graph, tensor);
	return quantization && { dtype: tensor.type === "int8" ? "I8" : "U8", quantization };
}

/** The normalization for which codes are the pixels themselves (uint8), or the pixels less 128 (int8). */
function pixelsAsCodes(input: Input): Pick<Preprocessing, "mean" | "std"> {
	const { scale, zeroPoint } = input.quantization;
	return { mean: [zeroPoint[0]! - blackCode(input)], std: [1 / scale[0]!] };
}

/** What `inspect` should say of the graph. */
function odditiesOf(graph: Graph, operators: readonly Operator[]): string[] {
	const odd = operators.some(({ name, inputs }) => {
		const bias = name.endsWith("CONV_2D") ? inputs[2] : undefined;
		if (bias === undefined || bias === -1) return false;
		const { shape, quantization } = tensorAt(graph, bias);
		return quantization !== undefined && quantization.dimension >= shape.length;
	});
	return odd ? [oddBiasNote] : [];
}
