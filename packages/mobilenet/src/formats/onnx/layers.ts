/**
 * Operators of ONNX as layers: one function an operator, over the nodes from the picture to the answer. What an operator
 * does beyond what layers can say is refused here with its name; whether the layers make a MobileNet v1 is
 * chain/recognize.ts's.
 *
 * Source: onnx/docs/Operators.md, opset 7 to 25, and onnxruntime's ContribOperators.md for the operators of codes.
 */
import { isFloat } from "../../weights/float.ts";
import { float32, type Tensor } from "../../weights/tensor.ts";
import type { Chain, ChainLayer } from "../chain/chain.ts";
import { mergedBounds } from "../chain/clips.ts";
import { usualForCodes } from "../chain/pixels-as-codes.ts";
import { arithmetic, clip, greatest, least } from "./arithmetic.ts";
import type { Constants } from "./constants.ts";
import {
	convolution,
	integerConvolution,
	integerGemm,
	integerMatrix,
	matrix,
	outputCodes,
	pad,
	product,
	shifted,
	unsigned,
} from "./convolutions.ts";
import type { Graph, GraphNode } from "./graph.ts";
import {
	type BareLayer,
	type Context,
	constantIn,
	type Form,
	floatsIn,
	foreignNode,
	integerAttribute,
	integersAttribute,
	type Said,
} from "./operator.ts";
import { flattened, integerPool, pooled, reduced, windowed } from "./pools.ts";
import { dataTypes } from "./schema.ts";

type Reader = (context: Context) => readonly BareLayer[];

const nothing: Reader = () => [];
const shape: Reader = () => [{ kind: "shape" }];
const activation =
	(kind: "relu" | "tanh" | "sigmoid"): Reader =>
	() => [{ kind: "activation", activation: kind }];

/** Every operator that is read. */
export const readers: Readonly<Record<string, Reader>> = {
	Conv: convolution,
	QLinearConv: integerConvolution,
	Gemm: matrix,
	QGemm: integerGemm,
	MatMul: product,
	QLinearMatMul: integerMatrix,
	BatchNormalization: batchNorm,
	Relu: activation("relu"),
	Tanh: activation("tanh"),
	Sigmoid: activation("sigmoid"),
	LeakyRelu: (context) => [
		{ kind: "activation", activation: "leakyRelu", slope: integerAttribute(context, "alpha", 0.01) },
	],
	QLinearSigmoid: (context) => [
		{ kind: "activation", activation: "sigmoid", output: outputCodes(context, 3, 4) },
	],
	QLinearLeakyRelu: (context) => [
		{
			kind: "activation",
			activation: "leakyRelu",
			slope: integerAttribute(context, "alpha", 0.01),
			output: outputCodes(context, 3, 4),
		},
	],
	QLinearSoftmax: (context) => [{ kind: "softmax", output: outputCodes(context, 3, 4) }],
	Clip: clip,
	Min: least,
	Max: greatest,
	Pad: pad,
	GlobalAveragePool: (context) => pooled(context, "average"),
	GlobalMaxPool: (context) => pooled(context, "max"),
	QLinearGlobalAveragePool: integerPool,
	AveragePool: (context) => windowed(context, "average"),
	MaxPool: (context) => windowed(context, "max"),
	ReduceMean: (context) => reduced(context, "average"),
	ReduceMax: (context) => reduced(context, "max"),
	Flatten: flattened,
	Reshape: flattened,
	Squeeze: shape,
	Unsqueeze: shape,
	Transpose: transpose,
	Softmax: () => [{ kind: "softmax" }],
	Dropout: (context) => [{ kind: "dropout", rate: integerAttribute(context, "ratio", 0.5) }],
	Identity: nothing,
	Cast: nothing,
	Add: arithmetic,
	Sub: arithmetic,
	Mul: arithmetic,
	Div: arithmetic,
	QuantizeLinear: nothing,
	DequantizeLinear: nothing,
};

/** The layers of a way through a graph, and what it says of its input. */
export function layersOf(
	graph: Graph,
	constants: Constants,
	way: readonly GraphNode[],
): Pick<
	Chain,
	"layers" | "input" | "dividesInput" | "size" | "shape" | "inputChannels" | "preprocessing" | "rounding"
> {
	const form = formOf(graph, way);
	const start = { height: form.picture?.[0], width: form.picture?.[1] };
	const layers: ChainLayer[] = [];
	const said: Said = {};
	for (const node of way) {
		const context = { graph, constants, node, form, layers, said };
		if (node.operator === "QuantizeLinear") takeCodes(context);
		else if (node.operator === "DequantizeLinear") takePixels(context);
		else
			for (const layer of readers[node.operator]!(context))
				layers.push({ name: node.name, ...layer } as ChainLayer);
	}
	const { height, width } = start;
	const codes = typeOfCodes(layers);
	const { shape: lengths } = graph.input;
	const channels = form.inputLayout === "nhwc" ? lengths[3] : lengths[1];
	const preprocessing =
		said.preprocessing ??
		(said.input && layers.find(({ kind }) => kind !== "pad")?.kind === "convolution"
			? usualForCodes({ dtype: "I8", quantization: said.input })
			: undefined);
	return {
		layers: mergedBounds(layers.map((layer) => withCodes(layer, codes))),
		...(height !== undefined &&
			width !== undefined &&
			(height === width ? { size: height } : { shape: [height, width] })),
		...(channels !== undefined && channels > 0 && { inputChannels: channels }),
		...(said.input &&
			codes && { dividesInput: true, input: { dtype: codes, quantization: withType(said.input, codes) } }),
		...(preprocessing && { preprocessing }),
		// Other sums and codes of this runtime are as those of all.
		...(layers.some(isLeakyInCodes) && { rounding: "onnxruntime" }),
	};
}

function isLeakyInCodes(layer: ChainLayer): boolean {
	return layer.kind === "activation" && layer.activation === "leakyRelu" && layer.output !== undefined;
}

/** Where channels lie in the picture shows in the transposition before the first layer, or in its shape. */
function formOf({ input }: Graph, way: readonly GraphNode[]): Form {
	const { shape: lengths } = input;
	const first = way.find(({ operator }) => operator === "Transpose" || /Conv$/.test(operator));
	const order = first?.operator === "Transpose" ? first.attributes.get("perm")?.numbers?.join() : undefined;
	const layout = order === toFirst ? "nhwc" : "nchw";
	const [height = -1, width = -1] = layout === "nhwc" ? lengths.slice(1, 3) : lengths.slice(2, 4);
	const isKnown = lengths.length === 4 && height > 0 && width > 0;
	return {
		layout,
		inputLayout: layout,
		picture: isKnown ? [height, width] : undefined,
		isRow: false,
	};
}

/** Orders of axes that bring channels before the picture's height and width, and behind them. */
const [toFirst, toLast] = ["0,3,1,2", "0,2,3,1"];

function transpose(context: Context): readonly BareLayer[] {
	const { form } = context;
	const order = integersAttribute(context, "perm")?.join();
	// What one number a channel is left of lies the same either way.
	if (form.isRow) return [{ kind: "shape" }];
	if (order === toFirst && form.layout !== "nchw") form.layout = "nchw";
	else if (order === toLast && form.layout === "nchw") form.layout = "nhwc";
	else foreignNode(context, `brings the axes into the order ${order}`);
	return [];
}

function takeCodes(context: Context): void {
	const { layers, said } = context;
	const codes = outputCodes(context, 1, 2);
	const last = layers.findLastIndex(
		({ kind }) => kind !== "shape" && kind !== "dropout" && kind !== "flatten",
	);
	const layer = layers[last];
	if (!layer || layer.kind === "affine" || layer.kind === "pad") said.input ??= codes;
	else if (!layer.output) layers[last] = { ...layer, output: codes };
}

/** A graph that takes bytes makes numbers of them first. */
function takePixels(context: Context): void {
	const { graph, layers, node, said } = context;
	const isFirst = layers.length === 0 && node.inputs[0] === graph.input.name;
	if (!isFirst) return;
	const { scale, zeroPoint } = outputCodes(context, 1, 2);
	const isSigned = graph.input.type === dataTypes.I8;
	said.preprocessing = { mean: [isSigned ? unsigned : 0], std: [1] };
	const zero = (zeroPoint[0] ?? 0) + (isSigned ? 0 : unsigned);
	layers.push({
		kind: "affine",
		name: node.name,
		factor: [scale[0]!],
		offset: [-scale[0]! * zero],
	});
}

/** Codes of activations are of the type of the weights. */
function typeOfCodes(layers: readonly ChainLayer[]): "I8" | "U8" | undefined {
	const first = layers.find((layer) => layer.kind === "convolution");
	const dtype = first?.weight.tensor.dtype;
	return dtype === "I8" || dtype === "U8" ? dtype : undefined;
}

function withCodes(layer: ChainLayer, codes: Tensor["dtype"] | undefined): ChainLayer {
	if (!layer.output) return layer;
	const { output, ...rest } = layer;
	// Codes between layers of floats round and clip; the layers themselves compute in floats.
	return codes ? ({ ...rest, output: withType(output, codes) } as ChainLayer) : (rest as ChainLayer);
}

function withType(
	quantization: NonNullable<ChainLayer["output"]>,
	codes: Tensor["dtype"],
): NonNullable<ChainLayer["output"]> {
	return codes === "U8" ? shifted(quantization, unsigned) : quantization;
}

function batchNorm(context: Context): readonly BareLayer[] {
	const tensorIn = (number: number): Tensor => {
		const { tensor } = constantIn(context, number);
		// Quantizers make codes of whatever is behind codes.
		return isFloat(tensor) ? tensor : float32(floatsIn(context, number), tensor.shape);
	};
	return [
		{
			kind: "batchNorm",
			weight: tensorIn(1),
			bias: tensorIn(2),
			mean: tensorIn(3),
			variance: tensorIn(4),
			epsilon: integerAttribute(context, "epsilon", 1e-5),
			// ONNX gives the share of the old statistics.
			momentum: 1 - integerAttribute(context, "momentum", 0.9),
		},
	];
}
