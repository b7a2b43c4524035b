/** Global average pooling: output[c] = Σ input[r][c] / rows. input [rows, inputPitch], output [outputPitch]. */
import type { Operands } from "../operations.ts";

export function averagePool(
	{ input, output, rows, channels, inputPitch, outputPitch }: Operands<"averagePool">,
	pictures: number,
): void {
	for (let n = 0; n < pictures; n++)
		for (let c = 0; c < channels; c++) {
			let sum = 0;
			for (let r = 0; r < rows; r++) sum += input[(n * rows + r) * inputPitch + c]!;
			output[n * outputPitch + c] = sum / rows;
		}
}
