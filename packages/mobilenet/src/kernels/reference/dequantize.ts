/** Words to floats: output[c] = input[c] · scale. input [inputPitch] words, output [outputPitch], one row per picture. */
import type { Operands } from "../operations.ts";

export function dequantize(
	{ input, scale, output, channels, inputPitch, outputPitch }: Operands<"dequantize">,
	pictures: number,
): void {
	for (let n = 0; n < pictures; n++)
		for (let c = 0; c < channels; c++) output[n * outputPitch + c] = input[n * inputPitch + c]! * scale[0]!;
}
