/**
 * The depthwise layer: every channel has its own 3×3 filter.
 *
 *   output[y][x][c] = clamp(bias[c] + Σ input[y·stride + i − before][x·stride + j − before][c] · weights[c][i][j])
 *
 * input [inputSize, inputSize, inputPitch], weights [channels, 3, 3], output [outputSize, outputSize, outputPitch].
 */
import type { Operands } from "../operations.ts";

export function depthwise(
	{
		input,
		weights,
		bias,
		bounds,
		output,
		inputSize,
		outputSize,
		channels,
		stride,
		before,
		inputPitch,
		outputPitch,
	}: Operands<"depthwise">,
	pictures: number,
): void {
	const low = bounds[0]!;
	const high = bounds[1]!;
	for (let n = 0; n < pictures; n++)
		for (let y = 0; y < outputSize; y++)
			for (let x = 0; x < outputSize; x++)
				for (let c = 0; c < channels; c++) {
					let sum = bias[c]!;
					for (let i = 0; i < 3; i++) {
						const row = y * stride + i - before;
						if (row < 0 || row >= inputSize) continue;
						for (let j = 0; j < 3; j++) {
							const column = x * stride + j - before;
							if (column < 0 || column >= inputSize) continue;
							sum +=
								input[((n * inputSize + row) * inputSize + column) * inputPitch + c]! *
								weights[c * 9 + i * 3 + j]!;
						}
					}
					output[((n * outputSize + y) * outputSize + x) * outputPitch + c] = Math.min(
						high,
						Math.max(low, sum),
					);
				}
}
