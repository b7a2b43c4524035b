/** output[c] = b / (1 + exp(−a · input[c])) + c₀ with factors [a, b, c₀]. input [inputPitch], output [outputPitch]. */
import type { Operands } from "../operations.ts";

export function sigmoid(
	{ input, factors, output, channels, inputPitch, outputPitch }: Operands<"sigmoid">,
	pictures: number,
): void {
	const [a, b, c0] = factors as unknown as readonly [number, number, number];
	for (let n = 0; n < pictures; n++)
		for (let c = 0; c < channels; c++)
			output[n * outputPitch + c] = b / (1 + Math.exp(-a * input[n * inputPitch + c]!)) + c0;
}
