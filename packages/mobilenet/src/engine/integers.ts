/**
 * A quantized model as integer arithmetic takes it. Real value = scale · (code − zero point); the engine's words are
 * code − zero point, so that zero points are gone from all sums:
 *
 *     output word = multiplier · (bias + Σ input word · (weight − its zero point)),
 *     multiplier  = scale of input · scale of weights / scale of output
 *
 * clamped to the words that the output's codes can stand for. How it is rounded is the model's `rounding`.
 *
 * Source: Jacob and others 2018, "Quantization and Training of Neural Networks for Efficient
 * Integer-Arithmetic-Only Inference", equation 4.
 */
import { MobileNetError } from "../base/error.ts";
import { isConvolution, type Layer, layers } from "../network/layers.ts";
import { parameter } from "../weights/dequantize.ts";
import type { Model, Tensor } from "../weights/model.ts";

/** What the codes of an activation stand for, and the least and the most that code − zero point can be. */
export interface Codes {
	readonly scale: number;
	readonly zeroPoint: number;
	readonly low: number;
	readonly high: number;
}

/** Whether a model is quantized through and through: integer weights and activations of every layer. */
export function runsInIntegers({ configuration, tensors }: Model): boolean {
	if (configuration.activation === "leakyRelu" || !tensors.has("input.scale")) return false;
	return layers(configuration).every((layer) => {
		if (layer.kind === "pool") return true;
		const prefix = prefixOf(layer);
		const [weight, bias] = [tensors.get(`${prefix}.weight`), tensors.get(`${prefix}.bias`)];
		return (
			(weight?.dtype === "I8" || weight?.dtype === "U8") &&
			(bias === undefined || bias.dtype === "I32") &&
			tensors.has(`${prefix}.scale`) &&
			tensors.has(`${layer.name}.output.scale`) &&
			!tensors.has(`${layer.name}.bn.weight`)
		);
	});
}

/**
 * The codes of what a layer gives out, or of the picture (`input`).
 *
 * @param model a model that runs in integers
 * @throws MobileNetError `broken-file` where scale or zero point have no meaning
 */
export function codesOf(model: Model, layer: string): Codes {
	// Pooling does not always have codes of its own: then it gives out those that it took.
	const own = layer === "pool" && !model.tensors.has("pool.output.scale") ? beforePool(model) : layer;
	const prefix = own === "input" ? own : `${own}.output`;
	const [scale] = parameter(model, `${prefix}.scale`, 1) as [number];
	const [zeroPoint] = parameter(model, `${prefix}.zero_point`, 1) as [number];
	const [least, most] = rangeOf(model.tensors.get("stem.conv.weight")!);
	if (!(scale > 0 && Number.isFinite(scale)))
		throw new MobileNetError("broken-file", `${prefix}.scale must be a positive number, not ${scale}.`);
	if (!(zeroPoint >= least && zeroPoint <= most))
		throw new MobileNetError(
			"broken-file",
			`${prefix}.zero_point must be a code from ${least} to ${most}, not ${zeroPoint}.`,
		);
	return { scale, zeroPoint, low: least - zeroPoint, high: most - zeroPoint };
}

/**
 * The model with every weight less its zero point, in float32 that holds whole numbers, every bias (zero where there
 * is none; in float32 where the layer is depthwise), and `X.multipliers` [channels, 2] by which a sum becomes a word;
 * for the pool `pool.rescale`, a factor and what is added to round.
 *
 * @param model a model that runs in integers
 * @throws MobileNetError `broken-file` where a scale or a zero point is missing, does not fit or has no meaning
 * @example
 * integers(model).tensors.get("stem.conv.multipliers")
 */
export function integers(model: Model): Model {
	const tensors = new Map<string, Tensor>();
	const isReference = model.rounding === "reference";
	let input = codesOf(model, "input");
	for (const layer of layers(model.configuration)) {
		const output = codesOf(model, layer.name);
		if (layer.kind === "pool") tensors.set("pool.rescale", float32(rescaling(input, output, isReference)));
		else {
			const prefix = prefixOf(layer);
			const channels = layer.outputChannels;
			const weight = model.tensors.get(`${prefix}.weight`)!;
			const scale = parameter(model, `${prefix}.scale`, channels);
			const multipliers = Array.from({ length: channels }, (_, c) => {
				const own = scale[scale.length === 1 ? 0 : c]!;
				return isReference
					? fixedPoint((input.scale * own) / output.scale)
					: // The product in float32, as XNNPACK has it: a last bit decides about sums that are next to a half.
						[Math.fround(input.scale * own) / output.scale, 1];
			});
			if (!multipliers.every(([m]) => m! >= 0 && Number.isFinite(Math.fround(m!))))
				throw new MobileNetError("broken-file", `${prefix}.scale must hold positive numbers.`);
			const bias = model.tensors.get(`${prefix}.bias`)?.data ?? new Int32Array(channels);
			tensors.set(`${prefix}.weight`, { ...float32(centered(model, prefix, weight)), shape: weight.shape });
			tensors.set(
				`${prefix}.bias`,
				layer.kind === "depthwise"
					? float32(bias)
					: { dtype: "I32", shape: [channels], data: Int32Array.from(bias) },
			);
			tensors.set(`${prefix}.multipliers`, float32(multipliers.flat()));
		}
		input = output;
	}
	return { ...model, tensors };
}

/** Whether a layer's weights, less their zero points, are bytes with a sign: those of int8 whose zero points are 0. */
export function hasByteWeights(model: Model, layer: Layer): boolean {
	const prefix = prefixOf(layer);
	return (
		model.tensors.get(`${prefix}.weight`)!.dtype === "I8" &&
		parameter(model, `${prefix}.zero_point`, layer.outputChannels).every((zero) => zero === 0)
	);
}

/** Mantissa, from ½ to 1, and power of two of a multiplier; one of 1 and more has no shift. */
function fixedPoint(multiplier: number): [mantissa: number, step: number] {
	const shift = multiplier > 0 ? Math.max(0, -1 - Math.floor(Math.log2(multiplier))) : 0;
	// A last bit more, so that halves go away from zero.
	return [multiplier * 2 ** shift, shift === 0 ? 1 : 2 ** -shift * (1 + 2 ** -23)];
}

/**
 * What pooling multiplies a sum by, and adds to it. TensorFlow Lite's own kernel sums codes with their zero point, and
 * takes its share of the mean away as a whole number.
 */
function rescaling(input: Codes, output: Codes, isReference: boolean): [factor: number, half: number] {
	const factor = input.scale / output.scale;
	const share = input.zeroPoint * factor;
	return [factor, isReference ? 0.5 + share - Math.sign(share) * Math.round(Math.abs(share)) : 0.5];
}

function prefixOf(layer: Layer): string {
	return isConvolution(layer) ? `${layer.name}.conv` : layer.name;
}

function beforePool({ configuration }: Model): string {
	const table = layers(configuration);
	return table[table.findIndex(({ kind }) => kind === "pool") - 1]!.name;
}

/** The codes of a quantized tensor; activations have those of the weights' type. */
function rangeOf({ dtype }: Tensor): readonly [least: number, most: number] {
	return dtype === "U8" ? [0, 255] : [-128, 127];
}

/** Weights less their zero point, of which there is one or one a channel. */
function centered(model: Model, prefix: string, weight: Tensor): Float32Array {
	const channels = weight.shape[0]!;
	const zeroPoint = parameter(model, `${prefix}.zero_point`, channels);
	const [least, most] = rangeOf(weight);
	const wrong = zeroPoint.find((zero) => !(zero >= least && zero <= most));
	if (wrong !== undefined)
		throw new MobileNetError(
			"broken-file",
			`${prefix}.zero_point must hold codes from ${least} to ${most}, not ${wrong}.`,
		);
	const filter = weight.data.length / channels;
	const result = new Float32Array(weight.data.length);
	for (let c = 0; c < channels; c++) {
		const zero = zeroPoint[zeroPoint.length === 1 ? 0 : c]!;
		for (let i = c * filter; i < (c + 1) * filter; i++) result[i] = weight.data[i]! - zero;
	}
	return result;
}

function float32(values: ArrayLike<number>): Extract<Tensor, { dtype: "F32" }> {
	return { dtype: "F32", shape: [values.length], data: Float32Array.from(values) };
}
