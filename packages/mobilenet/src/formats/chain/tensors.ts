/**
 * The tensors of a chain as parts of layers, each checked against its neighbors: shapes, lengths, quantization, finite
 * numbers. Nothing is folded or dequantized; what the file leaves out and every reader of a model counts on (a batch
 * norm's scale, a bias) is added as ones or zeros.
 */
import { shown } from "../../base/error.ts";
import { isFloat } from "../../weights/float.ts";
import { normParts } from "../../weights/names.ts";
import {
	type BatchNorm,
	type Codes,
	type PoolParts,
	perChannel,
	type Quantization,
	type WeightedParts,
} from "../../weights/parts.ts";
import { filled, int32, sameShape, sizeOf, type Tensor } from "../../weights/tensor.ts";
import type { Chain, ChainTensor } from "./chain.ts";
import type { FoundHeadLayer } from "./head-layers.ts";
import type { ScaledChannels } from "./multiplier.ts";
import type { ActiveUnit, Parts } from "./parts-of.ts";
import { type BatchNorm as FoundNorm, refuse } from "./units.ts";

/** Channels of the stem and of every block's pointwise convolution at α = 1. */
export interface BaseChannels {
	readonly stem: number;
	readonly blocks: readonly number[];
}

/** Parts of a layer before a configuration says which layer it is. */
export type UnplacedParts = Omit<WeightedParts, "layer"> | Omit<PoolParts, "layer">;

export interface CheckedParts {
	readonly input: Codes | undefined;
	/** In the order of a network's layers, the pool among them whether the file has one or not. */
	readonly layers: readonly UnplacedParts[];
	/** Channels of stem and blocks, for α; `layer` is the file's own name. */
	readonly counts: readonly (ScaledChannels & { readonly layer: string })[];
}

/** What is known of a network beside the layers themselves. */
export interface Surroundings {
	readonly base: BaseChannels;
	readonly inputChannels: number;
	/** What the first convolution takes, where that are codes. */
	readonly input: Chain["input"];
	/** Numbers that the first dense layer takes. */
	readonly features: number;
}

/** What a batch norm's tensors are called in errors. */
const normWords = {
	weight: "weight",
	bias: "bias",
	mean: "running mean",
	variance: "running variance",
} as const;

/** A bias's scale is the product of two; TensorFlow Lite, too, lets it be off by so much. */
const biasScaleTolerance = 0.02;

export function checkedParts(
	chain: Chain,
	{ stem, blocks, head: { pool } }: Pick<Parts, "stem" | "blocks" | "head">,
	headLayers: readonly FoundHeadLayer[],
	{ base, inputChannels, input, features }: Surroundings,
): CheckedParts {
	const layers: UnplacedParts[] = [];
	const counts: (ScaledChannels & { layer: string })[] = [];
	let channels = inputChannels;
	let codes = input?.quantization;

	const add = (unit: ActiveUnit, shape: readonly number[]): void => {
		const { name, convolution, batchNorm, output, bounds } = unit;
		const { weight, bias } = convolution;
		layers.push({
			...weightsOf(chain, { name, weight, bias }, shape, codes, !batchNorm),
			norm: batchNorm && normOf(chain, batchNorm, shape[0]!),
			output: output && codesOf(chain, name, output),
			bounds,
			linear: linearOf(chain, unit),
		});
		codes = output;
	};
	const outputsOf = (unit: ActiveUnit): number => unit.convolution.weight.tensor.shape[0]!;

	add(stem, [outputsOf(stem), channels, 3, 3]);
	channels = outputsOf(stem);
	counts.push({ base: base.stem, channels, layer: stem.name });
	for (const [i, { depthwise, pointwise }] of blocks.entries()) {
		add(depthwise, [channels, 1, 3, 3]);
		add(pointwise, [outputsOf(pointwise), channels, 1, 1]);
		channels = outputsOf(pointwise);
		counts.push({ base: base.blocks[i]!, channels, layer: pointwise.name });
	}
	layers.push({ output: pool?.output && codesOf(chain, pool.name, pool.output) });
	codes = pool?.output ?? codes;
	let inputs = features;
	for (const layer of headLayers) {
		const { name, output, bounds, linear } = layer;
		const outputs = layer.weight.tensor.shape[0]!;
		layers.push({
			...weightsOf(chain, layer, [outputs, inputs], codes, true),
			output: output && codesOf(chain, name, output),
			bounds,
			linear: linear && codesOf(chain, name, linear),
		});
		[inputs, codes] = [outputs, output];
	}
	return { input: input && inputCodes(chain, input, stem), layers, counts };
}

/** What the codes of a convolution stand for before leaky ReLU makes others of them. */
function linearOf(chain: Chain, { name, convolution, activation, batchNorm }: ActiveUnit): Codes | undefined {
	const isTable = activation?.activation === "leakyRelu" && activation.output && !batchNorm;
	return isTable && convolution.output ? codesOf(chain, name, convolution.output) : undefined;
}

/** Weights and bias of a convolution or of the classifier, with the codes of integer ones. */
function weightsOf(
	chain: Chain,
	found: {
		readonly name: string;
		readonly weight: ChainTensor;
		readonly bias?: ChainTensor | undefined;
	},
	shape: readonly number[],
	input: Quantization | undefined,
	needsBias: boolean,
): Omit<WeightedParts, "layer"> {
	const { name, weight, bias } = found;
	const channels = shape[0]!;
	const { tensor, quantization } = weight;
	checkTensor(chain, name, "weights", tensor, shape);
	let codes: Quantization | undefined;
	if (!isFloat(tensor)) {
		if (!quantization || tensor.dtype === "I32")
			refuse(
				chain,
				`the weights of the layer ${name} are of the type ${tensor.dtype}${quantization ? "" : " without a scale"} where floats, or I8 or U8 with a scale, were expected`,
				"broken-file",
				name,
			);
		checkQuantization(chain, name, quantization, channels);
		codes = quantization;
	}
	if (bias) {
		checkTensor(chain, name, "bias", bias.tensor, [channels]);
		checkBias(chain, name, weight, bias, input);
		return { weight: tensor, codes, bias: bias.tensor };
	}
	if (!needsBias) return { weight: tensor, codes };
	// Integer arithmetic adds integers.
	const zeros = isFloat(tensor) || !input ? filled([channels], 0) : int32(new Int32Array(channels));
	return { weight: tensor, codes, bias: zeros };
}

/** A bias of integers has no scale of its own in the model: it must be the input's times the weights'. */
function checkBias(
	chain: Chain,
	name: string,
	weight: ChainTensor,
	bias: ChainTensor,
	input: Quantization | undefined,
): void {
	if (isFloat(bias.tensor)) return;
	if (bias.tensor.dtype !== "I32" || isFloat(weight.tensor) || !input)
		refuse(
			chain,
			`the bias of the layer ${name} is of the type ${bias.tensor.dtype}, where its weights are ${weight.tensor.dtype} and its input ${input ? "is of integers" : "is not"}: floats were expected`,
			"broken-file",
			name,
		);
	const scales = bias.quantization?.scale ?? [];
	for (let c = 0; c < scales.length; c++) {
		const expected = perChannel(input.scale, c) * perChannel(weight.quantization?.scale ?? [], c);
		if (!(Math.abs(scales[c]! - expected) <= biasScaleTolerance * expected))
			refuse(
				chain,
				`the bias of the layer ${name} has the scale ${scales[c]} at channel ${c} where ${expected}, its input's times its weights', was expected`,
				"broken-file",
				name,
			);
	}
}

function normOf(chain: Chain, found: FoundNorm, channels: number): BatchNorm {
	const norm = {
		weight: found.weight ?? filled([channels], 1),
		bias: found.bias ?? filled([channels], 0),
		mean: found.mean,
		variance: found.variance,
	};
	for (const part of normParts) {
		const tensor = norm[part];
		const what = normWords[part];
		checkTensor(chain, found.name, what, tensor, [channels]);
		if (!isFloat(tensor))
			refuse(
				chain,
				`the ${what} of the batch norm ${found.name} is of the type ${tensor.dtype} where floats were expected`,
				"broken-file",
				found.name,
			);
	}
	// The sign is the highest bit of every float; −0 is a variance of nothing.
	const { dtype, data } = found.variance;
	const negative =
		dtype === "F32" ? data.findIndex((value) => value < 0) : data.findIndex((bits) => bits > 0x8000);
	if (negative >= 0)
		refuse(
			chain,
			`the batch norm ${found.name} has a negative variance at channel ${negative}; the file is damaged`,
			"broken-file",
			found.name,
		);
	return norm;
}

/** Fails unless there are one scale and zero point, or one per channel, and all of them have a meaning. */
function checkQuantization(
	chain: Chain,
	layer: string,
	{ scale, zeroPoint }: Quantization,
	channels: number,
): void {
	for (const [what, values] of [
		["scales", scale],
		["zero points", zeroPoint],
	] as const)
		if (values.length !== 1 && values.length !== channels)
			refuse(
				chain,
				`the layer ${layer} has ${values.length} ${what} where ${channels === 1 ? "one was" : `one or ${channels} were`} expected`,
				"broken-file",
				layer,
			);
	const strange =
		scale.find((value) => !(value > 0 && Number.isFinite(value))) ??
		// From −128 of int8 to 255 of uint8.
		zeroPoint.find((value) => !(Number.isInteger(value) && value >= -128 && value <= 255));
	if (strange !== undefined)
		refuse(
			chain,
			`the layer ${layer} is quantized with ${strange} where a scale above 0 and a zero point from -128 to 255 were expected`,
			"broken-file",
			layer,
		);
}

/** The codes of an activation: one scale, one zero point. */
function codesOf(chain: Chain, layer: string, quantization: Quantization): Codes {
	checkQuantization(chain, layer, quantization, 1);
	return { scale: quantization.scale[0]!, zeroPoint: quantization.zeroPoint[0]! };
}

/** The picture's own quantization, its codes in the type of the first layer's weights. */
function inputCodes(
	chain: Chain,
	{ dtype, quantization }: NonNullable<Chain["input"]>,
	stem: ActiveUnit,
): Codes {
	const weights = stem.convolution.weight.tensor.dtype;
	if ((dtype !== "U8" && dtype !== "I8") || (weights !== "U8" && weights !== "I8"))
		refuse(
			chain,
			`its input is of the type ${dtype} and the weights of its first convolution are ${weights} where I8 or U8 were expected of both`,
			"broken-file",
		);
	// A file may take uint8 pictures and subtract 128 before its int8 layers: the same numbers, other codes.
	const shift = dtype === weights ? 0 : weights === "I8" ? -128 : 128;
	const zeroPoint = quantization.zeroPoint.map((zero) => zero + shift);
	return codesOf(chain, "of the input", { ...quantization, zeroPoint });
}

function checkTensor(
	chain: Chain,
	layer: string,
	what: string,
	tensor: Tensor,
	shape: readonly number[],
): void {
	if (!sameShape(tensor.shape, shape))
		refuse(
			chain,
			`the ${what} of the layer ${layer} ${what === "weights" ? "have" : "has"} the shape ${shown(tensor.shape)} where ${shown(shape)} was expected`,
			"broken-file",
		);
	if (tensor.data.length !== sizeOf(shape))
		refuse(
			chain,
			`the ${what} of the layer ${layer} should be ${sizeOf(shape)} numbers of the shape ${shown(shape)}, but there are ${tensor.data.length}`,
			"broken-file",
		);
	const strange = notFinite(tensor);
	if (strange >= 0)
		refuse(
			chain,
			`the ${what} of the layer ${layer} are not all numbers: the one at ${strange} is infinite or none; the file is damaged`,
			"broken-file",
		);
}

/** Where a float tensor holds something that is no finite number; −1 where nowhere. */
function notFinite({ dtype, data }: Tensor): number {
	// A loop and not findIndex: this goes over every weight of every file.
	if (dtype === "F32") {
		for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i]!)) return i;
	} else if (dtype === "F16" || dtype === "BF16") {
		const exponent = dtype === "F16" ? 0x7c00 : 0x7f80;
		for (let i = 0; i < data.length; i++) if ((data[i]! & exponent) === exponent) return i;
	}
	return -1;
}
