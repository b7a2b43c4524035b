/**
 * Pointwise and dense layers in training, forward and backward.
 *
 * Forward, with the activated input A = act(scale · x + shift), where x is the raw output of the layer before:
 *
 *   output[r][o] = clamp(bias[o] + Σ A[r][i] · weights[o][i]),  and per band Σ output[r][o] and Σ output[r][o]²
 *
 * Backward, with g the gradient after the output's batch norm and activation, already masked:
 *
 *   dY[r][o] = gradientFactor[o] · g[r][o] + rawFactor[o] · output[r][o] + constant[o]
 *   dW[o][i] = Σ dY[r][o] · A[r][i]
 *   inputGradient[r][i] = act'(scale · x + shift) · Σ dY[r][o] · weights[o][i],  and per band its sum and that of its products with x̂
 *
 * gradient and output [rows, outputPitch], input and inputGradient [rows, inputPitch], partials [bands, 2, vector].
 */
import type { Operands } from "../operations.ts";
import { bandsOf, vectorOf } from "../training-shapes.ts";
import { pointwise } from "./pointwise.ts";

/** A vector of a norm, by its number in `normVectors`. */
const vectorIn = (norm: Float32Array, channels: number, number: number): Float32Array =>
	norm.subarray(number * vectorOf(channels), number * vectorOf(channels) + channels);

/** A = act(scale · x + shift), from [rows, pitch] to [rows, channels]. */
function activated(
	input: Float32Array,
	norm: Float32Array,
	[slope, high]: Float32Array,
	rows: number,
	channels: number,
	pitch: number,
): Float64Array {
	const scale = vectorIn(norm, channels, 0);
	const shift = vectorIn(norm, channels, 1);
	const result = new Float64Array(rows * channels);
	for (let r = 0; r < rows; r++)
		for (let c = 0; c < channels; c++) {
			const z = scale[c]! * input[r * pitch + c]! + shift[c]!;
			result[r * channels + c] = Math.min(Math.max(z, slope! * z), high!);
		}
	return result;
}

export function trainPointwise(operands: Operands<"trainPointwise">, pictures: number): void {
	const { input, inputNorm, activation, output, partials } = operands;
	const { rows, inputChannels, outputChannels, inputPitch, outputPitch, bandRows } = operands;
	const all = pictures * rows;
	const band = activated(input, inputNorm, activation, all, inputChannels, inputPitch);
	// `pointwise` works for float64 as well.
	pointwise({ ...operands, input: band as unknown as Float32Array, inputPitch: inputChannels }, pictures);

	const vector = vectorOf(outputChannels);
	for (let b = 0; b < bandsOf(all, bandRows); b++) {
		const sums = new Float64Array(2 * vector);
		for (let r = b * bandRows; r < Math.min(all, (b + 1) * bandRows); r++)
			for (let o = 0; o < outputChannels; o++) {
				const y = output[r * outputPitch + o]!;
				sums[o]! += y;
				sums[vector + o]! += y * y;
			}
		partials.set(sums, b * 2 * vector);
	}
}

export function pointwiseBackward(operands: Operands<"pointwiseBackward">, pictures: number): void {
	const { gradient, output, outputNorm, input, inputNorm, activation, weightSlices, slices } = operands;
	const { rows, inputChannels, outputChannels, inputPitch, outputPitch, bandRows } = operands;
	const all = pictures * rows;

	const [factor, rawFactor, constant] = [4, 5, 6].map((v) => vectorIn(outputNorm, outputChannels, v));
	const outputGradient = new Float64Array(all * outputChannels);
	for (let r = 0; r < all; r++)
		for (let o = 0; o < outputChannels; o++) {
			const i = r * outputPitch + o;
			outputGradient[r * outputChannels + o] =
				factor![o]! * gradient[i]! + rawFactor![o]! * output[i]! + constant![o]!;
		}

	const band = activated(input, inputNorm, activation, all, inputChannels, inputPitch);
	const bands = bandsOf(all, bandRows);
	const size = outputChannels * inputChannels;
	for (let s = 0; s < slices; s++) {
		const [first, last] = [s, s + 1].map((n) => Math.floor((bands * n) / slices) * bandRows);
		const sums = outerProducts(
			band.subarray(first! * inputChannels, Math.min(all, last!) * inputChannels),
			outputGradient.subarray(first! * outputChannels, Math.min(all, last!) * outputChannels),
			inputChannels,
			outputChannels,
		);
		weightSlices.set(sums, s * size);
	}
	if (operands.wantsInput) inputGradients(operands, outputGradient, all);
}

/** Σ gradient[r][o] · input[r][i], [outputChannels, inputChannels]. */
function outerProducts(
	input: Float64Array,
	gradient: Float64Array,
	inputChannels: number,
	outputChannels: number,
): Float64Array {
	const sums = new Float64Array(outputChannels * inputChannels);
	for (let r = 0; r < input.length / inputChannels; r++)
		for (let o = 0; o < outputChannels; o++) {
			const g = gradient[r * outputChannels + o]!;
			for (let i = 0; i < inputChannels; i++)
				sums[o * inputChannels + i]! += g * input[r * inputChannels + i]!;
		}
	return sums;
}

/** The gradient of the input before its activation. `weights` are transposed: [inputChannels, outputChannels]. */
function inputGradients(
	operands: Operands<"pointwiseBackward">,
	outputGradient: Float64Array,
	all: number,
): void {
	const { input, inputNorm, activation, weights, inputGradient, partials } = operands;
	const { inputChannels, outputChannels, inputPitch, bandRows } = operands;
	const [slope, high] = activation;
	const [scale, shift, mean, inverseDeviation] = [0, 1, 2, 3].map((v) =>
		vectorIn(inputNorm, inputChannels, v),
	);
	const vector = vectorOf(inputChannels);
	for (let b = 0; b < bandsOf(all, bandRows); b++) {
		const sums = new Float64Array(2 * vector);
		for (let r = b * bandRows; r < Math.min(all, (b + 1) * bandRows); r++)
			for (let i = 0; i < inputChannels; i++) {
				let sum = 0;
				for (let o = 0; o < outputChannels; o++)
					sum += outputGradient[r * outputChannels + o]! * weights[i * outputChannels + o]!;
				const x = input[r * inputPitch + i]!;
				const z = scale![i]! * x + shift![i]!;
				const g = sum * (z >= high! ? 0 : z > 0 ? 1 : slope!);
				inputGradient[r * inputPitch + i] = g;
				sums[i]! += g;
				sums[vector + i]! += g * (x - mean![i]!) * inverseDeviation![i]!;
			}
		partials.set(sums, b * 2 * vector);
	}
}

/** The classifier: weightGradient[o][i] += Σ gradient[p][o] · input[p][i], biasGradient[o] += Σ gradient[p][o]. */
export function denseBackward(
	{
		gradient,
		input,
		weightGradient,
		biasGradient,
		inputChannels,
		outputChannels,
		inputPitch,
		gradientPitch,
	}: Operands<"denseBackward">,
	pictures: number,
): void {
	for (let o = 0; o < outputChannels; o++) {
		for (let i = 0; i < inputChannels; i++) {
			let sum = 0;
			for (let p = 0; p < pictures; p++) sum += gradient[p * gradientPitch + o]! * input[p * inputPitch + i]!;
			weightGradient[o * inputChannels + i]! += sum;
		}
		let sum = 0;
		for (let p = 0; p < pictures; p++) sum += gradient[p * gradientPitch + o]!;
		biasGradient[o]! += sum;
	}
}
