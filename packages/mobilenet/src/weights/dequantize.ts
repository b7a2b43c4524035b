/**
 * Integers and short floats made float32, so that any model runs in float. Integer weights become
 * scale · (code − zero point), per tensor or per output channel; a bias's scale is its input's times its
 * weights'. The quantization of activations has no place in the result: a dequantized network neither rounds
 * nor clips them to their range, and so answers a little differently from the integer one.
 *
 * Source: Jacob and others 2018, "Quantization and Training of Neural Networks for Efficient
 * Integer-Arithmetic-Only Inference", equation 1 and section 2.4.
 */
import { MobileNetError, shown } from "../base/error.ts";
import { isConvolution, layers } from "../network/layers.ts";
import { float32Of, isFloat } from "./float.ts";
import type { Model, Tensor } from "./model.ts";

/** Names of quantization's parameters, which a network of floats does not have. */
const parameterName = /(^|\.)(scale|zero_point)$/;

/**
 * The same network with every tensor in float32 and no quantization. Tensors that are float32 already are shared
 * with the given model; integer tensors that belong to no layer are left out.
 *
 * @param model a model that `checkTensors` accepts
 * @throws MobileNetError `broken-file` where a scale or a zero point is missing or does not fit
 * @example
 * dequantize(model).tensors.get("stem.conv.weight")?.dtype // "F32"
 */
export function dequantize(model: Model): Model {
	const tensors = new Map<string, Tensor>();
	for (const [name, tensor] of model.tensors)
		if (isFloat(tensor) && !parameterName.test(name))
			tensors.set(
				name,
				tensor.dtype === "F32" ? tensor : { dtype: "F32", shape: tensor.shape, data: float32Of(tensor) },
			);

	// What the layer before gave out is what this one takes; a bias needs its scale.
	let inputScale = model.tensors.has("input.scale") ? parameter(model, "input.scale", 1)[0] : undefined;
	for (const layer of layers(model.configuration)) {
		const prefix = isConvolution(layer) ? `${layer.name}.conv` : layer.name;
		const channels = layer.outputChannels;
		const [weight, bias] = [model.tensors.get(`${prefix}.weight`), model.tensors.get(`${prefix}.bias`)];
		if (weight && !isFloat(weight)) {
			const zeroPoint = parameter(model, `${prefix}.zero_point`, channels);
			tensors.set(`${prefix}.weight`, real(weight, parameter(model, `${prefix}.scale`, channels), zeroPoint));
		}
		if (bias && !isFloat(bias)) {
			if (inputScale === undefined)
				throw new MobileNetError(
					"broken-file",
					`${prefix}.bias is of integers, but the model lacks the scale of what ${layer.name} takes (output.scale of the layer before, or input.scale).`,
				);
			const biasScale = inputScale;
			const scale = parameter(model, `${prefix}.scale`, channels).map((s) => s * biasScale);
			tensors.set(`${prefix}.bias`, real(bias, scale, [0]));
		}
		// Pooling does not always have a scale of its own: it gives out codes of the scale that it took.
		if (model.tensors.has(`${layer.name}.output.scale`))
			inputScale = parameter(model, `${layer.name}.output.scale`, 1)[0];
		else if (layer.kind !== "pool") inputScale = undefined;
	}
	return { ...model, tensors };
}

/** scale · (code − zero point), where the first axis of the tensor is its output channels. */
function real(
	{ shape, data }: Tensor,
	scale: readonly number[],
	zeroPoint: readonly number[],
): Extract<Tensor, { dtype: "F32" }> {
	const numbers = new Float32Array(data.length);
	const channels = Math.max(scale.length, zeroPoint.length);
	const run = data.length / channels;
	for (let c = 0; c < channels; c++) {
		const s = scale[scale.length === 1 ? 0 : c]!;
		const zero = zeroPoint[zeroPoint.length === 1 ? 0 : c]!;
		for (let i = c * run; i < (c + 1) * run; i++) numbers[i] = s * (data[i]! - zero);
	}
	return { dtype: "F32", shape, data: numbers };
}

/** A scale or a zero point: one number, or `channels` of them. */
export function parameter(model: Model, name: string, channels: number): number[] {
	const tensor = model.tensors.get(name);
	const count = tensor?.data.length;
	if (tensor && (count === 1 || count === channels))
		return Array.from(isFloat(tensor) ? float32Of(tensor) : tensor.data);
	throw new MobileNetError(
		"broken-file",
		`${name} must hold ${channels === 1 ? "one number" : `one number or ${channels}`}, but ${
			tensor ? `it has the shape ${shown(tensor.shape)}` : "it is missing"
		}.`,
	);
}
