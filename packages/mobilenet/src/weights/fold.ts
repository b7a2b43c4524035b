/**
 * Batch norm folded into the convolution before it. In inference batch norm is a scale and a shift per channel,
 * and a convolution followed by those is a convolution: its five tensors become two.
 *
 *     y = γ · (conv(x) + b − μ) / √(σ² + ε) + β  =  conv'(x) + b'
 *     with s = γ / √(σ² + ε),  weights' = s · weights,  b' = β + (b − μ) · s
 */
import { MobileNetError, shown } from "../base/error.ts";
import { isConvolution, layers } from "../network/layers.ts";
import { batchNormParts, weightShape } from "./check.ts";
import type { Model, Tensor } from "./model.ts";

/**
 * The same network without batch norm: every convolution has `conv.weight` and `conv.bias`, and no `bn.*`.
 * Computed in float64, stored in float32. Tensors that need no folding are shared with the given model.
 *
 * @param model a model of floats where it has batch norm; `dequantize` makes any model one
 * @throws MobileNetError `broken-file` where a tensor of batch norm is missing, misshapen or without meaning
 * @example
 * fold(model).tensors.has("stem.bn.weight") // false
 */
export function fold(model: Model): Model {
	const tensors = new Map(model.tensors);
	for (const layer of layers(model.configuration).filter(isConvolution)) {
		const { name, outputChannels: channels } = layer;
		if (!batchNormParts.some((part) => tensors.has(`${name}.bn.${part}`))) continue;
		const weight = float32(model, `${name}.conv.weight`, weightShape(layer));
		const bias = tensors.has(`${name}.conv.bias`)
			? float32(model, `${name}.conv.bias`, [channels])
			: undefined;
		const [gamma, beta, mean, variance] = batchNormParts.map((part) => {
			tensors.delete(`${name}.bn.${part}`);
			return float32(model, `${name}.bn.${part}`, [channels]).data;
		}) as [Float32Array, Float32Array, Float32Array, Float32Array];

		const weights = new Float32Array(weight.data.length);
		const biases = new Float32Array(channels);
		const filter = weights.length / channels;
		for (let c = 0; c < channels; c++) {
			const deviation = Math.sqrt(variance[c]! + model.configuration.epsilon);
			if (!(deviation > 0))
				throw new MobileNetError(
					"broken-file",
					`${name}.bn.running_var must hold variances, but number ${c} is ${variance[c]}.`,
				);
			const scale = gamma[c]! / deviation;
			for (let i = c * filter; i < (c + 1) * filter; i++) weights[i] = weight.data[i]! * scale;
			biases[c] = beta[c]! + ((bias?.data[c] ?? 0) - mean[c]!) * scale;
		}
		tensors.set(`${name}.conv.weight`, { dtype: "F32", shape: weight.shape, data: weights });
		tensors.set(`${name}.conv.bias`, { dtype: "F32", shape: [channels], data: biases });
	}
	return { ...model, tensors };
}

/** A tensor that folding needs: in float32, of this shape. */
function float32(model: Model, name: string, shape: readonly number[]): Extract<Tensor, { dtype: "F32" }> {
	const tensor = model.tensors.get(name);
	const fits = tensor?.shape.length === shape.length && shape.every((n, axis) => n === tensor.shape[axis]);
	if (fits && tensor.dtype === "F32") return tensor;
	throw new MobileNetError(
		fits ? "usage" : "broken-file",
		`${name} must be F32 of shape ${shown(shape)} for its batch norm to be folded, but it is ${
			tensor ? `${tensor.dtype} of shape ${shown(tensor.shape)}` : "missing"
		}.`,
	);
}
