/** Layers with weights: convolutions and matrices, of floats, of codes between nodes, and of integers throughout. */
import { shown } from "../../base/error.ts";
import type { Quantization } from "../../weights/parts.ts";
import type { Tensor } from "../../weights/tensor.ts";
import type { ChainTensor } from "../chain/chain.ts";
import { type Constant, chainTensor, meaningOf, transposed } from "./constants.ts";
import {
	type BareLayer,
	type Context,
	constantIn,
	foreignNode,
	hasInput,
	integerAttribute,
	integersAttribute,
	integersIn,
	numberIn,
	unsupportedNode,
} from "./operator.ts";

type Sides = readonly [top: number, left: number, bottom: number, right: number];

export function convolution(context: Context): readonly BareLayer[] {
	return [convolutionOf(context, constantIn(context, 1), biasIn(context, 2))];
}

/** Integers throughout: the picture with its scale and zero point, the weights with theirs, those of the result, a bias. */
export function integerConvolution(context: Context): readonly BareLayer[] {
	const weight = codesIn(context, 3, 4, 5, 0);
	const output = outputCodes(context, 6, 7);
	return [{ ...convolutionOf(context, weight, biasIn(context, 8)), output }];
}

export function integerMatrix(context: Context): readonly BareLayer[] {
	const weight = codesIn(context, 3, 4, 5, 1);
	return [{ ...denseOf(context, turned(weight), undefined), output: outputCodes(context, 6, 7) }];
}

/** QGemm: a matrix whose numbers may lie either way, with a bias, and codes or floats out. */
export function integerGemm(context: Context): readonly BareLayer[] {
	const alpha = integerAttribute(context, "alpha", 1);
	const isTurned = integerAttribute(context, "transA", 0) !== 0;
	if (alpha !== 1 || isTurned)
		return unsupportedNode(context, `has alpha ${alpha}, transA ${isTurned} where 1 and false were expected`);
	const isReady = integerAttribute(context, "transB", 0) !== 0;
	const weight = codesIn(context, 3, 4, 5, isReady ? 0 : 1);
	const dense = denseOf(context, isReady ? weight : turned(weight), biasIn(context, 6));
	return [hasInput(context, 7) ? { ...dense, output: outputCodes(context, 7, 8) } : dense];
}

/** Gemm: α · A · B + β · C, with factors of 1. */
export function matrix(context: Context): readonly BareLayer[] {
	const { node } = context;
	const [alpha, beta] = [integerAttribute(context, "alpha", 1), integerAttribute(context, "beta", 1)];
	const isTurned = integerAttribute(context, "transA", 0) !== 0;
	if (alpha !== 1 || (beta !== 1 && hasInput(context, 2)) || isTurned)
		return unsupportedNode(
			context,
			`has alpha ${alpha}, beta ${beta}, transA ${isTurned} where 1, 1 and false were expected`,
		);
	const weight = constantIn(context, 1);
	const isReady = (node.attributes.get("transB")?.number ?? 0) !== 0;
	return [denseOf(context, isReady ? weight : turned(weight), biasIn(context, 2))];
}

export function product(context: Context): readonly BareLayer[] {
	return [denseOf(context, turned(constantIn(context, 1)), undefined)];
}

/** A row of numbers that is added to what a layer with weights gave out is its bias. */
export function biased({ layers }: Context, numbers: Tensor): boolean {
	const last = layers.at(-1);
	if (last?.kind !== "convolution" && last?.kind !== "dense") return false;
	const outputs = last.weight.tensor.shape[0];
	if (last.bias || last.output || numbers.data.length !== outputs) return false;
	layers[layers.length - 1] = { ...last, bias: { tensor: { ...numbers, shape: [outputs] } as Tensor } };
	return true;
}

function convolutionOf(context: Context, found: Constant, bias: ChainTensor | undefined) {
	const { graph, node, form } = context;
	const weight = chainTensor(graph, found, node.name);
	const { shape } = weight.tensor;
	const [, , height = 0, width = 0] = shape;
	if (shape.length !== 4 || shape.includes(0))
		return unsupportedNode(context, `has weights of the shape ${shown(shape)} where four axes were expected`);
	form.layout ??= "nchw";
	form.inputLayout ??= form.layout;
	// What one number a channel is left of is a picture of one pixel, wherever its channels are.
	if (form.isRow ? height !== 1 || width !== 1 : form.layout !== "nchw")
		return unsupportedNode(context, "takes a picture whose channels are not where ONNX has them");
	const dilations = integersAttribute(context, "dilations") ?? [1, 1];
	if (dilations.some((step) => step !== 1))
		return foreignNode(context, `is dilated (${dilations.join("×")})`);
	const [down = 1, across = 1] = integersAttribute(context, "strides") ?? [];
	const padding = paddingOf(context, [height, width]);
	form.picture = form.picture && outputOf(form.picture, [height, width], [down, across], padding);
	return {
		kind: "convolution",
		weight,
		...(bias && { bias }),
		groups: integerAttribute(context, "group", 1),
		stride: [down, across],
		padding,
	} as const;
}

function denseOf({ graph, node }: Context, found: Constant, bias: ChainTensor | undefined) {
	return { kind: "dense", weight: chainTensor(graph, found, node.name), ...(bias && { bias }) } as const;
}

/** ONNX's own word for TensorFlow's zeros, or numbers: first all beginnings, then all ends. */
export function paddingOf(context: Context, kernel: readonly [number, number]): "same" | "valid" | Sides {
	const word = context.node.attributes.get("auto_pad")?.text ?? "NOTSET";
	if (word === "VALID") return "valid";
	if (word === "SAME_UPPER") return kernel[0] === 1 ? "valid" : "same";
	if (word !== "NOTSET") return unsupportedNode(context, `has the padding ${shown(word)}`);
	const pads = integersAttribute(context, "pads") ?? [0, 0, 0, 0];
	const [top = 0, left = 0, bottom = 0, right = 0] = pads;
	if (pads.length !== 4 || pads.some((zeros) => zeros < 0 || zeros > 1e4))
		return unsupportedNode(context, `has the padding ${shown(pads)}`);
	return [top, left, bottom, right];
}

/** Height and width of a result. */
export function outputOf(
	[height, width]: readonly [number, number],
	kernel: readonly [number, number],
	stride: readonly [number, number],
	padding: "same" | "valid" | Sides,
): readonly [number, number] {
	const [top, left, bottom, right] = typeof padding === "string" ? [0, 0, 0, 0] : padding;
	const along = (length: number, zeros: number, axis: 0 | 1): number =>
		padding === "same"
			? Math.ceil(length / stride[axis])
			: Math.floor((length + zeros - kernel[axis]) / stride[axis]) + 1;
	return [along(height, top + bottom, 0), along(width, left + right, 1)];
}

function biasIn(context: Context, number: number): ChainTensor | undefined {
	if (!hasInput(context, number)) return undefined;
	const { tensor, quantization } = constantIn(context, number);
	const row = { ...tensor, shape: [tensor.data.length] } as Tensor;
	return quantization ? { tensor: row, quantization } : { tensor: row };
}

/** Weights that are codes, by the numbers of the inputs with them and what they stand for. */
function codesIn(context: Context, codes: number, scale: number, zero: number, axis: number): Constant {
	const { graph, constants, node } = context;
	const { tensor } = constantIn(context, codes);
	const { quantization } = meaningOf(
		graph,
		node,
		node.inputs[scale],
		node.inputs[zero],
		constants.constantAt,
	);
	return { tensor, quantization, ...(quantization.scale.length > 1 && { axis }) };
}

/**
 * What the codes of an activation stand for, as if they were signed. Unsigned ones, which x86 likes better, are 128 more and
 * mean the same.
 */
export function outputCodes(context: Context, scale: number, zero: number): Quantization {
	const { graph, constants, node } = context;
	const { quantization, dtype } = meaningOf(
		graph,
		node,
		node.inputs[scale],
		node.inputs[zero],
		constants.constantAt,
	);
	if (quantization.scale.length !== 1)
		return unsupportedNode(
			context,
			`has ${quantization.scale.length} scales of activations where one was expected`,
		);
	return dtype === "I8" ? quantization : shifted(quantization, -unsigned);
}

/** How much more an unsigned code is than the signed one that means the same. */
export const unsigned = 128;

export function shifted({ scale, zeroPoint }: Quantization, by: number): Quantization {
	return { scale, zeroPoint: zeroPoint.map((zero) => zero + by) };
}

function turned(found: Constant): Constant {
	const { tensor, axis } = found;
	if (tensor.shape.length !== 2) return found;
	return { ...found, tensor: transposed(tensor, [1, 0]), ...(axis !== undefined && { axis: 1 - axis }) };
}

/** Zeros around a picture, as a layer of their own. */
export function pad(context: Context): readonly BareLayer[] {
	const { form } = context;
	const mode = context.node.attributes.get("mode")?.text ?? "constant";
	const amounts = integersAttribute(context, "pads") ?? integersIn(context, 1);
	const value = hasInput(context, 2) ? paddedIn(context) : integerAttribute(context, "value", 0);
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

/** What a picture is padded with: a number, or a code, of which only the one of zero is zero. */
function paddedIn(context: Context): number {
	const { tensor, quantization } = constantIn(context, 2);
	if (quantization || (tensor.dtype !== "U8" && tensor.dtype !== "I8")) return numberIn(context, 2);
	const { said, layers } = context;
	const codes = layers.findLast(({ output }) => output)?.output ?? said.input;
	const signed = tensor.data[0]! - (tensor.dtype === "U8" ? unsigned : 0);
	return codes ? (codes.scale[0] ?? 1) * (signed - codes.zeroPoint[0]!) : tensor.data[0]!;
}
