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
import { isConvolution, type Layer, layers } from "../network/layers.ts";
import { parameter } from "../weights/dequantize.ts";
import type { Model, Tensor } from "../weights/model.ts";

/** The scale and zero point of an activation, and the least and the greatest value of code − zero point. */
export interface Codes {
	readonly scale: number;
	readonly zeroPoint: number;
	readonly low: number;
	readonly high: number;
}

/** Whether a model is fully quantized: integer weights and activations in every layer. */
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
 * The codes of a layer's output, or of the picture (`input`).
 *
 * @param model a model that runs in integers
 * @throws MobileNetError `broken-file` if the scale or the zero point is invalid
 */
export function codesOf(model: Model, layer: string): Codes {
	// The pool may have no codes of its own; its output then has those of its input.
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
 * The model with every weight minus its zero point, as float32 that holds whole numbers; every bias (zero by default,
 * float32 for depthwise layers); `X.multipliers` [channels, 2], by which a sum becomes a word; and `pool.rescale`: the
 * pool's factor, and the addend that rounds.
 *
 * @param model a model that runs in integers
 * @throws MobileNetError `broken-file` if a scale or a zero point is missing, has the wrong shape or is invalid
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
					: // The product in float32, as in XNNPACK: its last bit decides how sums next to a half are rounded.
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

/** Whether a layer's weights minus their zero points fit in signed bytes: int8 with zero points of 0. */
export function hasByteWeights(model: Model, layer: Layer): boolean {
	const prefix = prefixOf(layer);
	return (
		model.tensors.get(`${prefix}.weight`)!.dtype === "I8" &&
		parameter(model, `${prefix}.zero_point`, layer.outputChannels).every((zero) => zero === 0)
	);
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

/** The range of codes of a quantized tensor; activations have that of the weights' type. */
function rangeOf({ dtype }: Tensor): readonly [least: number, most: number] {
	return dtype === "U8" ? [0, 255] : [-128, 127];
}

/** Weights minus their zero point, which is a single one or one per channel. */
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
