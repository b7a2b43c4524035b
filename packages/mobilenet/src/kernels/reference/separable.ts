/** A depthwise layer and the pointwise layer after it, one after the other, with a whole tensor between them. */
import type { Operands } from "../operations.ts";
import { depthwise } from "./depthwise.ts";
import { pointwise } from "./pointwise.ts";

export function separable(operands: Operands<"separable">, pictures: number): void {
	const { outputSize, inputChannels, bandPitch, depthwiseWeights, depthwiseBias } = operands;
	const between = new Float32Array(pictures * outputSize ** 2 * bandPitch);
	depthwise(
		{
			...operands,
			weights: depthwiseWeights,
			bias: depthwiseBias,
			output: between,
			channels: inputChannels,
			outputPitch: bandPitch,
		},
		pictures,
	);
	pointwise({ ...operands, input: between, rows: outputSize ** 2, inputPitch: bandPitch }, pictures);
}
