/**
 * The pointwise layer: at every pixel, each output channel is a weighted sum of all input channels.
 *
 *   output[r][o] = clamp(bias[o] + Σ input[r][i] · weights[o][i])
 *
 * input [rows, inputPitch], weights [outputChannels, inputChannels], output [rows, outputPitch].
 * The classifier is the same with one row per picture.
 */
import type { Operands } from "../operations.ts";

export function pointwise(
	{
		input,
		weights,
		bias,
		bounds,
		output,
		rows,
		inputChannels,
		outputChannels,
		inputPitch,
		outputPitch,
	}: Operands<"pointwise">,
	pictures: number,
): void {
	const low = bounds[0]!;
	const high = bounds[1]!;
	for (let r = 0; r < pictures * rows; r++)
		for (let o = 0; o < outputChannels; o++) {
			let sum = bias[o]!;
			for (let i = 0; i < inputChannels; i++)
				sum += input[r * inputPitch + i]! * weights[o * inputChannels + i]!;
			output[r * outputPitch + o] = Math.min(high, Math.max(low, sum));
		}
}
