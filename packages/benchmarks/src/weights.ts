/** Weights as the peers want them: frameworks differ in the order of a tensor's axes. */
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
		if (tensor?.dtype !== "F32")
			throw new Error(`${prefix}.${part} should be in the folded model as float32, and is not.`);
		return tensor.data;
	};
	return { weight: values("weight"), bias: values("bias") };
}

/** What codes of an activation stand for: scale · (code − zero point), with codes from −128 to 127. */
export interface Codes {
	readonly scale: number;
	readonly zeroPoint: number;
}

/** What a layer of a model of integers gives out, or the picture (`input`). */
export function activationCodes(model: Model, layer: string): Codes {
	return codesOf(model, layer);
}

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
	{ tensors }: Model,
	{ name, kind }: Layer,
	input: Codes,
): IntegerParameters {
	const prefix = kind === "dense" ? name : `${name}.conv`;
	const weight = tensors.get(`${prefix}.weight`);
	const scale = tensors.get(`${prefix}.scale`);
	const bias = tensors.get(`${prefix}.bias`);
	if (weight?.dtype !== "I8" || scale?.dtype !== "F32" || bias?.dtype !== "I32")
		throw new Error(`${prefix} should be in the model in integers of 8 bits with a bias of 32, and is not.`);
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
