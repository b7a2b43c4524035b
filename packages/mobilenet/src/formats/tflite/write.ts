/**
 * A model as a TensorFlow Lite file, NHWC. Floats: batch norm folded, activations inside their convolutions, the
 * classifier fully connected. Integers, where the model is quantized throughout: the codes and scales that it has, as
 * TensorFlow Lite's own converter writes them; the floats that come in are quantized by the first operator, and the
 * answer's codes become floats before the softmax, which is what ours does. There the classifier is a convolution of one
 * pixel, as in Google's files.
 */
import { MobileNetError } from "../../base/error.ts";
import { dequantize } from "../../weights/dequantize.ts";
import { fold } from "../../weights/fold.ts";
import type { Model } from "../../weights/model.ts";
import type { Quantization } from "../../weights/parts.ts";
import type { Tensor } from "../../weights/tensor.ts";
import type { Chain, ChainLayer, ChainTensor } from "../chain/chain.ts";
import { chainOf, integerChain } from "../chain/chain-of.ts";
import { originText } from "../origin-text.ts";
import { transposed } from "../transpose.ts";
import type { Field } from "./flatbuffer-writer.ts";
import { type GraphWriter, graphWriter, type OperatorName } from "./graph-writer.ts";
import { activations, fields, paddings } from "./schema.ts";

type Convolution = Extract<ChainLayer, { kind: "convolution" }>;
type Activation = Extract<ChainLayer, { kind: "activation" }>;
type Type = "float32" | "int8" | "uint8";

const types = { F32: "float32", I8: "int8", U8: "uint8", I32: "int32" } as const;
/** The versions since which operators take int8; for other types it is 1. */
const int8Versions: Readonly<Partial<Record<OperatorName, number>>> = {
	CONV_2D: 3,
	DEPTHWISE_CONV_2D: 3,
	AVERAGE_POOL_2D: 2,
	MAX_POOL_2D: 2,
	MEAN: 2,
	TANH: 2,
	LOGISTIC: 2,
	PAD: 2,
	DEQUANTIZE: 2,
};

/** A graph that is written, up to the output of its last operator. */
interface Context {
	readonly graph: GraphWriter;
	readonly type: Type;
	last: {
		readonly tensor: number;
		readonly shape: readonly number[];
		readonly codes: Quantization | undefined;
	};
}

/**
 * The bytes of a TensorFlow Lite file.
 *
 * @param batch pictures a run
 * @throws MobileNetError `broken-file` for a model that lacks tensors of its configuration
 * @example
 * await writeFile("model.tflite", writeTensorFlowLite(model, { batch: 1 }))
 */
export function writeTensorFlowLite(model: Model, { batch }: { readonly batch: number }): Uint8Array {
	const chain = integerChain(model) ?? chainOf(fold(dequantize(model)));
	const graph = graphWriter();
	const { size = 0, inputChannels = 0, input: codes } = chain;
	const shape = [batch, size, size, inputChannels];
	const input = graph.tensor("input", { type: "float32", shape });
	const type = codes ? types[codes.dtype as "I8" | "U8"] : "float32";
	const context: Context = { graph, type, last: { tensor: input, shape, codes: undefined } };
	if (codes) add(context, "QUANTIZE", "input.codes", shape, codes.quantization);
	addLayers(context, chain);
	return graph.finish(input, context.last.tensor, originText(model.source));
}

function addLayers(context: Context, { layers }: Chain): void {
	/** Probabilities are floats, so their function takes floats. */
	const last = layers.at(-1);
	const isProbability =
		last?.kind === "softmax" || (last?.kind === "activation" && last.activation === "sigmoid");
	for (const [i, layer] of layers.entries()) {
		const next = layers[i + 1];
		switch (layer.kind) {
			case "convolution":
				addConvolution(context, layer, next?.kind === "activation" ? next : undefined);
				break;
			case "activation":
				// All others are in their convolutions and dense layers.
				if (layer.activation === "clip") refuse(rangeOf(layer));
				if (layer.activation === "leakyRelu") addLeakyRelu(context, layer);
				else if (layer.activation === "tanh" || layer.activation === "sigmoid") {
					if (layer === last) addFloats(context, "logits");
					const kind = layer.activation === "tanh" ? "TANH" : "LOGISTIC";
					add(context, kind, layer.name, context.last.shape, layer === last ? undefined : layer.output);
				}
				break;
			case "pool":
				addPool(context, layer);
				break;
			case "flatten":
				addFlatten(context, layer.name);
				break;
			case "dense":
				addDense(context, layer, next?.kind === "activation" ? next : undefined);
				break;
			case "dropout":
				break;
			case "softmax":
				addFloats(context, "logits");
				add(context, "SOFTMAX", "probabilities", context.last.shape, undefined, {
					options: [[fields.softmax.beta, "float32", 1]],
				});
				break;
			case "affine":
				refuse("pixels become codes by a table");
				break;
			default:
				refuse(`there is a ${layer.kind}`);
		}
	}
	if (!isProbability) addFloats(context, "output");
}

/** What no operator of a MobileNet v1 says. */
function refuse(what: string): never {
	throw new MobileNetError(
		"unsupported",
		`the network cannot be written as TensorFlow Lite, because ${what}: write it as safetensors.`,
	);
}

/** Floats that were codes, cut off where those end. */
function rangeOf({ name, bounds }: Activation): string {
	return `${name} keeps floats between ${bounds?.low} and ${bounds?.high}, as the codes of integers did`;
}

/** Adds an operator whose first input is the last output, and makes its own output the last one. */
function add(
	context: Context,
	kind: OperatorName,
	name: string,
	shape: readonly number[],
	codes: Quantization | undefined,
	{ inputs = [], options }: { readonly inputs?: readonly number[]; readonly options?: readonly Field[] } = {},
): void {
	const { graph, last } = context;
	const isCodes = last.codes ?? codes;
	const type = codes ? context.type : "float32";
	const output = graph.tensor(name, { type, shape, quantization: codes });
	const version = isCodes && context.type === "int8" ? (int8Versions[kind] ?? 1) : 1;
	graph.operator(kind, version, [last.tensor, ...inputs], output, options);
	context.last = { tensor: output, shape, codes };
}

/** Codes that were given out last become floats. */
function addFloats(context: Context, name: string): void {
	if (context.last.codes) add(context, "DEQUANTIZE", name, context.last.shape, undefined);
}

function addConvolution(context: Context, layer: Convolution, activation: Activation | undefined): void {
	const { name, weight, groups, stride } = layer;
	const padding = addPadding(context, layer);
	const [outputs = 0, inputs = 0, height = 0, width = 0] = weight.tensor.shape;
	const pixels = height * width;
	const isDepthwise = groups > 1;
	const [weights, shape, axis] = isDepthwise
		? [turned(weight, 1, outputs, pixels), [1, height, width, outputs], 3]
		: [turned(weight, outputs, inputs, pixels), [outputs, height, width, inputs], 0];
	const at = isDepthwise ? fields.depthwise : fields.convolution;
	const fused = fusedOf(activation);
	const [batch = 0, rows = 0, columns = 0] = context.last.shape;
	const along = (length: number, kernel: number, step: number): number =>
		Math.ceil((length - (padding === "same" ? 0 : kernel - 1)) / step);
	const output = [batch, along(rows, height, stride[0]), along(columns, width, stride[1]), outputs];
	add(
		context,
		isDepthwise ? "DEPTHWISE_CONV_2D" : "CONV_2D",
		name,
		output,
		// A table of its own makes other codes of these.
		fused === "none" ? (layer.output ?? activation?.output) : (activation?.output ?? layer.output),
		{
			inputs: [
				constant(context, `${name}.weight`, shape, { ...weight, tensor: weights }, axis),
				...biasOf(context, layer),
			],
			options: [
				[at.padding, "int8", paddings.indexOf(padding)],
				[at.strideWidth, "int32", stride[1]],
				[at.strideHeight, "int32", stride[0]],
				...(isDepthwise ? [[fields.depthwise.multiplier, "int32", 1] as const] : []),
				[at.activation, "int8", activations.indexOf(fused)],
				[at.dilationWidth, "int32", 1],
				[at.dilationHeight, "int32", 1],
			],
		},
	);
}

/** The activation that is part of the operator before it. */
function fusedOf(activation: Activation | undefined): "none" | "relu" | "relu6" {
	const kind = activation?.activation;
	return kind === "relu" || kind === "relu6" ? kind : "none";
}

/** Zeros that TensorFlow has no word for are laid by an operator of their own. */
function addPadding(context: Context, { name, padding }: Convolution): "same" | "valid" {
	if (typeof padding === "string") return padding;
	const [top, left, bottom, right] = padding;
	if (padding.some((zeros) => zeros > 0)) {
		const values = Int32Array.of(0, 0, top, bottom, left, right, 0, 0);
		const [batch = 0, height = 0, width = 0, channels = 0] = context.last.shape;
		const shape = [batch, height + top + bottom, width + left + right, channels];
		const amounts = context.graph.tensor(`${name}.padding`, { type: "int32", shape: [4, 2], values });
		add(context, "PAD", `${name}.padded`, shape, context.last.codes, { inputs: [amounts] });
	}
	return "valid";
}

function addLeakyRelu(context: Context, { name, slope = 0, output }: Activation): void {
	add(context, "LEAKY_RELU", name, context.last.shape, output, {
		options: [[fields.leakyRelu.slope, "float32", slope]],
	});
}

/** A pool gives out codes as it takes them; one with codes of its own is a mean, which may change them. */
function addPool(context: Context, { name, output, pooling }: Extract<ChainLayer, { kind: "pool" }>): void {
	const { shape, codes } = context.last;
	const [batch = 0, height = 0, width = 0, channels = 0] = shape;
	const pooled = [batch, 1, 1, channels];
	if (
		pooling !== "max" &&
		output &&
		(output.scale[0] !== codes?.scale[0] || output.zeroPoint[0] !== codes?.zeroPoint[0])
	) {
		const values = Int32Array.of(1, 2);
		const axes = context.graph.tensor(`${name}.axes`, { type: "int32", shape: [2], values });
		const options = [[fields.reducer.keepDimensions, "int8", 1]] as const;
		add(context, "MEAN", name, pooled, output, { inputs: [axes], options });
		return;
	}
	add(context, pooling === "max" ? "MAX_POOL_2D" : "AVERAGE_POOL_2D", name, pooled, codes, {
		options: [
			[fields.pool.padding, "int8", paddings.indexOf("valid")],
			[fields.pool.strideWidth, "int32", 1],
			[fields.pool.strideHeight, "int32", 1],
			[fields.pool.filterWidth, "int32", width],
			[fields.pool.filterHeight, "int32", height],
		],
	});
}

/** All numbers of the picture as one row, pixel by pixel, which is how they lie. */
function addFlatten(context: Context, name: string): void {
	const { shape, codes } = context.last;
	const [batch = 0, ...picture] = shape;
	const length = picture.reduce((product, n) => product * n, 1);
	addReshape(context, name, [batch, length]);
	// Integers go on as a picture of one pixel, for the convolution that stands for a dense layer.
	if (codes) addReshape(context, `${name}.pixel`, [batch, 1, 1, length]);
}

function addReshape(context: Context, name: string, shape: readonly number[]): void {
	const values = Int32Array.from(shape);
	const target = context.graph.tensor(`${name}.shape`, { type: "int32", shape: [shape.length], values });
	add(context, "RESHAPE", name, shape, context.last.codes, { inputs: [target], options: [] });
}

function addDense(
	context: Context,
	layer: Extract<ChainLayer, { kind: "dense" }>,
	activation: Activation | undefined,
): void {
	const { name, weight } = layer;
	const [outputs = 0, inputs = 0] = weight.tensor.shape;
	const [batch = 0] = context.last.shape;
	if (context.last.codes) {
		const { tensor } = weight;
		const pixel = { ...tensor, shape: [outputs, inputs, 1, 1] } as Tensor;
		addConvolution(
			context,
			{
				...layer,
				kind: "convolution",
				weight: { ...weight, tensor: pixel },
				groups: 1,
				stride: [1, 1],
				padding: "same",
			},
			activation,
		);
		return;
	}
	add(context, "FULLY_CONNECTED", name, [batch, outputs], undefined, {
		inputs: [constant(context, `${name}.weight`, [outputs, inputs], weight, 0), ...biasOf(context, layer)],
		options: [[fields.fullyConnected.activation, "int8", activations.indexOf(fusedOf(activation))]],
	});
}

function biasOf(
	context: Context,
	{ name, bias }: Extract<ChainLayer, { kind: "convolution" | "dense" }>,
): readonly number[] {
	return bias ? [constant(context, `${name}.bias`, bias.tensor.shape, bias, 0)] : [];
}

function constant(
	{ graph }: Context,
	name: string,
	shape: readonly number[],
	{ tensor, quantization }: ChainTensor,
	axis: number,
): number {
	const { dtype, data } = tensor as Extract<Tensor, { dtype: keyof typeof types }>;
	return graph.tensor(name, { type: types[dtype], shape, values: data, quantization, axis });
}

/** Pixels brought before channels, in each of some parts of the weights. */
function turned({ tensor }: ChainTensor, parts: number, channels: number, pixels: number): Tensor {
	if (channels === 1 || pixels === 1) return tensor;
	return { ...tensor, data: transposed(tensor.data, parts, channels, pixels) } as Tensor;
}
