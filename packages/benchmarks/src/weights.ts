/** Converts weights for the peers: frameworks differ in the order of a tensor's axes. */
import type { Model } from "mobilenet";
import type { Layer } from "mobilenet/network";
import { codesOf } from "../../mobilenet/dist/engine/integers.js";

/** Weights and bias of a layer of a folded model; weights are OIHW, or [out, in] for the classifier. */
export function parametersOf(
	{ tensors }: Model,
	{ name, kind }: Layer,
): Record<"weight" | "bias", Float32Array> {
	const prefix = kind === "dense" ? name : `${name}.conv`;
	const values = (part: string): Float32Array => {
		const tensor = tensors.get(`${prefix}.${part}`);
		if (tensor?.dtype !== "F32") throw new Error(`the folded model must have ${prefix}.${part} in float32.`);
		return tensor.data;
	};
	return { weight: values("weight"), bias: values("bias") };
}

/** The codes of an activation, from −128 to 127: a code stands for scale · (code − zero point). */
export interface Codes {
	readonly scale: number;
	readonly zeroPoint: number;
}

/** The codes of a layer's output in an integer model, or of the picture (`input`). */
export function activationCodes(model: Model, layer: string): Codes {
	return codesOf(model, layer);
}

/** The parameters of a layer in an integer model: weights in the model's layout, with a scale per output channel. */
export interface IntegerParameters {
	readonly weight: Int8Array<ArrayBuffer>;
	readonly scales: Float32Array<ArrayBuffer>;
	readonly bias: Int32Array<ArrayBuffer>;
	/** The value of a bias of 1. */
	readonly biasScales: Float32Array<ArrayBuffer>;
}

/** @param input the codes of the layer's input */
export function integerParametersOf(
	{ tensors }: Model,
	{ name, kind }: Layer,
	input: Codes,
): IntegerParameters {
	const prefix = kind === "dense" ? name : `${name}.conv`;
	const weight = tensors.get(`${prefix}.weight`);
	const scale = tensors.get(`${prefix}.scale`);
	const bias = tensors.get(`${prefix}.bias`);
	if (weight?.dtype !== "I8" || scale?.dtype !== "F32" || bias?.dtype !== "I32")
		throw new Error(`the model must have ${prefix} in 8-bit integers with a 32-bit bias.`);
	const scales = Float32Array.from({ length: bias.data.length }, (_, c) =>
		scale.data.length === 1 ? scale.data[0]! : scale.data[c]!,
	);
	return {
		weight: Int8Array.from(weight.data),
		scales,
		bias: Int32Array.from(bias.data),
		biasScales: scales.map((own) => input.scale * own),
	};
}

/**
 * Permutes the axes of a tensor.
 *
 * @param axes for each axis of the result, its number in `shape`
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
