/** Leaky ReLU in place: x where x > 0, else slope · x. values [rows, pitch]. */
import type { Operands } from "../operations.ts";

export function leakyRelu(
	{ values, slope, rows, channels, pitch }: Operands<"leakyRelu">,
	pictures: number,
): void {
	for (let r = 0; r < pictures * rows; r++)
		for (let c = 0; c < channels; c++) {
			const at = r * pitch + c;
			const x = values[at]!;
			values[at] = x > 0 ? x : slope[0]! * x;
		}
}
