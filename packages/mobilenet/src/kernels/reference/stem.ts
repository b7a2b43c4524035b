/**
 * The first layer, in readable form: a 3×3 convolution with stride 2 over all input channels.
 *
 *   output[y][x][o] = clamp(bias[o] + Σ input[2y + i − before][2x + j − before][c] · weights[o][c][i][j])
 *
 * input [inputSize, inputSize, inputChannels], weights OIHW, output [outputSize, outputSize, outputPitch].
 * Outside the picture, values are zero after normalization: the mean is subtracted from bytes first.
 */
import type { Operands } from "../operations.ts";

export function stemFloats(operands: Operands<"stemFloats">, pictures: number): void {
	const { input, inputSize, inputChannels } = operands;
	const picture = inputSize * inputSize * inputChannels;
	convolve(operands, pictures, (n, pixel, c) => input[n * picture + pixel * inputChannels + c]!);
}

export function stemBytes(operands: Operands<"stemBytes">, pictures: number): void {
	const { pixels, mean, inputSize, inputChannels } = operands;
	const picture = inputSize * inputSize * inputChannels;
	// The mean repeats for every pixel of the row, so that of the first suffices.
	convolve(operands, pictures, (n, pixel, c) => pixels[n * picture + pixel * inputChannels + c]! - mean[c]!);
}

type Geometry = Omit<Operands<"stemFloats">, "input" | "band">;

function convolve(
	{
		weights,
		bias,
		bounds,
		output,
		inputSize,
		outputSize,
		inputChannels,
		outputChannels,
		before,
		outputPitch,
	}: Geometry,
	pictures: number,
	at: (picture: number, pixel: number, channel: number) => number,
): void {
	const low = bounds[0]!;
	const high = bounds[1]!;
	for (let n = 0; n < pictures; n++)
		for (let y = 0; y < outputSize; y++)
			for (let x = 0; x < outputSize; x++)
				for (let o = 0; o < outputChannels; o++) {
					let sum = bias[o]!;
					for (let i = 0; i < 3; i++) {
						const row = 2 * y + i - before;
						if (row < 0 || row >= inputSize) continue;
						for (let j = 0; j < 3; j++) {
							const column = 2 * x + j - before;
							if (column < 0 || column >= inputSize) continue;
							for (let c = 0; c < inputChannels; c++)
								sum +=
									at(n, row * inputSize + column, c) * weights[((o * inputChannels + c) * 3 + i) * 3 + j]!;
						}
					}
					output[((n * outputSize + y) * outputSize + x) * outputPitch + o] = Math.min(
						high,
						Math.max(low, sum),
					);
				}
}
