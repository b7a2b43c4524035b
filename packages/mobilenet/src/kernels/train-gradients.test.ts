/**
 * The reference's gradients of depthwise layers and the stem, against finite differences of its own forward pass.
 */
import { describe, expect, it } from "vitest";
import { depthwiseBackward, trainDepthwise } from "./reference/train-depthwise.ts";
import { normalize, stemBackward, stemInputGradient, trainStem } from "./reference/train-stem.ts";
import { bandsOf, normOf, normVectors, partialsOf, vectorOf } from "./training-shapes.ts";

/** Outputs, and zeros before the picture, by the definitions of TensorFlow's SAME and PyTorch's padding; the tutorial's last block has a padding of 4. */
function paddingOf(inputSize: number, stride: number, padding: "same" | "symmetric" | "four") {
	const total = Math.max((Math.ceil(inputSize / stride) - 1) * stride + 3 - inputSize, 0);
	const each = { symmetric: 1, four: 4 };
	const [before, after] =
		padding === "same" ? [Math.floor(total / 2), Math.ceil(total / 2)] : [each[padding], each[padding]];
	return { before, outputSize: Math.floor((inputSize + before + after - 3) / stride) + 1 };
}

/** Numbers in −1…1, always the same. */
function numbers(length: number, seed: number): Float32Array {
	let state = seed;
	return Float32Array.from({ length }, () => {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
		return state / 2 ** 31 - 1;
	});
}

/**
 * A loss of a raw output y whose gradient is what `outputNorm` makes of g: Σ gradientFactor · g · y + rawFactor · y² / 2 +
 * constant · y.
 */
function lossOf(
	y: Float32Array,
	g: Float32Array,
	norm: Float32Array,
	channels: number,
	pitch: number,
): number {
	const vector = (name: (typeof normVectors)[number], c: number): number =>
		norm[normVectors.indexOf(name) * vectorOf(channels) + c]!;
	let sum = 0;
	for (let i = 0; i < y.length; i++) {
		const c = i % pitch;
		if (c >= channels) continue;
		sum +=
			vector("gradientFactor", c) * g[i]! * y[i]! +
			(vector("rawFactor", c) * y[i]! ** 2) / 2 +
			vector("constant", c) * y[i]!;
	}
	return sum;
}

/** Central differences of a function of an array; exact where it is a polynomial of degree 2 within the step. */
function differences(values: Float32Array, step: number, f: () => number, at: readonly number[]): number[] {
	return at.map((i) => {
		const kept = values[i]!;
		values[i] = kept + step;
		const [above, high] = [f(), values[i]!];
		values[i] = kept - step;
		const [below, low] = [f(), values[i]!];
		values[i] = kept;
		return (above - below) / (high - low);
	});
}

function expectClose(got: readonly number[], expected: readonly number[]): void {
	const largest = Math.max(...expected.map(Math.abs));
	for (const [i, x] of expected.entries()) expect(Math.abs(got[i]! - x) / largest).toBeLessThan(1e-4);
}

const unbounded = Float32Array.of(-3e38, 3e38);
const pictures = 2;

describe("the reference", () => {
	it.each([
		[5, 1, "same"],
		[6, 2, "same"],
		[5, 2, "symmetric"],
		[6, 2, "symmetric"],
		[3, 2, "four"],
	] as const)(
		"has the gradients of a depthwise layer of %i pixels, stride %i, padding %s",
		(inputSize, stride, padding) => {
			const channels = 3;
			const [inputPitch, outputPitch, bandRows, slices] = [8, 8, 2, 3];
			const geometry = {
				inputSize,
				...paddingOf(inputSize, stride, padding),
				channels,
				stride,
				inputPitch,
				outputPitch,
				bandRows,
			};
			const { outputSize } = geometry;
			const inputs = pictures * inputSize ** 2 * inputPitch;
			const outputs = pictures * outputSize ** 2 * outputPitch;
			const input = numbers(inputs, 1);
			const inputNorm = numbers(normOf(channels), 2);
			const outputNorm = numbers(normOf(channels), 3);
			const activation = Float32Array.of(0.1, 1);
			const [scale, shift] = [inputNorm.subarray(0, 16), inputNorm.subarray(16, 32)];
			const step = 0.05;
			// Away from the kinks of the activation, at 0 and at 1, on all three sides.
			for (let c = 0; c < channels; c++) [scale[c], shift[c]] = [1.5 - c, 0.25 * c];
			for (let i = 0; i < inputs; i++) {
				const c = i % inputPitch;
				if (c < channels)
					input[i] =
						([-0.4, 0.3, 0.7, 1.5][(i % 4) ^ ((i >> 3) % 4)]! + input[i]! / 8 - shift[c]!) / scale[c]!;
			}
			const weights = numbers(channels * 9, 4);
			const gradient = numbers(outputs, 5);
			const forward = (): Float32Array => {
				const output = new Float32Array(outputs);
				const partials = new Float32Array(partialsOf(pictures * outputSize, bandRows, channels));
				trainDepthwise(
					{
						...geometry,
						input,
						inputNorm,
						activation,
						weights,
						bias: new Float32Array(16),
						bounds: unbounded,
						band: input,
						output,
						partials,
					},
					pictures,
				);
				return output;
			};
			const loss = (): number => lossOf(forward(), gradient, outputNorm, channels, outputPitch);
			const weightSlices = numbers(slices * channels * 9, 6);
			const inputGradient = numbers(inputs, 7);
			const partials = numbers(partialsOf(pictures * inputSize, bandRows, channels), 8);
			depthwiseBackward(
				{
					...geometry,
					gradient,
					output: forward(),
					outputNorm,
					input,
					inputNorm,
					activation,
					weights,
					band: input,
					weightSlices,
					inputGradient,
					partials,
					slices,
					wantsInput: 1,
				},
				pictures,
			);

			const all = [...weights.keys()];
			const sums = all.map(
				(w) => weightSlices[w]! + weightSlices[w + weights.length]! + weightSlices[w + 2 * weights.length]!,
			);
			expectClose(sums, differences(weights, 0.5, loss, all));
			// g is the gradient before the scale of batch norm.
			const places = [...input.keys()].filter((i) => i % inputPitch < channels);
			expectClose(
				places.map((i) => inputGradient[i]! * scale[i % inputPitch]!),
				differences(input, step / 2, loss, places),
			);

			// Sums of the bands: Σ g and Σ g · x̂.
			const vector = vectorOf(channels);
			for (let c = 0; c < channels; c++) {
				const own = places.filter((i) => i % inputPitch === c);
				const [mean, inverse] = [inputNorm[2 * vector + c]!, inputNorm[3 * vector + c]!];
				const terms = [
					own.map((i) => inputGradient[i]!),
					own.map((i) => inputGradient[i]! * (input[i]! - mean) * inverse),
				];
				for (const [k, term] of terms.entries()) {
					let got = 0;
					for (let b = 0; b < bandsOf(pictures * inputSize, bandRows); b++)
						got += partials[(2 * b + k) * vector + c]!;
					expect(got).toBeCloseTo(
						term.reduce((sum, x) => sum + x, 0),
						4,
					);
				}
			}
		},
	);

	it.each([
		[6, 1, "same"],
		[5, 3, "symmetric"],
		[6, 2, "symmetric"],
	] as const)(
		"has the gradients of a stem of %i pixels and %i channels, padding %s",
		(inputSize, inputChannels, padding) => {
			const [outputChannels, outputPitch, bandRows, slices] = [3, 8, 2, 2];
			const geometry = {
				inputSize,
				...paddingOf(inputSize, 2, padding),
				inputChannels,
				outputChannels,
				outputPitch,
				bandRows,
			};
			const { outputSize } = geometry;
			const outputs = pictures * outputSize ** 2 * outputPitch;
			const input = numbers(pictures * inputSize ** 2 * inputChannels, 1);
			const weights = numbers(outputChannels * inputChannels * 9, 2);
			const outputNorm = numbers(normOf(outputChannels), 3);
			const gradient = numbers(outputs, 4);
			const forward = (): Float32Array => {
				const output = new Float32Array(outputs);
				const partials = new Float32Array(partialsOf(pictures * outputSize, bandRows, outputChannels));
				trainStem(
					{
						...geometry,
						input,
						weights,
						bias: new Float32Array(16),
						bounds: unbounded,
						band: input,
						output,
						partials,
					},
					pictures,
				);
				return output;
			};
			const loss = (): number => lossOf(forward(), gradient, outputNorm, outputChannels, outputPitch);
			const output = forward();
			const weightSlices = numbers(slices * weights.length, 5);
			stemBackward(
				{ ...geometry, gradient, output, outputNorm, input, band: input, weightSlices, slices },
				pictures,
			);
			const inputGradient = numbers(input.length, 6);
			stemInputGradient({ ...geometry, gradient, output, outputNorm, weights, inputGradient }, pictures);

			const all = [...weights.keys()];
			expectClose(
				all.map((w) => weightSlices[w]! + weightSlices[w + weights.length]!),
				differences(weights, 0.5, loss, all),
			);
			const places = [...input.keys()];
			expectClose([...inputGradient], differences(input, 0.5, loss, places));
		},
	);

	it("adds up every band of a raw output", () => {
		const [inputSize, channels, bandRows] = [3, 1, 4];
		const output = new Float32Array(pictures * 9 * 8);
		const partials = new Float32Array(partialsOf(pictures * inputSize, bandRows, channels));
		const inputNorm = new Float32Array(normOf(channels));
		// A scale of 1, and everything else 0.
		inputNorm[0] = 1;
		const input = Float32Array.from({ length: output.length }, (_, i) => i / 8);
		const weights = Float32Array.of(0, 0, 0, 0, 1, 0, 0, 0, 0);
		trainDepthwise(
			{
				...{
					input,
					inputNorm,
					activation: Float32Array.of(0, 100),
					weights,
					bias: new Float32Array(16),
					bounds: unbounded,
				},
				...{
					band: input,
					output,
					partials,
					inputSize,
					outputSize: inputSize,
					channels,
					stride: 1,
					before: 1,
				},
				inputPitch: 8,
				outputPitch: 8,
				bandRows,
			},
			pictures,
		);
		// The numbers 0 … 11 of four rows of three pixels, then 12 … 17, and their squares.
		expect([0, 16, 32, 48].map((i) => partials[i])).toEqual([66, 506, 87, 1279]);
	});

	it("normalizes by channel, and swaps the first and the third if requested", () => {
		const row = { mean: Float32Array.of(10, 20, 30), factors: Float32Array.of(1, 0.5, 0.25) };
		const pixels = Uint8Array.of(20, 40, 70);
		for (const [swapped, expected] of [
			[0, [10, 10, 10]],
			[1, [60, 10, -2.5]],
		] as const) {
			const output = new Float32Array(3);
			normalize({ ...row, pixels, output, size: 1, channels: 3, swapped }, 1);
			expect([...output]).toEqual(expected);
		}
	});
});
