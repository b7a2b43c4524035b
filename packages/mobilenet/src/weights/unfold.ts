/**
 * The opposite of folding: a network in which every convolution has batch norm and no bias, as training takes it. A
 * layer whose batch norm was folded gets one that changes nothing but adds the bias; a bias before batch norm goes into
 * the mean that it subtracts.
 */
import { isConvolution } from "../network/layers.ts";
import type { Model } from "./model.ts";
import { type BatchNorm, partsOf, tensorsOf, type WeightedParts } from "./parts.ts";
import { type Float32Tensor, filled, float32 } from "./tensor.ts";

/**
 * The same network with batch norm everywhere. Tensors that do not change are shared with the given model;
 * tensors that belong to no layer are left out.
 *
 * @param model a model of floats; `dequantize` makes any model one
 * @example
 * unfold(fold(model)).tensors.has("stem.conv.bias") // false
 */
export function unfold(model: Model): Model {
	const { input, layers } = partsOf(model);
	const { epsilon } = model.configuration;
	const unfolded = layers.map((own) => {
		if (!own.weight || !isConvolution(own.layer)) return own;
		const { bias: _, ...rest } = own;
		return { ...rest, norm: normOf(own, epsilon) };
	});
	return { ...model, tensors: tensorsOf({ input, layers: unfolded }) };
}

/** A batch norm that does what the layer's own and its bias do. */
function normOf({ layer, bias, norm }: WeightedParts, epsilon: number): BatchNorm {
	const shape = [layer.outputChannels];
	const vector = (value: (c: number) => number): Float32Tensor =>
		float32(Float32Array.from({ length: layer.outputChannels }, (_, c) => value(c)));
	const biasOf = (c: number): number => bias?.data[c] ?? 0;
	if (norm) return bias ? { ...norm, mean: vector((c) => norm.mean.data[c]! - biasOf(c)) } : norm;
	return {
		weight: filled(shape, 1),
		bias: vector(biasOf),
		mean: filled(shape, 0),
		variance: filled(shape, 1 - epsilon),
	};
}

/**
 * The same network, in which the layers from one on have the configuration's activation and no bounds of their own: what
 * they give out changes as they learn.
 *
 * @param from name of the first such layer
 * @example
 * withoutBounds(model, "blocks.11.depthwise")
 */
export function withoutBounds(model: Model, from: string): Model {
	const { layers, ...rest } = partsOf(model);
	const first = layers.findIndex(({ layer }) => layer.name === from);
	const free = layers.map((own, i) => (own.weight && i >= first ? { ...own, bounds: undefined } : own));
	return { ...model, tensors: tensorsOf({ ...rest, layers: free }) };
}
