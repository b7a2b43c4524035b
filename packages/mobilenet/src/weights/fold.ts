/**
 * Batch norm folded into the convolution before it. In inference batch norm is a scale and a shift per channel,
 * and a convolution followed by those is a convolution: its five tensors become two.
 *
 *     y = γ · (conv(x) + b − μ) / √(σ² + ε) + β  =  conv'(x) + b'
 *     with s = γ / √(σ² + ε),  weights' = s · weights,  b' = β + (b − μ) · s
 */
import { MobileNetError, shown } from "../base/error.ts";
import type { Model } from "./model.ts";
import { namesOf, normParts } from "./names.ts";
import { type BatchNorm, partsOf, tensorsOf, type WeightedParts } from "./parts.ts";
import { type Float32Tensor, float32, sameShape, type Tensor } from "./tensor.ts";

/**
 * The same network without batch norm: every convolution has `conv.weight` and `conv.bias`, and no `bn.*`.
 * Computed in float64, stored in float32. Tensors that need no folding are shared with the given model; tensors that
 * belong to no layer are left out.
 *
 * @param model a model of floats where it has batch norm; `dequantize` makes any model one
 * @throws MobileNetError `broken-file` if a batch norm tensor is missing, has the wrong shape or invalid values
 * @example
 * fold(model).tensors.has("stem.bn.weight") // false
 */
export function fold(model: Model): Model {
	const { input, layers } = partsOf(model);
	const { epsilon } = model.configuration;
	const folded = layers.map((own) => (own.norm ? foldedParts(own, own.norm, epsilon) : own));
	return { ...model, tensors: tensorsOf({ input, layers: folded }) };
}

function foldedParts(own: WeightedParts, norm: BatchNorm, epsilon: number): WeightedParts {
	const { layer, norm: _, ...rest } = own;
	const channels = layer.outputChannels;
	const names = namesOf(layer);
	const weight = checked(own.weight, names.weight, layer.weightShape);
	const bias = own.bias && checked(own.bias, names.bias, [channels]);
	const [gamma, beta, mean, variance] = normParts.map(
		(part) => checked(norm[part], names.norm![part], [channels]).data,
	) as [Float32Array, Float32Array, Float32Array, Float32Array];

	const weights = new Float32Array(weight.data.length);
	const biases = new Float32Array(channels);
	const filter = weights.length / channels;
	for (let c = 0; c < channels; c++) {
		const deviation = Math.sqrt(variance[c]! + epsilon);
		if (!(deviation > 0))
			throw new MobileNetError(
				"broken-file",
				`${names.norm!.variance} must hold variances, but number ${c} is ${variance[c]}.`,
			);
		const scale = gamma[c]! / deviation;
		for (let i = c * filter; i < (c + 1) * filter; i++) weights[i] = weight.data[i]! * scale;
		biases[c] = beta[c]! + ((bias?.data[c] ?? 0) - mean[c]!) * scale;
	}
	return { ...rest, layer, weight: float32(weights, layer.weightShape), bias: float32(biases) };
}

/** Weights and bias of a layer without batch norm, as numbers. */
export interface FoldedWeights {
	/** Of the shape `layer.weightShape`. */
	readonly weight: Float32Array;
	/** One per channel. */
	readonly bias: Float32Array;
}

/**
 * The numbers of a layer of a folded model of float32; they are shared.
 *
 * @throws MobileNetError `usage` where weights or bias are not in float32
 */
export function foldedWeights({ layer, weight, bias }: WeightedParts): FoldedWeights {
	const names = namesOf(layer);
	for (const [name, tensor] of [
		[names.weight, weight],
		[names.bias, bias],
	] as const)
		if (tensor?.dtype !== "F32")
			throw new MobileNetError(
				"usage",
				`${name} must be F32, as in a model that was dequantized and folded, but it is ${tensor?.dtype ?? "missing"}.`,
			);
	return { weight: weight.data as Float32Array, bias: bias!.data as Float32Array };
}

/** A tensor that folding needs: in float32, of this shape. */
function checked(tensor: Tensor, name: string, shape: readonly number[]): Float32Tensor {
	const fits = sameShape(tensor.shape, shape);
	if (fits && tensor.dtype === "F32") return tensor;
	throw new MobileNetError(
		fits ? "usage" : "broken-file",
		`${name} must be F32 of shape ${shown(shape)} for its batch norm to be folded, but it is ${tensor.dtype} of shape ${shown(tensor.shape)}.`,
	);
}
