/** Global max pooling: output[c] = max of input[r][c]. input [rows, inputPitch], output [outputPitch]. */
import type { Operands } from "../operations.ts";

export function maxPool(
	{ input, output, rows, channels, inputPitch, outputPitch }: Operands<"maxPool" | "int8MaxPool">,
	pictures: number,
): void {
	for (let n = 0; n < pictures; n++)
		for (let c = 0; c < channels; c++) {
			let most = Number.NEGATIVE_INFINITY;
			for (let r = 0; r < rows; r++) most = Math.max(most, input[(n * rows + r) * inputPitch + c]!);
			output[n * outputPitch + c] = most;
		}
}
