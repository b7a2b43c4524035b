/** Pixels as one row: output[r · channels + c] = input[r][c]. input [rows, inputPitch], output [outputPitch]. */
import type { Operands } from "../operations.ts";

export function flatten(
	{ input, output, rows, channels, inputPitch, outputPitch }: Operands<"flatten" | "int8Flatten">,
	pictures: number,
): void {
	for (let n = 0; n < pictures; n++)
		for (let r = 0; r < rows; r++)
			for (let c = 0; c < channels; c++)
				output[n * outputPitch + r * channels + c] = input[(n * rows + r) * inputPitch + c]!;
}
