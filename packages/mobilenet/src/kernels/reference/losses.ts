/**
 * The losses of a picture, and their gradients with respect to the logits (or embeddings), input [pitch]:
 *
 *   cross-entropy  loss = −weight · Σ target[k] · log p[k],  p = softmax(input / temperature)
 *                  gradient[k] = weight / temperature · (Σ target · p[k] − target[k])
 *   squared error  loss = weight · Σ (input[k] − target[k])²,  gradient[k] = 2 · weight · (input[k] − target[k])
 *
 * log p[k] = x − log Σ exp(x) with x = (input[k] − the largest) / temperature, so nothing overflows. NaN in the input gives
 * a loss of NaN. targets and gradient [pitch], losses one number per picture; past the classes the gradient is 0.
 */
import type { Operands } from "../operations.ts";

export function crossEntropy(operands: Operands<"crossEntropy">, pictures: number): void {
	const [weight, temperature] = operands.factors as unknown as [number, number];
	eachPicture(operands, pictures, (logits, targets, gradient) => {
		let largest = Number.NEGATIVE_INFINITY;
		for (const x of logits) largest = Math.max(largest, x);
		let sum = 0;
		for (const x of logits) sum += Math.exp((x - largest) / temperature);
		let targetSum = 0;
		for (const t of targets) targetSum += t;
		let loss = 0;
		logits.forEach((x, k) => {
			const exponent = (x - largest) / temperature;
			loss += targets[k]! * (Math.log(sum) - exponent);
			gradient[k] = (weight / temperature) * (targetSum * (Math.exp(exponent) / sum) - targets[k]!);
		});
		return weight * loss;
	});
}

export function squaredError(operands: Operands<"squaredError">, pictures: number): void {
	const weight = operands.factors[0]!;
	eachPicture(operands, pictures, (input, targets, gradient) => {
		let loss = 0;
		input.forEach((x, k) => {
			const difference = x - targets[k]!;
			loss += difference ** 2;
			gradient[k] = 2 * weight * difference;
		});
		return weight * loss;
	});
}

/** Calls back with the input and targets of each picture; the callback fills the gradient and returns the loss. */
function eachPicture(
	{ input, targets, gradient, losses, classes, pitch, adds }: Operands<"crossEntropy">,
	pictures: number,
	one: (input: Float32Array, targets: Float32Array, gradient: Float64Array) => number,
): void {
	for (let n = 0; n < pictures; n++) {
		const at = n * pitch;
		const own = new Float64Array(pitch);
		const loss = one(input.subarray(at, at + classes), targets.subarray(at, at + classes), own);
		for (let k = 0; k < pitch; k++)
			gradient[at + k] = own[k]! + (adds && k < classes ? gradient[at + k]! : 0);
		losses[n] = loss + (adds ? losses[n]! : 0);
	}
}
