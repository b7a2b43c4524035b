/**
 * The first layer in integers: a 3×3 convolution with stride 2 over all input channels, whose input becomes words as
 * it is read.
 *
 *   word = round(clamp(input · factor)) of floats, byte − zero point of bytes
 *   sum = bias[o] + Σ word[2y + i − before][2x + j − before][c] · weights[o][c][i][j]
 *
 * input [inputSize, inputSize, inputChannels], weights OIHW, output [outputSize, outputSize, outputPitch].
 * Outside the picture, words are zero.
 */
import type { Operands } from "../operations.ts";
import { multipliersOf, nearest, requantize } from "./int8-requantize.ts";

export function int8StemFloats(operands: Operands<"int8StemFloats">, pictures: number): void {
	const { input, factor, inputBounds } = operands;
	convolve(operands, pictures, (at) => {
		const value = Math.fround(input[at]! * factor[0]!);
		return nearest(Math.min(inputBounds[1]!, Math.max(inputBounds[0]!, value)));
	});
}

export function int8StemBytes(operands: Operands<"int8StemBytes">, pictures: number): void {
	const { pixels, zeroPoint } = operands;
	convolve(operands, pictures, (at) => pixels[at]! - zeroPoint);
}

function convolve(
	operands: Omit<Operands<"int8StemBytes">, "pixels" | "zeroPoint" | "band">,
	pictures: number,
	wordAt: (place: number) => number,
): void {
	const { weights, bias, multipliers, bounds, output } = operands;
	const { inputSize, outputSize, inputChannels, outputChannels, before, outputPitch } = operands;
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
							const pixel = ((n * inputSize + row) * inputSize + column) * inputChannels;
							for (let c = 0; c < inputChannels; c++)
								sum += wordAt(pixel + c) * weights[((o * inputChannels + c) * 3 + i) * 3 + j]!;
						}
					}
					output[((n * outputSize + y) * outputSize + x) * outputPitch + o] = requantize(
						sum | 0,
						multipliersOf(multipliers, o),
						bounds[0]!,
						bounds[1]!,
					);
				}
}
