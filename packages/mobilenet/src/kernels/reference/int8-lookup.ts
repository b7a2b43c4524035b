/** output[r, c] = table[input[r, c] + 256]. input [rows, inputPitch] and output [rows, outputPitch] words, or the same ones. */
import type { Operands } from "../operations.ts";

/** The word for which the first item of a table stands. */
export const leastWord = -256;
/** Items of a table. */
export const tableWords = 512;

export function int8Lookup(
	{ input, table, output, rows, channels, inputPitch, outputPitch }: Operands<"int8Lookup">,
	pictures: number,
): void {
	for (let r = 0; r < pictures * rows; r++)
		for (let c = 0; c < channels; c++)
			output[r * outputPitch + c] = table[input[r * inputPitch + c]! - leastWord]!;
}
