/**
 * Global average pooling in integers.
 *
 *   output[c] = ⌊clamp(Σ input[r][c] · factor / rows) + half⌋        in float32, each operation rounded
 *
 * input [rows, inputPitch], output [outputPitch], rescale: the factor and the half. Halves, which are frequent here, are
 * rounded up as in TensorFlow Lite.
 */
import type { Operands } from "../operations.ts";

export function int8AveragePool(
	{ input, rescale, bounds, output, rows, channels, inputPitch, outputPitch }: Operands<"int8AveragePool">,
	pictures: number,
): void {
	for (let n = 0; n < pictures; n++)
		for (let c = 0; c < channels; c++) {
			let sum = 0;
			for (let r = 0; r < rows; r++) sum += input[(n * rows + r) * inputPitch + c]!;
			const mean = Math.fround(Math.fround(sum * rescale[0]!) / rows);
			const clamped = Math.min(bounds[1]!, Math.max(bounds[0]!, mean));
			output[n * outputPitch + c] = Math.floor(Math.fround(clamped + rescale[1]!));
		}
}
