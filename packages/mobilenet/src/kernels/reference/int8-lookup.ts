/** output[c] = table[input[c] + 256]. input [inputPitch] and output [outputPitch] words, one row per picture. */
import type { Operands } from "../operations.ts";

/** The word for which the first item of a table stands. */
export const leastWord = -256;
/** Items of a table. */
export const tableWords = 512;

export function int8Lookup(
	{ input, table, output, channels, inputPitch, outputPitch }: Operands<"int8Lookup">,
	pictures: number,
): void {
	for (let n = 0; n < pictures; n++)
		for (let c = 0; c < channels; c++)
			output[n * outputPitch + c] = table[input[n * inputPitch + c]! - leastWord]!;
}
