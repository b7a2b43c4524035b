/** A depthwise layer and the pointwise layer after it in integers, one after the other, with a whole tensor between them. */
import type { Operands } from "../operations.ts";
import { int8Depthwise } from "./int8-depthwise.ts";
import { int8Pointwise } from "./int8-pointwise.ts";

export function int8Separable(
	operands: Omit<Operands<"int8Separable">, "weights" | "band"> & {
		readonly weights: Int16Array | Int8Array;
	},
	pictures: number,
): void {
	const { outputSize, inputChannels, bandPitch } = operands;
	const between = new Int16Array(pictures * outputSize ** 2 * bandPitch);
	int8Depthwise(
		{
			...operands,
			weights: operands.depthwiseWeights,
			bias: operands.depthwiseBias,
			multipliers: operands.depthwiseMultipliers,
			bounds: operands.depthwiseBounds,
			output: between,
			channels: inputChannels,
			outputPitch: bandPitch,
		},
		pictures,
	);
	int8Pointwise({ ...operands, input: between, rows: outputSize ** 2, inputPitch: bandPitch }, pictures);
}
