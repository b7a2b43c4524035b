/**
 * Pointwise layers in training: the reference's gradients against finite differences of its forward pass, in float64,
 * and the builds against the reference on random sizes, bands and slices.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Geometry, Kernel } from "./kernel.ts";
import { loadBuild } from "./load.ts";
import type { Operands, Operation } from "./operations.ts";
import { packings } from "./packing.ts";
import { denseBackward, pointwiseBackward, trainPointwise } from "./reference/train-pointwise.ts";
import { compute, distance } from "./self-test.ts";
import { pitchOf } from "./table.ts";
import {
	pointwiseBandRows,
	pointwiseSlices,
	trainingPointwiseKernels,
	trainPointwiseBandRows,
} from "./training-pointwise-table.ts";
import { bandsOf, vectorOf } from "./training-shapes.ts";
import { type Build, kernelOf, packingOf } from "./walker.ts";

describe("the reference", () => {
	const step = 1e-5;
	/** Numbers in −1…1, in float64, which the reference accepts. */
	const numbers = (length: number, seed: number): Float32Array => {
		let state = seed;
		const next = (): number => {
			state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
			return state / 2 ** 31 - 1;
		};
		return Float64Array.from({ length }, next) as unknown as Float32Array;
	};
	/** The derivative of a loss with respect to each of some numbers, by central differences. */
	const slopes = (of: Float32Array, loss: () => number): number[] =>
		Array.from(of, (value, i) => {
			of[i] = value + step;
			const above = loss();
			of[i] = value - step;
			const below = loss();
			of[i] = value;
			return (above - below) / (2 * step);
		});
	const expectClose = (got: ArrayLike<number>, expected: readonly number[]): void => {
		expect(got.length).toBe(expected.length);
		for (let i = 0; i < expected.length; i++) expect(got[i]!).toBeCloseTo(expected[i]!, 6);
	};

	it.each([
		{ pictures: 2, rows: 5, inputChannels: 3, outputChannels: 7, bandRows: 4, slices: 2 },
		{ pictures: 1, rows: 3, inputChannels: 17, outputChannels: 2, bandRows: 2, slices: 3 },
		{ pictures: 3, rows: 4, inputChannels: 4, outputChannels: 5, bandRows: 5, slices: 1 },
	])("agrees with finite differences: %o", ({ pictures, ...shape }) => {
		const { rows, inputChannels, outputChannels, bandRows, slices } = shape;
		const all = pictures * rows;
		const [inputVector, outputVector] = [vectorOf(inputChannels), vectorOf(outputChannels)];
		const pitches = { inputPitch: inputChannels + 2, outputPitch: outputChannels + 1 };
		const forward = {
			...shape,
			...pitches,
			input: numbers(all * pitches.inputPitch, 1),
			inputNorm: numbers(7 * inputVector, 2),
			activation: Float32Array.of(0.25, 0.5),
			weights: numbers(outputChannels * inputChannels, 3),
			bias: numbers(outputChannels, 4),
			bounds: Float32Array.of(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY),
			band: new Float32Array(0),
			output: numbers(all * pitches.outputPitch, 5),
			partials: numbers(bandsOf(all, bandRows) * 2 * outputVector, 6),
		} satisfies Operands<"trainPointwise"> & { slices: number };
		const gradient = numbers(all * pitches.outputPitch, 7);
		const outputNorm = numbers(7 * outputVector, 8);
		const partials = numbers(bandsOf(all, bandRows) * 2 * inputVector, 9);
		const inputGradient = numbers(all * pitches.inputPitch, 10);
		const weightSlices = numbers(slices * outputChannels * inputChannels, 11);

		// A loss whose gradient with respect to the output is the affine map of the backward pass.
		const loss = (): number => {
			trainPointwise(forward, pictures);
			let sum = 0;
			for (let r = 0; r < all; r++)
				for (let o = 0; o < outputChannels; o++) {
					const i = r * pitches.outputPitch + o;
					const y = forward.output[i]!;
					const [factor, rawFactor, constant] = [4, 5, 6].map((v) => outputNorm[v * outputVector + o]!);
					sum += factor! * gradient[i]! * y + (rawFactor! * y * y) / 2 + constant! * y;
				}
			return sum;
		};
		loss();
		const transposed = numbers(outputChannels * inputChannels, 12);
		for (let o = 0; o < outputChannels; o++)
			for (let i = 0; i < inputChannels; i++)
				transposed[i * outputChannels + o] = forward.weights[o * inputChannels + i]!;
		pointwiseBackward(
			{
				...forward,
				gradient,
				outputNorm,
				weights: transposed,
				weightSlices,
				inputGradient,
				partials,
				wantsInput: 1,
			},
			pictures,
		);

		const size = outputChannels * inputChannels;
		const sums = Array.from({ length: size }, (_, i) =>
			Array.from({ length: slices }, (_, s) => weightSlices[s * size + i]!).reduce((a, b) => a + b),
		);
		expectClose(sums, slopes(forward.weights, loss));

		// The gradient is that before the activation; that of the input is `scale` times it.
		const scaled = Array.from(inputGradient, (g, i) => {
			const channel = i % pitches.inputPitch;
			return channel < inputChannels ? g * forward.inputNorm[channel]! : 0;
		});
		expectClose(scaled, slopes(forward.input, loss));

		// Its sums are the gradients of shift and, apart from mean and deviation, of scale.
		const sumOf = (kind: number, i: number): number =>
			Array.from(
				{ length: bandsOf(all, bandRows) },
				(_, b) => partials[(b * 2 + kind) * inputVector + i]!,
			).reduce((a, b) => a + b);
		const channels = Array.from({ length: inputChannels }, (_, i) => i);
		const vector = (v: number): Float32Array =>
			forward.inputNorm.subarray(v * inputVector, v * inputVector + inputChannels);
		const shiftSlopes = slopes(vector(1), loss);
		const scaleSlopes = slopes(vector(0), loss);
		expectClose(
			channels.map((i) => sumOf(0, i)),
			shiftSlopes,
		);
		expectClose(
			channels.map((i) => sumOf(1, i)),
			channels.map((i) => (scaleSlopes[i]! - vector(2)[i]! * shiftSlopes[i]!) * vector(3)[i]!),
		);
	});

	it("adds the gradients of a dense layer to those that are there", () => {
		const [pictures, inputChannels, outputChannels] = [3, 5, 4];
		const gradient = numbers(pictures * 6, 1);
		const input = numbers(pictures * 7, 2);
		const weights = numbers(inputChannels * outputChannels, 3);
		const bias = numbers(outputChannels, 4);
		const loss = (): number => {
			let sum = 0;
			for (let p = 0; p < pictures; p++)
				for (let o = 0; o < outputChannels; o++) {
					let y = bias[o]!;
					for (let i = 0; i < inputChannels; i++) y += input[p * 7 + i]! * weights[o * inputChannels + i]!;
					sum += y * gradient[p * 6 + o]!;
				}
			return sum;
		};
		const weightGradient = Float64Array.from(weights, () => 2) as unknown as Float32Array;
		const biasGradient = Float64Array.from(bias, () => 3) as unknown as Float32Array;
		denseBackward(
			{
				gradient,
				input,
				weightGradient,
				biasGradient,
				inputChannels,
				outputChannels,
				inputPitch: 7,
				gradientPitch: 6,
			},
			pictures,
		);
		expectClose(
			weightGradient,
			slopes(weights, loss).map((x) => x + 2),
		);
		expectClose(
			biasGradient,
			slopes(bias, loss).map((x) => x + 3),
		);
	});
});

const channels = fc.integer({ min: 1, max: 70 });
const layer = fc
	.record({
		rows: fc.integer({ min: 1, max: 40 }),
		inputChannels: channels,
		outputChannels: channels,
		bandRows: fc.integer({ min: 1, max: 50 }),
		slices: fc.integer({ min: 1, max: 5 }),
		wantsInput: fc.constantFrom(0, 1),
	})
	.map((g) => ({
		...g,
		inputPitch: pitchOf(g.inputChannels),
		outputPitch: pitchOf(g.outputChannels),
		gradientPitch: pitchOf(g.outputChannels),
		length: g.inputChannels * g.outputChannels,
	}));

describe.each(["wide", "relaxed", "baseline"] satisfies Build[])("the %s build", (build) => {
	it.each(Object.keys(trainingPointwiseKernels) as (keyof typeof trainingPointwiseKernels)[])(
		"agrees with the reference about %s of all sizes, in bands and slices of all lengths",
		async (operation) => {
			const { loaded } = await loadBuild({ build, kernelSet: "training" });
			const reference = { build: "reference", kernels: loaded.kernels } as const;
			fc.assert(
				fc.property(layer, fc.integer({ min: 1, max: 3 }), fc.integer(), (shape, pictures, seed) => {
					const got = compute(loaded, operation, shape, pictures, seed, undefined, "training");
					const expected = compute(reference, operation, shape, pictures, seed, undefined, "training");
					expect(distance(got, expected)).toBeLessThan(1e-5);
				}),
				{ numRuns: 100 },
			);
		},
	);

	/** The numbers past the channels in packed results, which optimizers and transposed products read. */
	const padding = async <O extends Operation>(
		operation: O,
		geometry: Geometry<O>,
		operand: string,
		shape: readonly [number, number, number, number],
	): Promise<number[]> => {
		const { loaded } = await loadBuild({ build, kernelSet: "training" });
		const { panels } = packings[packingOf(build)];
		const length = panels.length(shape);
		const slices = (geometry as { slices?: number }).slices ?? 1;
		const raw: Kernel<O> = {
			...kernelOf(loaded.kernels, operation),
			results: () => [{ operand, rows: slices, channels: length, pitch: length } as never],
		};
		const [packed] = compute(
			{ ...loaded, kernels: { ...loaded.kernels, [operation]: raw } },
			operation,
			geometry,
			2,
			1,
			undefined,
			"training",
		);
		const used = new Float32Array(length);
		panels.pack(new Float32Array(shape[0] * shape[1]).fill(1), shape, used);
		return [...packed!].filter((_, i) => used[i % length] === 0);
	};

	it.each([3, 8, 13, 24, 27])("writes zeros past %i channels", async (channels) => {
		const geometry = {
			rows: 11,
			inputChannels: 20,
			outputChannels: channels,
			bandRows: 4,
			slices: 8,
			wantsInput: 1,
			inputPitch: 24,
			outputPitch: pitchOf(channels),
		};
		const shape = [channels, 20, 1, 1] as const;
		const slices = await padding("pointwiseBackward", geometry, "weightSlices", shape);
		expect(slices).toHaveLength(8 * 20 * (vectorOf(channels) - channels));
		expect(slices.every((x) => x === 0)).toBe(true);
		const transposed = { inputChannels: channels, outputChannels: 20 };
		const pads = await padding("transpose", transposed, "transposed", shape);
		expect(pads).toHaveLength(20 * (vectorOf(channels) - channels));
		expect(pads.every((x) => x === 0)).toBe(true);
	});
});

describe("bands and slices", () => {
	/** Rows of the first and of the second of two threads, by the bands and the slices that each takes. */
	const shares = (rows: number, bandRows: number, slices: number): number[] => {
		const bands = bandsOf(rows, bandRows);
		const start = (slice: number): number => Math.min(rows, Math.floor((bands * slice) / slices) * bandRows);
		const half = start(Math.floor(slices / 2));
		return [half, rows - half];
	};

	it("are about equal work for two threads if there is enough", () => {
		fc.assert(
			fc.property(
				fc.integer({ min: 64, max: 200_000 }),
				fc.integer({ min: 1, max: 1024 }),
				fc.integer({ min: 1, max: 1024 }),
				(rows, inputs, outputs) => {
					const forward = trainPointwiseBandRows(rows, inputs, outputs);
					expect(Math.max(...shares(rows, forward, bandsOf(rows, forward)))).toBeLessThan(rows * 0.6);
					const slices = pointwiseSlices(rows);
					const backward = pointwiseBandRows(rows, inputs, outputs, slices);
					expect(Math.max(...shares(rows, backward, slices))).toBeLessThan(rows * 0.6);
				},
			),
		);
	});

	it("of the layers of 1.0-224 are the measured ones", () => {
		expect(pointwiseSlices(8 * 49)).toBe(2);
		expect(pointwiseBandRows(8 * 49, 1024, 1024, 2)).toBe(196);
		expect(trainPointwiseBandRows(8 * 49, 1024, 1024)).toBe(49);
		expect(pointwiseSlices(8 * 112 ** 2)).toBe(16);
	});
});
