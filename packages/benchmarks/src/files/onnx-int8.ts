/**
 * A model of integers as an ONNX file in the form that runtimes know best ("QDQ"): float operators between
 * DequantizeLinear and QuantizeLinear, which they run in integers. Floats in, probabilities in floats out; NCHW. Codes
 * of activations are unsigned, 128 more than the model's: x86 multiplies unsigned by signed.
 */

import type { Model } from "mobilenet";
import { wordsOf } from "../../../mobilenet/dist/engine/integers.js";
import { packedShape } from "../../../mobilenet/dist/kernels/packing.js";
import { type Codes, partsOf, type WeightedParts } from "../../../mobilenet/dist/weights/parts.js";
import { integerParametersOf } from "../weights.ts";
import { convolution } from "./onnx.ts";
import { type OnnxGraph, onnxGraph } from "./onnx-graph.ts";

/** Unsigned codes less the model's. */
const offset = 128;
const mostCode = 255;

/** @param batch the pictures that every run brings */
export function writeIntegerOnnx(model: Model, batch: number): Uint8Array {
	const { configuration } = model;
	const graph = onnxGraph();
	const { add, finish } = graph;
	const parts = partsOf(model);
	const words = wordsOf(parts);
	let codes: Codes = words.get("input")!;
	throughCodes(graph, "input", codes);
	for (const own of parts.layers) {
		const { name, kind } = own.layer;
		const output = words.get(name)!;
		if (!own.weight) add("GlobalAveragePool", name);
		else {
			addConvolution(graph, own, codes);
			if (kind !== "dense") checkBounds(name, configuration.activation, output);
		}
		throughCodes(graph, name, output);
		codes = output;
	}
	add("Flatten", "logits");
	add("Softmax", "probabilities", [], { axis: 1 });
	const { size, inputChannels, classes } = configuration;
	return finish([batch, inputChannels, size, size], [batch, classes]);
}

/** What the last node gives out becomes codes, and numbers again. */
function throughCodes({ add, constant }: OnnxGraph, name: string, { scale, zeroPoint }: Codes): void {
	const meaning = [
		constant(`${name}.codes.scale`, [], Float32Array.of(scale)),
		constant(`${name}.codes.zero_point`, [], Uint8Array.of(zeroPoint + offset)),
	];
	add("QuantizeLinear", `${name}.codes`, meaning);
	add("DequantizeLinear", `${name}.real`, meaning);
}

/** A convolution whose weights and bias are codes made numbers; the classifier is one of a single pixel. */
function addConvolution({ add, addAside, constant }: OnnxGraph, own: WeightedParts, codes: Codes): void {
	const { layer } = own;
	const { name } = layer;
	const { weight, scales, bias, biasScales } = integerParametersOf(own, codes);
	const channels = [bias.length];
	addAside(
		"DequantizeLinear",
		`${name}.weight`,
		[
			constant(`${name}.weight.codes`, packedShape(layer.weightShape), weight),
			constant(`${name}.weight.scale`, channels, scales),
			constant(`${name}.weight.zero_point`, channels, new Int8Array(bias.length)),
		],
		{ axis: 0 },
	);
	addAside(
		"DequantizeLinear",
		`${name}.bias`,
		[
			constant(`${name}.bias.codes`, channels, bias),
			constant(`${name}.bias.scale`, channels, biasScales),
			constant(`${name}.bias.zero_point`, channels, new Int32Array(bias.length)),
		],
		{ axis: 0 },
	);
	add("Conv", name, [`${name}.weight`, `${name}.bias`], convolution(layer));
}

/** The activation has no node: the codes' own range must be within it. */
function checkBounds(name: string, activation: string, { scale, zeroPoint }: Codes): void {
	const lowest = zeroPoint + offset;
	if (lowest !== 0 || (activation === "relu6" && Math.round(6 / scale) < mostCode))
		throw new Error(`the codes of ${name} reach beyond its activation, which the ONNX file has no node for.`);
}
