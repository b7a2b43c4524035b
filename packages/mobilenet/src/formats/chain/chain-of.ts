/**
 * The way out: a model as the chain that a perfect reader would find in its file. Writers of other formats go over it
 * layer by layer and need not know what a MobileNet is. The opposite of recognize.ts: `recognize(chainOf(model))` is the
 * model again, as far as a chain says it. What it does not say is what only training asks for (momentum, dropout without
 * a classifier, epsilon where batch norm is folded), and α beyond the channels that it gives.
 */
import type { Configuration, HeadActivation, Padding } from "../../network/configuration.ts";
import { isConvolution, type Layer } from "../../network/layers.ts";
import { isFloat } from "../../weights/float.ts";
import type { Model, Preprocessing } from "../../weights/model.ts";
import {
	type Codes,
	type LayerParts,
	partsOf,
	type Quantization,
	type WeightedParts,
} from "../../weights/parts.ts";
import type { Tensor } from "../../weights/tensor.ts";
import type { Chain, ChainLayer, ChainTensor } from "./chain.ts";
import { leastCode } from "./saturation.ts";

type Activation = Extract<ChainLayer, { kind: "activation" }>;

/**
 * The chain of a model: folded or not, quantized or not, layer by layer. The name of a chain's layer is the prefix of its
 * tensors' names, such as `stem.conv`. Tensors are shared with the model.
 *
 * @param name how errors call the model
 * @throws MobileNetError `broken-file` for a model that lacks tensors of its configuration
 * @example
 * chainOf(model).layers.map(({ kind }) => kind) // ["convolution", "batchNorm", "activation", …]
 */
export function chainOf(model: Model, name = "the model"): Chain {
	const { configuration, preprocessing, rounding, labels, sureFrom, source } = model;
	const { size, inputChannels, dropout, head, headLayers, output } = configuration;
	const { input, inputTable, layers: parts } = partsOf(model);
	const hidden = headLayers.map(({ activation }) => activation);
	const layers: ChainLayer[] = [];
	// What the layer before gave out.
	let codes = input;
	if (input && inputTable) layers.push(tableOf(input, inputTable, preprocessing));
	for (const own of parts) {
		const { layer } = own;
		if (!own.weight) {
			layers.push({ ...poolOf(layer), ...given(own.output) });
			codes = own.output ?? codes;
			continue;
		}
		if (isConvolution(layer)) layers.push(...unitOf(own, codes, configuration));
		else {
			const activation = hidden.shift();
			const isLast = activation === undefined;
			if (isLast && dropout > 0) layers.push({ kind: "dropout", name: "dropout", rate: dropout });
			layers.push(...denseOf(own, codes, activation ?? "none"));
		}
		codes = own.output;
	}
	if (!head && dropout > 0) layers.push({ kind: "dropout", name: "dropout", rate: dropout });
	if (head && output === "softmax") layers.push({ kind: "softmax", name: "softmax" });
	if (head && output === "sigmoid")
		layers.push({ kind: "activation", name: "sigmoid", activation: "sigmoid" });
	return {
		...source,
		name,
		layers,
		size,
		inputChannels,
		...(inputTable ? pixelsOf(inputTable) : inputOf(input, parts[0])),
		preprocessing: inputTable ? { ...preprocessing, mean: [0], std: [1] } : preprocessing,
		...(rounding && { rounding }),
		...(labels && { labels }),
		...(sureFrom !== undefined && { sureFrom }),
	};
}

/**
 * The chain of a model that is quantized throughout, so that runtimes compute with it in integers: weights, biases, the
 * picture and what every layer gives out. Undefined for any other.
 */
export function integerChain(model: Model): Chain | undefined {
	const chain = chainOf(model);
	const isInteger = chain.layers.every((layer, i) => {
		if (layer.kind === "activation")
			return (
				layer.activation !== "leakyRelu" && (layer.output !== undefined || layer.activation === "sigmoid")
			);
		if (layer.kind !== "convolution" && layer.kind !== "dense") return layer.kind !== "batchNorm";
		const { weight, bias } = layer;
		const next = chain.layers[i + 1];
		// Bounds are part of the layer before them, which then gives out their codes.
		const isBounded =
			next?.kind === "activation" && (next.activation === "relu" || next.activation === "relu6");
		return (
			!isFloat(weight.tensor) &&
			(!bias || !isFloat(bias.tensor)) &&
			(layer.kind === "convolution" || isBounded || layer.output)
		);
	});
	return chain.input && isInteger ? chain : undefined;
}

/** A convolution with its batch norm and its activation. */
function unitOf(own: WeightedParts, input: Codes | undefined, configuration: Configuration): ChainLayer[] {
	const { layer, norm } = own;
	const { stride, kind, inputChannels } = layer;
	const { epsilon, momentum, activation, leakySlope: slope, padding, stemPadding } = configuration;
	const convolution = {
		kind: "convolution",
		name: layer.tensorPrefix ?? layer.name,
		...tensorsOf(own, input),
		groups: kind === "depthwise" ? inputChannels : 1,
		stride: [stride, stride],
		padding: paddingOf(layer, kind === "convolution" ? stemPadding : padding),
		...given(own.linear),
	} as const;
	const leaky = activation === "leakyRelu" ? { slope } : {};
	return activated(own, convolution, { activation, ...leaky }, [
		...(norm ? [{ kind: "batchNorm", name: `${layer.name}.bn`, ...norm, epsilon, momentum } as const] : []),
	]);
}

/**
 * A layer with its activation, which gives out the codes of both. Where the range of the codes is the activation none is
 * written; floats are cut off at the ends of that range.
 */
function activated(
	{ layer, output, bounds, weight }: WeightedParts,
	first: ChainLayer,
	activation: Pick<Activation, "activation" | "slope">,
	between: readonly ChainLayer[] = [],
): ChainLayer[] {
	const name = `${layer.name}.activation`;
	if (bounds && output && !isFloat(weight)) return [{ ...first, ...given(output) }];
	if (!bounds) return [first, ...between, { kind: "activation", name, ...activation, ...given(output) }];
	const clip = { kind: "activation", name, activation: "clip", bounds } as const;
	return [first, ...between, ...(Number.isFinite(bounds.high) ? [clip] : [])];
}

/** The table from pixels to codes, as arithmetic of integers that takes pixels for their own codes. */
function tableOf({ scale, zeroPoint }: Codes, table: Tensor, { mean, std }: Preprocessing): ChainLayer {
	return {
		kind: "affine",
		name: "input",
		factor: std.map((value) => 1 / value),
		offset: mean.map((value, c) => -value / std[c]!),
		table: Array.from(table.data),
		output: listed({ scale, zeroPoint }),
	};
}

function pixelsOf({ dtype }: Tensor): Pick<Chain, "input"> {
	return { input: { dtype, quantization: { scale: [1], zeroPoint: [leastCode(dtype) ?? 0] } } };
}

function poolOf({ name, kind }: Layer): ChainLayer {
	if (kind === "flatten") return { kind, name, order: "hwc" };
	return { kind: "pool", name, pooling: kind === "maxPool" ? "max" : "average" };
}

/** A dense layer with its activation. */
function denseOf(own: WeightedParts, input: Codes | undefined, activation: HeadActivation): ChainLayer[] {
	const dense = { kind: "dense", name: own.layer.name, ...tensorsOf(own, input) } as const;
	if (activation === "none") return [{ ...dense, ...given(own.output) }];
	return activated(own, { ...dense, ...given(own.linear) }, { activation });
}

/** Weights and bias with what their codes stand for; a bias's scale is its input's times its weights'. */
function tensorsOf(
	{ weight, bias, codes }: WeightedParts,
	input: Codes | undefined,
): { readonly weight: ChainTensor; readonly bias?: ChainTensor } {
	const ofWeight = codes && !isFloat(weight) ? { quantization: codes } : {};
	if (!bias) return { weight: { tensor: weight, ...ofWeight } };
	const scale = input && codes?.scale.map((own) => own * input.scale);
	const ofBias = scale && !isFloat(bias) ? { quantization: { scale, zeroPoint: [0] } } : {};
	return { weight: { tensor: weight, ...ofWeight }, bias: { tensor: bias, ...ofBias } };
}

/** The picture's codes are of the type of the first layer's weights. */
function inputOf(input: Codes | undefined, first: LayerParts | undefined): Pick<Chain, "input"> {
	if (!input || !first?.weight || isFloat(first.weight)) return {};
	return { input: { dtype: first.weight.dtype, quantization: listed(input) } };
}

function given(output: Codes | undefined): { readonly output?: Quantization } {
	return output ? { output: listed(output) } : {};
}

function listed({ scale, zeroPoint }: Codes): Quantization {
	return { scale: [scale], zeroPoint: [zeroPoint] };
}

/** TensorFlow has a word for its zeros; those of others, and the paper's padding of 4, are numbers. */
function paddingOf(
	{ kernel, padding: { before, after } }: Layer,
	padding: Padding,
): Extract<ChainLayer, { kind: "convolution" }>["padding"] {
	if (kernel === 1) return "valid";
	return padding === "same" && before <= 1 ? "same" : [before, before, after, after];
}
