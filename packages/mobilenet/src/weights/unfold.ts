/**
 * The opposite of folding: a network in which every convolution has batch norm and no bias, as training takes it. A
 * layer whose batch norm was folded gets one that changes nothing but adds the bias; a bias before batch norm goes into
 * the mean that it subtracts.
 */
import { isConvolution, layers } from "../network/layers.ts";
import type { Model, Tensor } from "./model.ts";

/**
 * The same network with batch norm everywhere. Tensors that do not change are shared with the given model.
 *
 * @param model a model of floats; `dequantize` makes any model one
 * @example
 * unfold(fold(model)).tensors.has("stem.conv.bias") // false
 */
export function unfold(model: Model): Model {
	const tensors = new Map(model.tensors);
	const { epsilon } = model.configuration;
	for (const { name, outputChannels: channels } of layers(model.configuration).filter(isConvolution)) {
		const bias = tensors.get(`${name}.conv.bias`);
		tensors.delete(`${name}.conv.bias`);
		const vector = (value: (c: number) => number): Tensor => ({
			dtype: "F32",
			shape: [channels],
			data: Float32Array.from({ length: channels }, (_, c) => value(c)),
		});
		const biasOf = (c: number): number => bias?.data[c] ?? 0;
		const mean = tensors.get(`${name}.bn.running_mean`);
		if (mean) {
			if (bias)
				tensors.set(
					`${name}.bn.running_mean`,
					vector((c) => mean.data[c]! - biasOf(c)),
				);
			continue;
		}
		tensors.set(
			`${name}.bn.weight`,
			vector(() => 1),
		);
		tensors.set(`${name}.bn.bias`, vector(biasOf));
		tensors.set(
			`${name}.bn.running_mean`,
			vector(() => 0),
		);
		tensors.set(
			`${name}.bn.running_var`,
			vector(() => 1 - epsilon),
		);
	}
	return { ...model, tensors };
}
