/** Weights as the peers want them: frameworks differ in the order of a tensor's axes. */
import { type Codes, perChannel, type WeightedParts } from "../../mobilenet/dist/weights/parts.js";

/** A layer of a model of integers: weights in the order of the model, with a scale for every output channel. */
export interface IntegerParameters {
	readonly weight: Int8Array<ArrayBuffer>;
	readonly scales: Float32Array<ArrayBuffer>;
	readonly bias: Int32Array<ArrayBuffer>;
	/** What a bias of 1 stands for. */
	readonly biasScales: Float32Array<ArrayBuffer>;
}

/** @param input what the codes that the layer takes stand for */
export function integerParametersOf(
	{ layer, weight, bias, codes }: WeightedParts,
	input: Codes,
): IntegerParameters {
	if (weight.dtype !== "I8" || bias?.dtype !== "I32" || !codes)
		throw new Error(
			`${layer.name} should have weights in integers of 8 bits and a bias of 32, and does not.`,
		);
	const scales = Float32Array.from(bias.data, (_, c) => perChannel(codes.scale, c));
	return {
		weight: Int8Array.from(weight.data),
		scales,
		bias: Int32Array.from(bias.data),
		biasScales: scales.map((own) => input.scale * own),
	};
}

/**
 * The same numbers with the axes in another order.
 *
 * @param axes for each axis of the result, which one of `shape` it is
 * @example
 * permute(weights, [o, i, h, w], [2, 3, 1, 0]) // OIHW → HWIO
 */
export function permute<Numbers extends Float32Array | Int8Array>(
	data: Numbers,
	shape: readonly number[],
	axes: readonly number[],
): Numbers {
	const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, n) => product * n, 1));
	const result = data.slice() as Numbers;
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
