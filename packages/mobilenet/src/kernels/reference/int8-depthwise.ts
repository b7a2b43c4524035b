/**
 * The depthwise layer in integers: every channel has its own 3×3 filter.
 *
 *   sum = bias[c] + Σ input[y·stride + i − before][x·stride + j − before][c] · weights[c][i][j]
 *
 * input and output [size, size, pitch] words, weights [channels, 3, 3]. The bias is added in float32, exact below 2^24.
 */
import type { Operands } from "../operations.ts";
import { multipliersOf, requantize } from "./int8-requantize.ts";

export function int8Depthwise(operands: Omit<Operands<"int8Depthwise">, "scratch">, pictures: number): void {
	const { input, weights, bias, multipliers, bounds, output } = operands;
	const { inputSize, outputSize, channels, stride, before, inputPitch, outputPitch } = operands;
	for (let n = 0; n < pictures; n++)
		for (let y = 0; y < outputSize; y++)
			for (let x = 0; x < outputSize; x++)
				for (let c = 0; c < channels; c++) {
					let sum = 0;
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
					output[((n * outputSize + y) * outputSize + x) * outputPitch + c] = requantize(
						Math.fround(sum + bias[c]!),
						multipliersOf(multipliers, c),
						bounds[0]!,
						bounds[1]!,
					);
				}
}
