/** Sums the slices of gradients, and transposes weights. */
import type { Operands } from "../operations.ts";

/** weightGradient[i] += Σ weightSlices[s][i] */
export function sumSlices({ weightSlices, weightGradient, length, slices }: Operands<"sumSlices">): void {
	for (let i = 0; i < length; i++) {
		let sum = weightGradient[i]!;
		for (let s = 0; s < slices; s++) sum += weightSlices[s * length + i]!;
		weightGradient[i] = sum;
	}
}

/** transposed[i][o] = weights[o][i] */
export function transpose({
	weights,
	transposed,
	inputChannels,
	outputChannels,
}: Operands<"transpose">): void {
	for (let o = 0; o < outputChannels; o++)
		for (let i = 0; i < inputChannels; i++)
			transposed[i * outputChannels + o] = weights[o * inputChannels + i]!;
}
