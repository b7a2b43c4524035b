/**
 * Writes ONNX files (.onnx), from the chain of a model: floats with batch norm folded, or, of a model of integers, the form
 * that runtimes know best ("QDQ"), float operators between DequantizeLinear and QuantizeLinear, which they run in integers.
 * Normalized floats in, [batch, channels, size, size]; probabilities or logits in floats out.
 *
 * Codes of activations are unsigned, 128 more than those of an int8 model, because x86 multiplies unsigned by signed bytes.
 */
import { MobileNetError } from "../../base/error.ts";
import { dequantize } from "../../weights/dequantize.ts";
import { fold } from "../../weights/fold.ts";
import type { Model } from "../../weights/model.ts";
import { perChannel, type Quantization } from "../../weights/parts.ts";
import type { Tensor } from "../../weights/tensor.ts";
import type { Chain, ChainLayer, ChainTensor } from "../chain/chain.ts";
import { chainOf, integerChain } from "../chain/chain-of.ts";
import { type GraphWriter, graphWriter, type Values } from "./graph-writer.ts";

type Convolution = Extract<ChainLayer, { kind: "convolution" }>;
type Activation = Extract<ChainLayer, { kind: "activation" }>;
type Weighted = Extract<ChainLayer, { kind: "convolution" | "dense" }>;
type Sides = readonly [top: number, left: number, bottom: number, right: number];

/** What the functions that add nodes share. */
interface Context {
	readonly graph: GraphWriter;
	/** What makes unsigned codes of the model's; undefined where there are none. */
	readonly offset: number | undefined;
	/** Width and height of what the last node gave out, and its channels. */
	size: number;
	channels: number;
	/** Whether the last node gave out rows, not pictures. */
	isFlat: boolean;
	/** What its codes stand for. */
	codes: Quantization | undefined;
}

const mostCode = 255;

/**
 * The bytes of an ONNX file.
 *
 * @param batch pictures a run
 * @throws MobileNetError `broken-file` for a model that lacks tensors of its configuration; `unsupported` for one that ONNX
 * cannot say
 * @example
 * await writeFile("model.onnx", writeOnnx(model, { batch: 1 }))
 */
export function writeOnnx(model: Model, { batch }: { readonly batch: number }): Uint8Array {
	const chain = integerChain(model) ?? chainOf(fold(dequantize(model)));
	const { size = 0, inputChannels = 0, input } = chain;
	const graph = graphWriter();
	const offset = input && (input.dtype === "I8" ? 128 : 0);
	const context: Context = { graph, offset, size, channels: inputChannels, isFlat: false, codes: undefined };
	throughCodes(context, "input", input?.quantization);
	addLayers(context, chain);
	const { license, origin } = model.source;
	const metadata = { ...(license !== undefined && { license }), ...(origin !== undefined && { origin }) };
	return graph.finish([batch, inputChannels, size, size], [batch, context.channels], metadata);
}

function addLayers(context: Context, { layers }: Chain): void {
	const { graph } = context;
	for (const [i, layer] of layers.entries()) {
		const next = layers[i + 1];
		const { name } = layer;
		switch (layer.kind) {
			case "convolution":
				addConvolution(context, layer);
				if (next?.kind !== "activation") throughCodes(context, name, layer.output);
				break;
			case "activation":
				addActivation(context, layer);
				throughCodes(context, name, layer.output);
				break;
			case "pool":
				graph.add(layer.pooling === "max" ? "GlobalMaxPool" : "GlobalAveragePool", name);
				context.size = 1;
				throughCodes(context, name, layer.output ?? context.codes);
				break;
			case "flatten":
				// The model's rows have all channels of a pixel together, ONNX's pictures all pixels of a channel.
				graph.add("Transpose", `${name}.turned`, [], { perm: [0, 2, 3, 1] });
				graph.add("Flatten", name);
				context.isFlat = true;
				context.channels *= context.size ** 2;
				context.size = 1;
				break;
			case "dense":
				addDense(context, layer);
				if (next?.kind !== "activation") throughCodes(context, name, layer.output);
				break;
			case "dropout":
				break;
			case "softmax":
				if (!context.isFlat) graph.add("Flatten", "logits");
				context.isFlat = true;
				graph.add("Softmax", "probabilities", [], { axis: 1 });
				break;
			default:
				throw new MobileNetError("unsupported", `a ${layer.kind} is not written as ONNX.`);
		}
	}
	if (!context.isFlat) graph.add("Flatten", "output");
}

function addConvolution(context: Context, layer: Convolution): void {
	const { name, weight, groups, stride, padding } = layer;
	const [outputs = 0, , height = 1, width = 1] = weight.tensor.shape;
	const pads = zerosOf(padding, context.size, stride[0], height);
	context.graph.add("Conv", name, parametersOf(context, layer, weight.tensor.shape), {
		kernel_shape: [height, width],
		strides: stride,
		pads,
		group: groups,
	});
	context.size = Math.floor((context.size + pads[0] + pads[2] - height) / stride[0]) + 1;
	context.channels = outputs;
}

/** A matrix of rows in floats; codes go on as a picture of one pixel, whose convolution runtimes know in integers. */
function addDense(context: Context, layer: Extract<ChainLayer, { kind: "dense" }>): void {
	const { graph } = context;
	const { name, weight } = layer;
	const [outputs = 0, inputs = 0] = weight.tensor.shape;
	if (context.codes && !context.isFlat)
		graph.add("Conv", name, parametersOf(context, layer, [outputs, inputs, 1, 1]), { kernel_shape: [1, 1] });
	else {
		if (!context.isFlat) graph.add("Flatten", `${name}.row`);
		context.isFlat = true;
		graph.add("Gemm", name, parametersOf(context, layer, [outputs, inputs]), { transB: 1 });
	}
	context.channels = outputs;
}

/** Where codes reach no further than the activation, it needs no node. */
function addActivation(context: Context, { name, activation, slope = 0, bounds, output }: Activation): void {
	const { graph, offset = 0 } = context;
	const [scale = 0] = output?.scale ?? [];
	const isFromZero = output !== undefined && output.zeroPoint[0]! + offset === 0;
	const limit = (end: string, value: number): string =>
		graph.constant(`${name}.${end}`, { dtype: "F32", shape: [], data: Float32Array.of(value) });
	switch (activation) {
		case "relu":
			if (!isFromZero) graph.add("Relu", name);
			break;
		case "relu6":
			if (!isFromZero || Math.round(6 / scale) < mostCode)
				graph.add("Clip", name, [limit("lowest", 0), limit("highest", 6)]);
			break;
		case "leakyRelu":
			graph.add("LeakyRelu", name, [], { alpha: { float: slope } });
			break;
		case "clip":
			graph.add("Clip", name, [limit("lowest", bounds!.low), limit("highest", bounds!.high)]);
			break;
		case "tanh":
		case "sigmoid":
			graph.add(activation === "tanh" ? "Tanh" : "Sigmoid", name);
			break;
		default:
			throw new MobileNetError("unsupported", `the activation ${activation} is not written as ONNX.`);
	}
}

/** Weights and bias by name. */
function parametersOf(context: Context, layer: Weighted, shape: readonly number[]): readonly string[] {
	const { name, weight, bias } = layer;
	const weights = numbersOf(context, `${name}.weight`, weight, shape);
	return bias ? [weights, numbersOf(context, `${name}.bias`, bias, bias.tensor.shape)] : [weights];
}

/** Floats as they are, or codes made numbers by a node of their own. */
function numbersOf(
	{ graph }: Context,
	name: string,
	{ tensor, quantization }: ChainTensor,
	shape: readonly number[],
): string {
	const values = { ...(tensor as Extract<Tensor, Values>), shape };
	if (!quantization) return graph.constant(name, values);
	const { scale, zeroPoint } = quantization;
	const axis = scale.length > 1 ? [scale.length] : [];
	const zeros = scale.map((_, c) => perChannel(zeroPoint, c));
	const meaning = [
		graph.constant(`${name}.codes`, values),
		graph.constant(`${name}.scale`, { dtype: "F32", shape: axis, data: Float32Array.from(scale) }),
		graph.constant(`${name}.zero_point`, {
			dtype: values.dtype,
			shape: axis,
			data: codesLike(values, zeros),
		}),
	];
	graph.addAside("DequantizeLinear", name, meaning, axis.length > 0 ? { axis: 0 } : {});
	return name;
}

function codesLike({ dtype }: Values, numbers: readonly number[]): Values["data"] {
	if (dtype === "I32") return Int32Array.from(numbers);
	return dtype === "I8" ? Int8Array.from(numbers) : Uint8Array.from(numbers);
}

/** What the last node gives out becomes codes, and numbers again. */
function throughCodes(context: Context, name: string, codes: Quantization | undefined): void {
	context.codes = codes;
	if (!codes) return;
	const { graph, offset = 0 } = context;
	const [scale = 1, zeroPoint = 0] = [codes.scale[0], codes.zeroPoint[0]];
	const meaning = [
		graph.constant(`${name}.codes.scale`, { dtype: "F32", shape: [], data: Float32Array.of(scale) }),
		graph.constant(`${name}.codes.zero_point`, {
			...{ dtype: "U8", shape: [] },
			data: Uint8Array.of(zeroPoint + offset),
		}),
	];
	graph.add("QuantizeLinear", `${name}.codes`, meaning);
	graph.add("DequantizeLinear", `${name}.real`, meaning);
}

/** Zeros around a picture of `size` pixels; TensorFlow's word for them is one of this size. */
function zerosOf(padding: Convolution["padding"], size: number, stride: number, kernel: number): Sides {
	if (padding === "valid") return [0, 0, 0, 0];
	if (padding !== "same") return padding;
	const total = Math.max((Math.ceil(size / stride) - 1) * stride + kernel - size, 0);
	const before = Math.floor(total / 2);
	return [before, before, total - before, total - before];
}
