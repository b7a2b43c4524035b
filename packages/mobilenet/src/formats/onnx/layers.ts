/**
 * Operators of ONNX as layers: one function an operator, over the nodes from the picture to the answer. What an operator
 * does beyond what layers can say is refused here with its name; whether the layers make a MobileNet v1 is
 * chain/recognize.ts's.
 *
 * Source: onnx/docs/Operators.md, opset 7 to 25, and onnxruntime's ContribOperators.md for the operators of codes.
 */
import { shown } from "../../base/error.ts";
import { isFloat } from "../../weights/float.ts";
import type { Tensor } from "../../weights/tensor.ts";
import type { Chain, ChainLayer } from "../chain/chain.ts";
import { mergedBounds } from "../chain/clips.ts";
import type { Constants } from "./constants.ts";
import {
	biased,
	convolution,
	integerConvolution,
	integerMatrix,
	matrix,
	outputCodes,
	outputOf,
	paddingOf,
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
	hasInput,
	integerAttribute,
	integersAttribute,
	integersIn,
	rowIn,
	unsupportedNode,
} from "./operator.ts";
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
	MatMul: product,
	QLinearMatMul: integerMatrix,
	BatchNormalization: batchNorm,
	Relu: activation("relu"),
	Tanh: activation("tanh"),
	Sigmoid: activation("sigmoid"),
	LeakyRelu: (context) => [
		{ kind: "activation", activation: "leakyRelu", slope: integerAttribute(context, "alpha", 0.01) },
	],
	Clip: clip,
	Min: (context) => [clipOf(Number.NEGATIVE_INFINITY, onlyIn(context))],
	Max: (context) => [clipOf(onlyIn(context), Number.POSITIVE_INFINITY)],
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
): Pick<Chain, "layers" | "input" | "size" | "shape" | "inputChannels" | "preprocessing"> {
	const form = formOf(graph, way);
	const start = { height: form.picture?.[0], width: form.picture?.[1] };
	const layers: ChainLayer[] = [];
	const said: Said = {};
	for (const node of way) {
		const context = { graph, constants, node, form, layers };
		if (node.operator === "QuantizeLinear") takeCodes(context, said);
		else if (node.operator === "DequantizeLinear") takePixels(context, said);
		else
			for (const layer of readers[node.operator]!(context))
				layers.push({ name: node.name, ...layer } as ChainLayer);
	}
	const { height, width } = start;
	const codes = typeOfCodes(layers);
	const { shape: lengths } = graph.input;
	const channels = form.inputLayout === "nhwc" ? lengths[3] : lengths[1];
	return {
		layers: mergedBounds(layers.map((layer) => withCodes(layer, codes))),
		...(height !== undefined &&
			width !== undefined &&
			(height === width ? { size: height } : { shape: [height, width] })),
		...(channels !== undefined && channels > 0 && { inputChannels: channels }),
		...(said.input && codes && { input: { dtype: codes, quantization: withType(said.input, codes) } }),
		...(said.preprocessing && { preprocessing: said.preprocessing }),
	};
}

/** What the nodes before the first layer say. */
interface Said {
	/** What the codes of the picture stand for, as if they were signed. */
	input?: NonNullable<Chain["input"]>["quantization"];
	preprocessing?: Chain["preprocessing"] & object;
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

function takeCodes(context: Context, said: Said): void {
	const { layers } = context;
	const codes = outputCodes(context, 1, 2);
	const last = layers.findLastIndex(
		({ kind }) => kind !== "shape" && kind !== "dropout" && kind !== "flatten",
	);
	const layer = layers[last];
	if (!layer || layer.kind === "affine" || layer.kind === "pad") said.input ??= codes;
	else if (!layer.output) layers[last] = { ...layer, output: codes };
}

/** A graph that takes bytes makes numbers of them first. */
function takePixels(context: Context, said: Said): void {
	const { graph, layers, node } = context;
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
		if (!isFloat(tensor)) unsupportedNode(context, `has constants of the type ${tensor.dtype}`);
		return tensor;
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

function clip(context: Context): readonly BareLayer[] {
	const { node } = context;
	const end = (number: number, name: string, usual: number): number => {
		if (hasInput(context, number)) return numberIn(context, number);
		return node.attributes.get(name)?.number ?? usual;
	};
	return [clipOf(end(1, "min", Number.NEGATIVE_INFINITY), end(2, "max", Number.POSITIVE_INFINITY))];
}

/** The greatest float stands for none in old files. */
const open = 3.4e38;

function clipOf(low: number, high: number): BareLayer {
	return {
		kind: "activation",
		activation: "clip",
		bounds: {
			low: low <= -open ? Number.NEGATIVE_INFINITY : low,
			high: high >= open ? Number.POSITIVE_INFINITY : high,
		},
	};
}

function numberIn(context: Context, number: number): number {
	const values = floatsIn(context, number);
	if (values.length !== 1)
		unsupportedNode(context, `has ${values.length} constants where one number was expected`);
	return values[0]!;
}

function onlyIn(context: Context): number {
	return numberIn(context, constantNumber(context));
}

/** Which of two inputs is the constant. */
function constantNumber({ constants, node }: Context): number {
	return constants.has(node.inputs[0] ?? "") ? 0 : 1;
}

function pad(context: Context): readonly BareLayer[] {
	const { form } = context;
	const mode = context.node.attributes.get("mode")?.text ?? "constant";
	const amounts = integersAttribute(context, "pads") ?? integersIn(context, 1);
	const value = hasInput(context, 2) ? numberIn(context, 2) : integerAttribute(context, "value", 0);
	const places = form.layout === "nhwc" ? [1, 2, 5, 6] : [2, 3, 6, 7];
	const others = amounts.filter((_, i) => !places.includes(i));
	const [top = 0, left = 0, bottom = 0, right = 0] = places.map((place) => amounts[place] ?? 0);
	const padding = [top, left, bottom, right] as const;
	if (amounts.length !== 8 || others.some((n) => n !== 0) || padding.some((n) => n < 0 || n > 1e4))
		unsupportedNode(
			context,
			`pads by ${shown(amounts)} where only height and width were expected to be padded`,
		);
	if (mode !== "constant" || value !== 0)
		foreignNode(context, `pads with ${mode === "constant" ? value : mode}`);
	const { picture } = form;
	form.picture = picture && [picture[0] + top + bottom, picture[1] + left + right];
	return [{ kind: "pad", padding }];
}

function pooled({ form }: Context, pooling: "average" | "max"): readonly BareLayer[] {
	form.isRow = true;
	return [{ kind: "pool", pooling }];
}

function integerPool(context: Context): readonly BareLayer[] {
	const output = outputCodes(context, 3, 4);
	return pooled(context, "average").map((layer) => ({ ...layer, output }));
}

/** Global, or refused: the only pool of a MobileNet v1 takes in the whole picture. */
function windowed(context: Context, pooling: "average" | "max"): readonly BareLayer[] {
	const { form } = context;
	const [height = 0, width = 0] = integersAttribute(context, "kernel_shape") ?? [];
	const stride = integersAttribute(context, "strides") ?? [1, 1];
	const [rows, columns] = form.picture ?? [height, width];
	const padding = paddingOf(context, [height, width]);
	const result = outputOf([rows, columns], [height, width], [stride[0] ?? 1, stride[1] ?? 1], padding);
	if (rows !== height || columns !== width || result.join() !== "1,1")
		foreignNode(
			context,
			`pools ${height}×${width} pixels where the whole picture (${rows}×${columns}) was expected`,
		);
	return pooled(context, pooling);
}

function reduced(context: Context, pooling: "average" | "max"): readonly BareLayer[] {
	const { form } = context;
	const given = integersAttribute(context, "axes") ?? (hasInput(context, 1) ? integersIn(context, 1) : []);
	const axes = given.map((axis) => (axis < 0 ? axis + 4 : axis)).toSorted((a, b) => a - b);
	const expected = form.layout === "nhwc" ? "1,2" : "2,3";
	if (axes.join() !== expected)
		foreignNode(
			context,
			`reduces the axes ${shown(given)} where ${expected}, height and width, were expected`,
		);
	return pooled(context, pooling);
}

/** Before the pool, all numbers of the picture as one row; after it nothing happens to them. */
function flattened({ form }: Context): readonly BareLayer[] {
	if (form.isRow) return [{ kind: "shape" }];
	form.isRow = true;
	return [{ kind: "flatten", order: form.layout === "nhwc" ? "hwc" : "chw" }];
}

/** y = x ∘ c, or c ∘ x. */
function arithmetic(context: Context): readonly BareLayer[] {
	const { node } = context;
	const number = constantNumber(context);
	const numbers = rowIn(context, number);
	if (node.operator === "Add" && biased(context, constantIn(context, number).tensor)) return [];
	const inverse = (): readonly number[] => numbers.map((x) => 1 / x);
	switch (node.operator) {
		case "Mul":
			return [{ kind: "affine", factor: numbers, offset: [0] }];
		case "Div":
			if (number === 0) foreignNode(context, "divides by what is computed");
			return [{ kind: "affine", factor: inverse(), offset: [0] }];
		case "Sub":
			return number === 0
				? [{ kind: "affine", factor: [-1], offset: numbers }]
				: [{ kind: "affine", factor: [1], offset: numbers.map((x) => -x) }];
		default:
			return [{ kind: "affine", factor: [1], offset: numbers }];
	}
}
