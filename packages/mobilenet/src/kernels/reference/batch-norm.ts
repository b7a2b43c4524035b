/**
 * Batch norm in training, z = γ · x̂ + β with x̂ = (y − mean) / √(variance + ε), written as the affine map that it is for
 * one batch: z = scale · y + shift.
 *
 * Forward: mean = Σ y / n and variance = Σ y² / n − mean² from the sums of bands, with n = pictures · pixels;
 *
 *   scale = γ / √(variance + ε),  shift = β − mean · scale,  running += momentum · (this batch's − running)
 *
 * Backward, with s1 = Σ g and s2 = Σ g · x̂: dβ = s1, dγ = s2, and
 *
 *   dy = scale · (g − s1 / n − x̂ · s2 / n) = gradientFactor · g + rawFactor · y + constant
 *
 * If frozen, the running statistics are constants: dy = scale · g. partials [bands, 2, vector], norm [7, vector].
 */
import type { Operands } from "../operations.ts";
import { bandsOf, normVectors, vectorOf } from "../training-shapes.ts";

/** The sums of a channel over all bands. */
function sumsOf(partials: Float32Array, bands: number, vector: number, channel: number): [number, number] {
	const sums: [number, number] = [0, 0];
	for (let band = 0; band < bands; band++)
		for (const k of [0, 1]) sums[k]! += partials[(band * 2 + k) * vector + channel]!;
	return sums;
}

/** The vectors of a norm by name. */
function vectorsOf(norm: Float32Array, vector: number): Record<(typeof normVectors)[number], Float32Array> {
	const entries = normVectors.map((name, i) => [name, norm.subarray(i * vector, (i + 1) * vector)]);
	return Object.fromEntries(entries) as Record<(typeof normVectors)[number], Float32Array>;
}

export function batchNorm(
	{
		partials,
		gamma,
		beta,
		runningMean,
		runningVariance,
		constants,
		norm,
		rows,
		bandRows,
		pixels,
		channels,
		frozen,
		unbiased,
	}: Operands<"batchNorm">,
	pictures: number,
): void {
	const [epsilon, momentum] = constants as unknown as [number, number];
	const vector = vectorOf(channels);
	const { scale, shift, mean, inverseDeviation } = vectorsOf(norm, vector);
	for (const values of [scale, shift, mean, inverseDeviation]) values.fill(0);
	const n = pictures * pixels;
	const correction = unbiased && n > 1 ? n / (n - 1) : 1;
	for (let c = 0; c < channels; c++) {
		let average = runningMean[c]!;
		let variance = runningVariance[c]!;
		if (!frozen) {
			const [sum, squares] = sumsOf(partials, bandsOf(pictures * rows, bandRows), vector, c);
			average = sum / n;
			variance = Math.max(0, squares / n - average ** 2);
			runningMean[c]! += momentum * (average - runningMean[c]!);
			runningVariance[c]! += momentum * (variance * correction - runningVariance[c]!);
		}
		mean[c] = average;
		inverseDeviation[c] = 1 / Math.sqrt(variance + epsilon);
		scale[c] = gamma[c]! / Math.sqrt(variance + epsilon);
		// Uses the rounded scale, so that the mean maps exactly to β.
		shift[c] = beta[c]! - average * scale[c]!;
	}
}

export function batchNormBackward(
	{
		partials,
		norm,
		gammaGradient,
		betaGradient,
		rows,
		bandRows,
		pixels,
		channels,
		frozen,
	}: Operands<"batchNormBackward">,
	pictures: number,
): void {
	const vector = vectorOf(channels);
	const { scale, mean, inverseDeviation, gradientFactor, rawFactor, constant } = vectorsOf(norm, vector);
	for (const values of [gradientFactor, rawFactor, constant]) values.fill(0);
	const n = pictures * pixels;
	for (let c = 0; c < channels; c++) {
		const [s1, s2] = sumsOf(partials, bandsOf(pictures * rows, bandRows), vector, c);
		gammaGradient[c]! += s2;
		betaGradient[c]! += s1;
		gradientFactor[c] = scale[c]!;
		if (frozen) continue;
		const slope = (scale[c]! * inverseDeviation[c]! * s2) / n;
		rawFactor[c] = -slope;
		constant[c] = slope * mean[c]! - (scale[c]! * s1) / n;
	}
}
