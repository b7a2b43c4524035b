/** Weights as the peers want them: frameworks differ in the order of a tensor's axes. */
import type { Model } from "mobilenet";
import type { Layer } from "mobilenet/network";

/** Weights and bias of a layer of a folded record; weights are OIHW, or [out, in] for the classifier. */
export function parametersOf(
	{ tensors }: Model,
	{ name, kind }: Layer,
): Record<"weight" | "bias", Float32Array> {
	const prefix = kind === "dense" ? name : `${name}.conv`;
	const values = (part: string): Float32Array => {
		const tensor = tensors.get(`${prefix}.${part}`);
		if (tensor?.dtype !== "F32")
			throw new Error(`${prefix}.${part} should be in the folded record as float32, and is not.`);
		return tensor.data;
	};
	return { weight: values("weight"), bias: values("bias") };
}

/**
 * The same numbers with the axes in another order.
 *
 * @param axes for each axis of the result, which one of `shape` it is
 * @example
 * permute(weights, [o, i, h, w], [2, 3, 1, 0]) // OIHW → HWIO
 */
export function permute(
	data: Float32Array,
	shape: readonly number[],
	axes: readonly number[],
): Float32Array<ArrayBuffer> {
	const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, n) => product * n, 1));
	const result = new Float32Array(data.length);
	let to = 0;
	const fill = (depth: number, from: number): void => {
		if (depth === axes.length) {
			result[to++] = data[from]!;
			return;
		}
		const axis = axes[depth]!;
		for (let i = 0; i < shape[axis]!; i++) fill(depth + 1, from + i * strides[axis]!);
	};
	fill(0, 0);
	return result;
}
