/**
 * Converts integers and short floats to float32, which lets any model run in float. Integer weights become
 * scale · (code − zero point), per tensor or per output channel; a bias's scale is its input's times its
 * weights'. The quantization of activations has no place in the result: a dequantized network neither rounds
 * nor clips them to their range (unless that is the activation: `bounds`), and so answers a little differently from the
 * integer one.
 *
 * Source: Jacob and others 2018, "Quantization and Training of Neural Networks for Efficient
 * Integer-Arithmetic-Only Inference", equation 1 and section 2.4.
 */
import { MobileNetError } from "../base/error.ts";
import { float32Of, isFloat } from "./float.ts";
import type { Model } from "./model.ts";
import { namesOf } from "./names.ts";
import {
	type Codes,
	partsOf,
	perChannel,
	type Quantization,
	tensorsOf,
	type WeightedParts,
} from "./parts.ts";
import { type Float32Tensor, float32, type Tensor } from "./tensor.ts";

/**
 * The same network with every tensor in float32 and no quantization. Tensors that are float32 already are shared
 * with the given model; tensors of no layer are left out.
 *
 * @param model a model that `checkTensors` accepts
 * @throws MobileNetError `broken-file` if a scale or a zero point is missing or does not fit
 * @example
 * dequantize(model).tensors.get("stem.conv.weight")?.dtype // "F32"
 */
export function dequantize(model: Model): Model {
	const { input, layers } = partsOf(model);
	// The previous layer's output is this one's input; a bias needs its scale.
	let taken = input;
	const real = layers.map((own) => {
		const result = own.weight ? realParts(own, taken) : { layer: own.layer };
		// Pooling does not always have its own codes: it then keeps those of its input.
		if (own.output || own.weight) taken = own.output;
		return result;
	});
	return { ...model, tensors: tensorsOf({ layers: real }) };
}

function realParts(
	{ layer, weight, bias, norm, codes, bounds }: WeightedParts,
	input: Codes | undefined,
): WeightedParts {
	return {
		layer,
		bounds,
		weight: isFloat(weight) ? widened(weight) : real(weight, codes!),
		bias: bias && (isFloat(bias) ? widened(bias) : real(bias, biasCodes(layer, codes!, input))),
		norm: norm && {
			weight: widened(norm.weight),
			bias: widened(norm.bias),
			mean: widened(norm.mean),
			variance: widened(norm.variance),
		},
	};
}

/** A bias of integers has no codes of its own. */
function biasCodes(
	layer: WeightedParts["layer"],
	{ scale }: Quantization,
	input: Codes | undefined,
): Quantization {
	if (!input)
		throw new MobileNetError(
			"broken-file",
			`${namesOf(layer).bias} has integers, but the model lacks the scale of the input of ${layer.name} (output.scale of the layer before, or input.scale).`,
		);
	return { scale: scale.map((s) => s * input.scale), zeroPoint: [0] };
}

/** scale · (code − zero point), where the first axis of the tensor is its output channels. */
function real({ shape, data }: Tensor, { scale, zeroPoint }: Quantization): Float32Tensor {
	const numbers = new Float32Array(data.length);
	const channels = Math.max(scale.length, zeroPoint.length);
	const run = data.length / channels;
	for (let c = 0; c < channels; c++) {
		const s = perChannel(scale, c);
		const zero = perChannel(zeroPoint, c);
		for (let i = c * run; i < (c + 1) * run; i++) numbers[i] = s * (data[i]! - zero);
	}
	return float32(numbers, shape);
}

/** A short float as float32; other tensors as they are. */
function widened(tensor: Tensor): Tensor {
	return isFloat(tensor) && tensor.dtype !== "F32" ? float32(float32Of(tensor), tensor.shape) : tensor;
}
