/** Depthwise convolution on random sizes, strides and paddings against the reference: other implementations had bugs here. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadBuild } from "./load.ts";
import { compute, distance } from "./self-test.ts";
import { kernels, pitchOf } from "./table.ts";
import type { Build } from "./walker.ts";

const geometry = fc
	.record({
		inputSize: fc.integer({ min: 1, max: 40 }),
		channels: fc.integer({ min: 1, max: 40 }),
		stride: fc.constantFrom(1, 2),
		padding: fc.constantFrom("same", "symmetric", "four"),
	})
	.map(({ inputSize, channels, stride, padding }) => {
		// TensorFlow's SAME from its definition; the tutorial's last block has a padding of 4.
		const total = Math.max((Math.ceil(inputSize / stride) - 1) * stride + 3 - inputSize, 0);
		const [before, after] =
			padding === "same"
				? [Math.floor(total / 2), Math.ceil(total / 2)]
				: padding === "symmetric"
					? [1, 1]
					: [4, 4];
		return {
			inputSize,
			outputSize: Math.floor((inputSize + before + after - 3) / stride) + 1,
			channels,
			stride,
			before,
			inputPitch: pitchOf(channels),
			outputPitch: pitchOf(channels),
		};
	});

describe.each(["wide", "relaxed", "baseline"] satisfies Build[])("the %s build", (build) => {
	it("agrees with the reference at every size, stride and padding", async () => {
		const { loaded } = await loadBuild({ build });
		fc.assert(
			fc.property(geometry, fc.integer({ min: 1, max: 3 }), fc.integer(), (shape, pictures, seed) => {
				const got = compute(loaded, "depthwise", shape, pictures, seed);
				const expected = compute({ build: "reference", kernels }, "depthwise", shape, pictures, seed);
				expect(distance(got, expected)).toBeLessThan(1e-5);
			}),
			{ numRuns: 300 },
		);
	});
});

describe("the reference", () => {
	// One channel of ones: each output is the number of taps that lie on the picture.
	it.each([
		["same", 4, 0, [9, 6, 6, 4]],
		["symmetric", 4, 1, [4, 6, 6, 9]],
		["same", 5, 1, [4, 6, 4, 6, 9, 6, 4, 6, 4]],
	] as const)(
		"pads %s at stride 2 and size %i, %i before, as TensorFlow and PyTorch do",
		(_, inputSize, before, taps) => {
			const outputSize = Math.ceil(inputSize / 2);
			const output = new Float32Array(taps.length * 8);
			kernels.depthwise.reference(
				{
					input: new Float32Array(inputSize ** 2 * 8).fill(1),
					weights: new Float32Array(9).fill(1),
					bias: new Float32Array(1),
					bounds: Float32Array.of(0, 100),
					output,
					inputSize,
					outputSize,
					channels: 1,
					stride: 2,
					before,
					inputPitch: 8,
					outputPitch: 8,
				},
				1,
			);
			expect([...output].filter((_, i) => i % 8 === 0)).toEqual([...taps]);
		},
	);
});
