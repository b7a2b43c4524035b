/** Softmax: output[k] = exp(input[k] − max) / Σ exp(input − max). input [inputPitch], output [outputPitch]. */
import type { Operands } from "../operations.ts";

export function softmax(
	{ input, output, classes, inputPitch, outputPitch }: Operands<"softmax">,
	pictures: number,
): void {
	for (let n = 0; n < pictures; n++) {
		const logits = input.subarray(n * inputPitch, n * inputPitch + classes);
		let largest = Number.NEGATIVE_INFINITY;
		for (const x of logits) largest = Math.max(largest, x);
		let sum = 0;
		for (const x of logits) sum += Math.exp(x - largest);
		for (let k = 0; k < classes; k++) output[n * outputPitch + k] = Math.exp(logits[k]! - largest) / sum;
	}
}
