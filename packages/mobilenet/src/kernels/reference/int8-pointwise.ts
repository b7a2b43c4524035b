/**
 * The pointwise layer in integers: at every pixel, each output channel is a weighted sum of all input channels.
 *
 *   sum = bias[o] + Σ input[r][i] · weights[o][i]        in 32 bits
 *
 * input [rows, inputPitch] and output [rows, outputPitch] words, weights [outputChannels, inputChannels].
 * The classifier is the same with one row per picture.
 */
import type { Operands } from "../operations.ts";
import { multipliersOf, requantize } from "./int8-requantize.ts";

export function int8Pointwise(
	operands: Omit<Operands<"int8Pointwise">, "weights"> & { readonly weights: Int16Array | Int8Array },
	pictures: number,
): void {
	const { input, weights, bias, multipliers, bounds, output } = operands;
	const { rows, inputChannels, outputChannels, inputPitch, outputPitch } = operands;
	for (let r = 0; r < pictures * rows; r++)
		for (let o = 0; o < outputChannels; o++) {
			let sum = bias[o]!;
			for (let i = 0; i < inputChannels; i++)
				sum += input[r * inputPitch + i]! * weights[o * inputChannels + i]!;
			output[r * outputPitch + o] = requantize(
				sum | 0,
				multipliersOf(multipliers, o),
				bounds[0]!,
				bounds[1]!,
			);
		}
}
