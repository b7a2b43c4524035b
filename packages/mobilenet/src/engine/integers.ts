/**
 * Prepares a quantized model for integer arithmetic. A real value is scale · (code − zero point); the engine's words are
 * code − zero point, so zero points do not occur in sums:
 *
 *     output word = multiplier · (bias + Σ input word · (weight − its zero point)),
 *     multiplier  = scale of input · scale of weights / scale of output
 *
 * clamped to the words of the output's codes, and rounded as the model's `rounding` says.
 *
 * Source: Jacob and others 2018, "Quantization and Training of Neural Networks for Efficient
 * Integer-Arithmetic-Only Inference", equation 4.
 */
import { MobileNetError } from "../base/error.ts";
import { leastWord, tableWords } from "../kernels/reference/int8-lookup.ts";
import { nearest } from "../kernels/reference/int8-requantize.ts";
import { headActivationOf, isConvolution, type Layer } from "../network/layers.ts";
import type { Model, Rounding } from "../weights/model.ts";
import { type CodeNames, inputNames, linearNames, namesOf, outputNames } from "../weights/names.ts";
import {
	type Codes,
	type ModelParts,
	ownBounds,
	partsOf,
	perChannel,
	type WeightedParts,
} from "../weights/parts.ts";
import { float32, int32, type Tensor } from "../weights/tensor.ts";

/** The scale and zero point of an activation, and the least and the greatest word, which is code − zero point. */
export interface Words extends Codes {
	readonly low: number;
	readonly high: number;
}

/** The tensor of a pool by which its sums become words. */
export const rescaleName = "pool.rescale";

/** The tensor of a layer by which its sums become words. */
export function multipliersName({ tensorPrefix }: Layer): string {
	return `${tensorPrefix}.multipliers`;
}

/** The tensor of a layer that has a word for each of its words before the activation. */
export function tableName({ name }: Layer): string {
	return `${name}.table`;
}

/** The words of a layer before an activation that is a table, in `wordsOf`. */
export function linearName({ name }: Layer): string {
	return `${name}.linear`;
}

/**
 * The words of the picture (`input`) and of what each layer gives out, by the layer's name.
 *
 * @param parts a model that runs in integers
 * @throws MobileNetError `broken-file` where a scale is missing, or a scale or a zero point has no meaning
 */
export function wordsOf({ input, layers }: ModelParts): ReadonlyMap<string, Words> {
	const range = rangeOf(layers[0]!.weight!);
	let last = checkedWords(input, inputNames, range);
	const words = new Map([["input", last]]);
	for (const own of layers) {
		// The pool may have no codes of its own; its output then has those of its input.
		if (own.linear) words.set(linearName(own.layer), checkedWords(own.linear, linearNames(own.layer), range));
		if (own.weight || own.output) last = checkedWords(own.output, outputNames(own.layer), range);
		words.set(own.layer.name, last);
	}
	return words;
}

function checkedWords(
	codes: Codes | undefined,
	names: CodeNames,
	[least, most]: readonly [number, number],
): Words {
	if (!codes)
		throw new MobileNetError("broken-file", `${names.scale} must hold one number, but it is missing.`);
	const { scale, zeroPoint } = codes;
	if (!(scale > 0 && Number.isFinite(scale)))
		throw new MobileNetError("broken-file", `${names.scale} must be a positive number, not ${scale}.`);
	if (!(zeroPoint >= least && zeroPoint <= most))
		throw new MobileNetError(
			"broken-file",
			`${names.zeroPoint} must be a code from ${least} to ${most}, not ${zeroPoint}.`,
		);
	return { scale, zeroPoint, low: least - zeroPoint, high: most - zeroPoint };
}

/**
 * The least and the greatest word of a layer's output, by its codes and its activation.
 *
 * @param words of what the layer gives out, before an activation that is a table
 */
export function wordBounds(
	{ configuration, tensors }: Pick<Model, "configuration" | "tensors">,
	layer: Layer,
	{ scale, low, high }: Omit<Words, "zeroPoint">,
): readonly [low: number, high: number] {
	const own = ownBounds(tensors, layer);
	if (own) return [Math.max(low, Math.round(own.low / scale)), Math.min(high, Math.round(own.high / scale))];
	const activation = isConvolution(layer) ? configuration.activation : headActivationOf(layer, configuration);
	if (activation !== "relu" && activation !== "relu6") return [low, high];
	const most = activation === "relu6" ? Math.round(6 / scale) : high;
	return [Math.max(low, 0), Math.min(high, most)];
}

/**
 * The model with every weight minus its zero point, as float32 that holds whole numbers; every bias (zero by default,
 * float32 for depthwise layers); `X.multipliers` [channels, 2], by which a sum becomes a word; and `pool.rescale`: the
 * pool's factor, and the addend that rounds.
 *
 * @param model a model that runs in integers
 * @throws MobileNetError `broken-file` if a scale or a zero point is missing, has the wrong shape or is invalid
 * @example
 * integers(model).tensors.get("classifier.multipliers")
 */
export function integers(model: Model): Model {
	const tensors = new Map<string, Tensor>();
	const isReference = model.rounding === "reference";
	const parts = partsOf(model);
	const words = wordsOf(parts);
	let input = words.get("input")!;
	for (const own of parts.layers) {
		const { layer } = own;
		const output = words.get(layer.name)!;
		if (own.weight) {
			const names = namesOf(layer);
			const { data: bias } = own.bias ?? int32(new Int32Array(layer.outputChannels));
			const linear = words.get(linearName(layer));
			if (linear) tensors.set(tableName(layer), float32(lookup(layer, model, linear, output)));
			const multipliers = multipliersOf(own, input.scale, (linear ?? output).scale, isReference);
			tensors.set(names.weight, float32(centered(own), own.weight.shape));
			tensors.set(names.bias, layer.kind === "depthwise" ? float32(bias) : int32(bias));
			tensors.set(multipliersName(layer), float32(multipliers.flat()));
		} else if (layer.kind === "pool")
			tensors.set(rescaleName, float32(rescaling(input, output, isReference)));
		input = output;
	}
	return { ...model, tensors };
}

/**
 * TensorFlow Lite's tables of tanh and sigmoid: for each word its function's value as the nearest code of the output,
 * less its zero point; in float32, each operation rounded, as the last bit decides between two codes.
 *
 * Source: TensorFlow Lite, `kernels/internal/common.h`, `LUTPopulate`.
 */
export function lookup(
	layer: Layer,
	{ configuration, rounding = "xnnpack" }: Pick<Model, "configuration" | "rounding">,
	from: Words,
	to: Words,
): Float32Array {
	const isTanh = headActivationOf(layer, configuration) === "tanh";
	if (isConvolution(layer)) return leakyLookup(configuration.leakySlope, from, to, rounding);
	return Float32Array.from({ length: tableWords }, (_, i) => {
		const x = Math.fround(from.scale * (i + leastWord));
		const y = Math.fround(isTanh ? Math.tanh(x) : 1 / Math.fround(1 + Math.fround(Math.exp(-x))));
		const word = Math.sign(y) * Math.round(Math.abs(Math.fround(y * Math.fround(1 / to.scale))));
		return Math.min(to.high, Math.max(to.low, word));
	});
}

/**
 * XNNPACK's table of leaky ReLU, which multiplies by whole 256ths, or onnxruntime's, which divides by the scale.
 *
 * Source: XNNPACK, `xnn_init_qs8_lrelu_scalar_params` and `qs8-vlrelu`; onnxruntime,
 * `contrib_ops/cpu/quantization/qlinear_lookup_table.h`, `QlinearBuildLookupTable`.
 */
function leakyLookup(slope: number, from: Words, to: Words, rounding: Rounding): Float32Array {
	const [least, most] = [to.low, to.high];
	const clamped = (word: number): number => Math.min(most, Math.max(least, word));
	const { fround } = Math;
	const ratio = fround(fround(from.scale) / fround(to.scale));
	const multipliers = [ratio, fround(ratio * fround(slope))].map((value) => nearest(fround(256 * value)));
	return Float32Array.from({ length: tableWords }, (_, i) => {
		const word = i + leastWord;
		if (rounding !== "onnxruntime")
			return clamped(Math.floor((word * multipliers[word >= 0 ? 0 : 1]! + 128) / 256));
		const x = fround(fround(from.scale) * word);
		const y = word >= 0 ? x : fround(fround(slope) * x);
		return nearest(clamped(fround(y / fround(to.scale))));
	});
}

/** Whether a layer's weights minus their zero points fit in signed bytes: int8 with zero points of 0. */
export function hasByteWeights({ weight, codes }: WeightedParts): boolean {
	return weight.dtype === "I8" && codes!.zeroPoint.every((zero) => zero === 0);
}

/** What each channel's sums are multiplied by, in two factors. */
function multipliersOf(
	{ layer, codes }: WeightedParts,
	inputScale: number,
	outputScale: number,
	isReference: boolean,
): readonly (readonly [number, number])[] {
	const multipliers = Array.from({ length: layer.outputChannels }, (_, c) => {
		const own = perChannel(codes!.scale, c);
		return isReference
			? fixedPoint((inputScale * own) / outputScale)
			: // The product in float32, as in XNNPACK: its last bit decides how sums next to a half are rounded.
				([Math.fround(inputScale * own) / outputScale, 1] as const);
	});
	if (!multipliers.every(([m]) => m >= 0 && Number.isFinite(Math.fround(m))))
		throw new MobileNetError("broken-file", `${namesOf(layer).codes.scale} must hold positive numbers.`);
	return multipliers;
}

/** A multiplier as a mantissa from ½ to 1 and a power of two. Multipliers of at least ½ have no shift. */
function fixedPoint(multiplier: number): [mantissa: number, step: number] {
	const shift = multiplier > 0 ? Math.max(0, -1 - Math.floor(Math.log2(multiplier))) : 0;
	// One last bit more, so that halves are rounded away from zero.
	return [multiplier * 2 ** shift, shift === 0 ? 1 : 2 ** -shift * (1 + 2 ** -23)];
}

/**
 * The factor by which pooling multiplies a sum, and the number that it adds. TensorFlow Lite's own kernel sums codes
 * including the zero point, and subtracts the zero point's share of the mean as a whole number.
 */
function rescaling(input: Words, output: Words, isReference: boolean): [factor: number, half: number] {
	const factor = input.scale / output.scale;
	const share = input.zeroPoint * factor;
	return [factor, isReference ? 0.5 + share - Math.sign(share) * Math.round(Math.abs(share)) : 0.5];
}

/** The range of codes of a quantized tensor; activations have that of the weights' type. */
function rangeOf({ dtype }: Tensor): readonly [least: number, most: number] {
	return dtype === "U8" ? [0, 255] : [-128, 127];
}

/** Weights minus their zero point, which is a single one or one per channel. */
function centered({ layer, weight, codes }: WeightedParts): Float32Array {
	const { zeroPoint } = codes!;
	const [least, most] = rangeOf(weight);
	const wrong = zeroPoint.find((zero) => !(zero >= least && zero <= most));
	if (wrong !== undefined)
		throw new MobileNetError(
			"broken-file",
			`${namesOf(layer).codes.zeroPoint} must hold codes from ${least} to ${most}, not ${wrong}.`,
		);
	const channels = layer.outputChannels;
	const filter = weight.data.length / channels;
	const result = new Float32Array(weight.data.length);
	for (let c = 0; c < channels; c++) {
		const zero = perChannel(zeroPoint, c);
		for (let i = c * filter; i < (c + 1) * filter; i++) result[i] = weight.data[i]! - zero;
	}
	return result;
}
