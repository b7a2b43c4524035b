/**
 * The tensors of a chain under their canonical names, each checked against its neighbors: shapes, lengths,
 * quantization, finite numbers. Nothing is folded or dequantized; what the file leaves out and every reader of a
 * model counts on (a batch norm's scale, a bias) is added as ones or zeros.
 */
import { shown } from "../../base/error.ts";
import { isFloat } from "../../weights/float.ts";
import { sizeOf, type Tensor } from "../../weights/model.ts";
import type { Chain, ChainTensor, Quantization } from "./chain.ts";
import type { ScaledChannels } from "./multiplier.ts";
import { type BatchNorm, type Dense, type Parts, refuse, type Unit } from "./units.ts";

/** Channels of the stem and of every block's pointwise convolution at α = 1. */
export interface BaseChannels {
	readonly stem: number;
	readonly blocks: readonly number[];
}

export interface NamedTensors {
	readonly tensors: ReadonlyMap<string, Tensor>;
	readonly inputChannels: number;
	/** Undefined where there is no classifier. */
	readonly classes: number | undefined;
	/** Channels of stem and blocks, for α; `layer` is the file's own name. */
	readonly counts: readonly (ScaledChannels & { readonly layer: string })[];
}

/** A bias's scale is the product of two; TensorFlow Lite, too, lets it be off by so much. */
const biasScaleTolerance = 0.02;

export function namedTensors(
	chain: Chain,
	{ stem, blocks, pool }: Parts,
	classifier: Dense | undefined,
	base: BaseChannels,
): NamedTensors {
	const tensors = new Map<string, Tensor>();
	const counts: (ScaledChannels & { layer: string })[] = [];
	const first = stem.convolution.weight.tensor.shape;
	const inputChannels = chain.inputChannels ?? first[1]!;
	let channels = inputChannels;
	let codes = chain.input?.quantization;

	const add = (name: string, unit: Unit, shape: readonly number[]): void => {
		const { convolution, batchNorm, activation } = unit;
		const output = activation?.output ?? batchNorm?.output ?? convolution.output;
		const weights = {
			name: unit.name,
			weight: convolution.weight,
			...(convolution.bias && { bias: convolution.bias }),
		};
		addWeights(chain, tensors, `${name}.conv`, weights, shape, codes, !batchNorm);
		if (batchNorm) addBatchNorm(chain, tensors, `${name}.bn`, batchNorm, shape[0]!);
		if (output) addQuantization(chain, tensors, `${name}.output`, unit.name, output, 1);
		codes = output;
	};
	const outputsOf = (unit: Unit): number => unit.convolution.weight.tensor.shape[0]!;

	add("stem", stem, [outputsOf(stem), channels, 3, 3]);
	channels = outputsOf(stem);
	counts.push({ base: base.stem, channels, layer: stem.name });
	for (const [i, { depthwise, pointwise }] of blocks.entries()) {
		add(`blocks.${i}.depthwise`, depthwise, [channels, 1, 3, 3]);
		add(`blocks.${i}.pointwise`, pointwise, [outputsOf(pointwise), channels, 1, 1]);
		channels = outputsOf(pointwise);
		counts.push({ base: base.blocks[i]!, channels, layer: pointwise.name });
	}
	if (pool?.output) {
		addQuantization(chain, tensors, "pool.output", pool.name, pool.output, 1);
		codes = pool.output;
	}
	if (classifier) {
		const classes = classifier.weight.tensor.shape[0] ?? 0;
		addWeights(chain, tensors, "classifier", classifier, [classes, channels], codes, true);
		if (classifier.output)
			addQuantization(chain, tensors, "classifier.output", classifier.name, classifier.output, 1);
	}
	if (chain.input) addInput(chain, tensors, stem);
	return { tensors, inputChannels, classes: classifier?.weight.tensor.shape[0], counts };
}

/** Weights and bias of a convolution or of the classifier, with the scale of integer ones. */
function addWeights(
	chain: Chain,
	tensors: Map<string, Tensor>,
	prefix: string,
	{
		name,
		weight,
		bias,
	}: { readonly name: string; readonly weight: ChainTensor; readonly bias?: ChainTensor },
	shape: readonly number[],
	input: Quantization | undefined,
	needsBias: boolean,
): void {
	const channels = shape[0]!;
	const { tensor, quantization } = weight;
	checkTensor(chain, name, "weights", tensor, shape);
	tensors.set(`${prefix}.weight`, tensor);
	if (!isFloat(tensor)) {
		if (!quantization || tensor.dtype === "I32")
			refuse(
				chain,
				`the weights of the layer ${name} are of the type ${tensor.dtype}${quantization ? "" : " without a scale"} where floats, or I8 or U8 with a scale, were expected`,
				"broken-file",
			);
		addQuantization(chain, tensors, prefix, name, quantization, channels);
	}
	if (bias) {
		checkTensor(chain, name, "bias", bias.tensor, [channels]);
		checkBias(chain, name, weight, bias, input);
		tensors.set(`${prefix}.bias`, bias.tensor);
	} else if (needsBias) {
		// Integer arithmetic adds integers.
		const zeros: Tensor =
			isFloat(tensor) || !input
				? { dtype: "F32", shape: [channels], data: new Float32Array(channels) }
				: { dtype: "I32", shape: [channels], data: new Int32Array(channels) };
		tensors.set(`${prefix}.bias`, zeros);
	}
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
		);
	const scales = bias.quantization?.scale ?? [];
	for (let c = 0; c < scales.length; c++) {
		const expected = at(input.scale, c) * at(weight.quantization?.scale ?? [], c);
		if (!(Math.abs(scales[c]! - expected) <= biasScaleTolerance * expected))
			refuse(
				chain,
				`the bias of the layer ${name} has the scale ${scales[c]} at channel ${c} where ${expected}, its input's times its weights', was expected`,
				"broken-file",
			);
	}
}

/** One value for all channels, or one a channel. */
function at(values: readonly number[], channel: number): number {
	return values[values.length === 1 ? 0 : channel] ?? Number.NaN;
}

function addBatchNorm(
	chain: Chain,
	tensors: Map<string, Tensor>,
	prefix: string,
	norm: BatchNorm,
	channels: number,
): void {
	const filled = (value: number): Tensor => ({
		dtype: "F32",
		shape: [channels],
		data: new Float32Array(channels).fill(value),
	});
	const parts = {
		weight: norm.weight ?? filled(1),
		bias: norm.bias ?? filled(0),
		running_mean: norm.mean,
		running_var: norm.variance,
	};
	for (const [part, tensor] of Object.entries(parts)) {
		checkTensor(chain, norm.name, part.replace("_", " "), tensor, [channels]);
		if (!isFloat(tensor))
			refuse(
				chain,
				`the ${part.replace("_", " ")} of the batch norm ${norm.name} is of the type ${tensor.dtype} where floats were expected`,
				"broken-file",
			);
		tensors.set(`${prefix}.${part}`, tensor);
	}
	// The sign is the highest bit of every float; −0 is a variance of nothing.
	const { dtype, data } = norm.variance;
	const negative =
		dtype === "F32" ? data.findIndex((value) => value < 0) : data.findIndex((bits) => bits > 0x8000);
	if (negative >= 0)
		refuse(
			chain,
			`the batch norm ${norm.name} has a negative variance at channel ${negative}; the file is damaged`,
			"broken-file",
		);
}

/** `prefix.scale` and `prefix.zero_point`, one or one a channel. */
function addQuantization(
	chain: Chain,
	tensors: Map<string, Tensor>,
	prefix: string,
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
		);
	tensors.set(`${prefix}.scale`, { dtype: "F32", shape: [scale.length], data: Float32Array.from(scale) });
	tensors.set(`${prefix}.zero_point`, {
		dtype: "I32",
		shape: [zeroPoint.length],
		data: Int32Array.from(zeroPoint),
	});
}

/** The picture's own quantization, its codes in the type of the first layer's weights. */
function addInput(chain: Chain, tensors: Map<string, Tensor>, stem: Unit): void {
	const { dtype, quantization } = chain.input!;
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
	addQuantization(chain, tensors, "input", "of the input", { ...quantization, zeroPoint }, 1);
}

function checkTensor(
	chain: Chain,
	layer: string,
	what: string,
	tensor: Tensor,
	shape: readonly number[],
): void {
	if (tensor.shape.length !== shape.length || tensor.shape.some((n, axis) => n !== shape[axis]))
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
