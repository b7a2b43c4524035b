/**
 * Depthwise layers and the stem in training: the fast kernels on random sizes, strides, paddings, bands and slices
 * against the reference, and how plans divide their work. The gradients themselves are tested in train-gradients.test.ts.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadBuild } from "./load.ts";
import { compute, distance } from "./self-test.ts";
import { pitchOf } from "./table.ts";
import {
	depthwiseBackwardBandRows,
	trainingDepthwiseKernels as kernels,
	slicesOf,
	trainDepthwiseBandRows,
	trainStemBandRows,
} from "./training-depthwise-table.ts";
import { bandsOf } from "./training-shapes.ts";
import type { Build } from "./walker.ts";

/** Outputs, and zeros before the picture, by the definitions of TensorFlow's SAME and PyTorch's padding; the tutorial's last block has a padding of 4. */
function paddingOf(inputSize: number, stride: number, padding: "same" | "symmetric" | "four") {
	const total = Math.max((Math.ceil(inputSize / stride) - 1) * stride + 3 - inputSize, 0);
	const each = { symmetric: 1, four: 4 };
	const [before, after] =
		padding === "same" ? [Math.floor(total / 2), Math.ceil(total / 2)] : [each[padding], each[padding]];
	return { before, outputSize: Math.floor((inputSize + before + after - 3) / stride) + 1 };
}

const bands = { bandRows: fc.integer({ min: 1, max: 50 }), pictures: fc.integer({ min: 1, max: 3 }) };
const depthwiseGeometry = fc
	.record({
		...bands,
		inputSize: fc.integer({ min: 1, max: 30 }),
		channels: fc.integer({ min: 1, max: 40 }),
		stride: fc.constantFrom(1, 2),
		padding: fc.constantFrom("same" as const, "symmetric" as const, "four" as const),
		slices: fc.integer({ min: 1, max: 5 }),
		wantsInput: fc.constantFrom(0, 1),
	})
	.map(({ padding, pictures, slices, wantsInput, ...g }) => {
		const pitch = pitchOf(g.channels);
		const forward = {
			...g,
			...paddingOf(g.inputSize, g.stride, padding),
			inputPitch: pitch,
			outputPitch: pitch,
		};
		return { pictures, forward, backward: { ...forward, slices, wantsInput } };
	});
const stemGeometry = fc
	.record({
		...bands,
		// Outputs of 16×16 or more, as in the engine.
		inputSize: fc.integer({ min: 32, max: 50 }),
		inputChannels: fc.integer({ min: 1, max: 4 }),
		outputChannels: fc.integer({ min: 1, max: 40 }),
		padding: fc.constantFrom("same" as const, "symmetric" as const),
		slices: fc.integer({ min: 1, max: 5 }),
	})
	.map(({ padding, pictures, slices, ...g }) => {
		const forward = {
			...g,
			...paddingOf(g.inputSize, 2, padding),
			outputPitch: pitchOf(g.outputChannels),
		};
		return { pictures, forward, backward: { ...forward, slices } };
	});

const reference = { build: "reference", kernels } as const;

describe.each(["wide", "relaxed", "baseline"] satisfies Build[])("the %s build", (build) => {
	it("agrees with the reference on every depthwise layer", async () => {
		const { loaded } = await loadBuild({ build, kernelSet: "training" });
		fc.assert(
			fc.property(depthwiseGeometry, fc.integer(), ({ pictures, forward, backward }, seed) => {
				for (const [operation, geometry] of [
					["trainDepthwise", forward],
					["depthwiseBackward", backward],
				] as const)
					expect(
						distance(
							compute(loaded, operation, geometry, pictures, seed),
							compute(reference, operation, geometry, pictures, seed),
						),
					).toBeLessThan(1e-5);
			}),
			{ numRuns: 150 },
		);
	});

	it("agrees with the reference on every stem", async () => {
		const { loaded } = await loadBuild({ build, kernelSet: "training" });
		fc.assert(
			fc.property(stemGeometry, fc.integer(), ({ pictures, forward, backward }, seed) => {
				for (const [operation, geometry] of [
					["trainStem", forward],
					["stemBackward", backward],
				] as const)
					expect(
						distance(
							compute(loaded, operation, geometry, pictures, seed),
							compute(reference, operation, geometry, pictures, seed),
						),
					).toBeLessThan(1e-5);
			}),
			{ numRuns: 30 },
		);
	});

	it.each(["depthwiseBackward", "stemBackward"] as const)(
		"leaves zeros in the padding of the weights' gradient: %s",
		async (operation) => {
			const { loaded } = await loadBuild({ build, kernelSet: "training" });
			// With a norm as batchNorm writes it: zeros past the channels.
			const geometry =
				operation === "stemBackward"
					? {
							inputSize: 32,
							outputSize: 16,
							inputChannels: 1,
							outputChannels: 3,
							before: 0,
							outputPitch: 8,
							bandRows: 5,
							slices: 1,
						}
					: {
							inputSize: 5,
							outputSize: 5,
							channels: 3,
							stride: 1,
							before: 1,
							inputPitch: 8,
							outputPitch: 8,
							bandRows: 5,
							slices: 1,
							wantsInput: 0,
						};
			const channels = operation === "stemBackward" ? 16 : loaded.build === "wide" ? 8 : 4;
			const row = kernels[operation];
			// All packed numbers, as if they were channels.
			const whole = {
				...row,
				sample: (name: string, _: unknown, random: () => number) =>
					name === "outputNorm"
						? (i: number) => (i % 16 < 3 ? random() : 0)
						: name === "output"
							? random
							: undefined,
				results: () => [{ operand: "weightSlices", rows: 9, channels, pitch: channels }],
			};
			const changed = { ...loaded, kernels: { ...loaded.kernels, [operation]: whole } } as typeof loaded;
			const [gradient] = compute(changed, operation, geometry as never, 2);
			const [used, padding] = [true, false].map((kept) =>
				gradient!.filter((_, i) => i % channels < 3 === kept),
			);
			expect(used!.every((x) => x !== 0)).toBe(true);
			expect(padding!.every((x) => x === 0)).toBe(true);
		},
	);
});

describe("bands and slices", () => {
	const sizes = fc.record({
		inputSize: fc.integer({ min: 1, max: 300 }),
		channels: fc.integer({ min: 1, max: 2048 }),
		stride: fc.constantFrom(1, 2),
		pictures: fc.integer({ min: 1, max: 64 }),
	});
	it("leave work for all threads if there are enough rows, and take a few hundred kilobytes", () => {
		fc.assert(
			fc.property(sizes, ({ inputSize, channels, stride, pictures }) => {
				const pitch = pitchOf(channels);
				const outputSize = Math.ceil(inputSize / stride);
				const g = { inputSize, outputSize, stride, inputPitch: pitch, outputPitch: pitch };
				for (const [size, bandRows] of [
					[outputSize, trainDepthwiseBandRows(g, pictures)],
					[inputSize, depthwiseBackwardBandRows(g, pictures)],
				] as const) {
					expect(bandRows).toBeGreaterThanOrEqual(1);
					const rows = pictures * size;
					if (rows >= 8) expect(bandsOf(rows, bandRows)).toBeGreaterThanOrEqual(2);
					expect(slicesOf(rows, bandRows)).toBeLessThanOrEqual(bandsOf(rows, bandRows));
					if (bandRows > 1) expect(bandRows * inputSize * pitch * 4).toBeLessThanOrEqual(448 * 1024);
				}
			}),
		);
	});

	it("are, for the layers of 1.0-224 in batches of 8, eight or more", () => {
		const layers = [
			[112, 32, 1],
			[112, 64, 2],
			[56, 128, 1],
			[56, 128, 2],
			[28, 256, 1],
			[28, 256, 2],
			[14, 512, 1],
			[14, 512, 2],
			[7, 1024, 1],
		] as const;
		for (const [inputSize, channels, stride] of layers) {
			const pitch = pitchOf(channels);
			const g = { inputSize, outputSize: inputSize / stride, stride, inputPitch: pitch, outputPitch: pitch };
			expect(bandsOf(8 * inputSize, depthwiseBackwardBandRows(g, 8))).toBeGreaterThanOrEqual(8);
			expect(bandsOf((8 * inputSize) / stride, trainDepthwiseBandRows(g, 8))).toBeGreaterThanOrEqual(8);
		}
		const stem = { inputSize: 224, outputSize: 112, inputChannels: 3, outputPitch: 32 };
		expect(bandsOf(8 * 112, trainStemBandRows(stem, 8))).toBeGreaterThanOrEqual(8);
	});
});
