/** Integer kernels on random sizes, strides and paddings: equal to the reference, whose arithmetic is tested separately. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { wordPitchOf } from "./int8-table.ts";
import { integerKernels as kernels } from "./integer-table.ts";
import type { Kernel } from "./kernel.ts";
import { loadBuild } from "./load.ts";
import type { Operands } from "./operations.ts";
import { int8Pointwise } from "./reference/int8-pointwise.ts";
import { nearest, requantize } from "./reference/int8-requantize.ts";
import { compute, distance } from "./self-test.ts";
import { type Build, kernelOf } from "./walker.ts";

const block = fc
	.record({
		inputSize: fc.integer({ min: 1, max: 24 }),
		inputChannels: fc.integer({ min: 1, max: 40 }),
		outputChannels: fc.integer({ min: 1, max: 70 }),
		stride: fc.constantFrom(1, 2),
		padding: fc.constantFrom("same", "symmetric", "four"),
		bandRows: fc.integer({ min: 1, max: 5 }),
	})
	.map(({ inputSize, inputChannels, outputChannels, stride, padding, bandRows }) => {
		// TensorFlow's SAME from its definition; the tutorial's last block has a padding of 4.
		const total = Math.max((Math.ceil(inputSize / stride) - 1) * stride + 3 - inputSize, 0);
		const [before, after] =
			padding === "same"
				? [Math.floor(total / 2), Math.ceil(total / 2)]
				: padding === "symmetric"
					? [1, 1]
					: [4, 4];
		const outputSize = Math.floor((inputSize + before + after - 3) / stride) + 1;
		return {
			inputSize,
			outputSize,
			inputChannels,
			outputChannels,
			stride,
			before,
			bandRows,
			inputPitch: wordPitchOf(inputChannels),
			bandPitch: wordPitchOf(inputChannels),
			outputPitch: wordPitchOf(outputChannels),
		};
	});

describe.each(["wide", "relaxed", "baseline"] satisfies Build[])("the %s build", (build) => {
	it("gives the reference's words at every size, stride and padding", async () => {
		const { loaded } = await loadBuild({ build, kernelSet: "integer" });
		fc.assert(
			fc.property(block, fc.integer({ min: 1, max: 3 }), fc.integer(), (shape, pictures, seed) => {
				const got = compute(loaded, "int8Separable", shape, pictures, seed);
				const expected = compute({ build: "reference", kernels }, "int8Separable", shape, pictures, seed);
				expect(distance(got, expected)).toBe(0);
			}),
			{ numRuns: 200 },
		);
	});

	it("gives the reference's words for every number of rows and channels", async () => {
		const { loaded } = await loadBuild({ build, kernelSet: "integer" });
		const size = fc.integer({ min: 1, max: 70 });
		fc.assert(
			fc.property(size, size, size, fc.integer(), (rows, inputChannels, outputChannels, seed) => {
				const pitches = { inputPitch: wordPitchOf(inputChannels), outputPitch: wordPitchOf(outputChannels) };
				const shape = { rows, inputChannels, outputChannels, ...pitches };
				const got = compute(loaded, "int8Pointwise", shape, 1, seed);
				expect(distance(got, compute({ build: "reference", kernels }, "int8Pointwise", shape, 1, seed))).toBe(
					0,
				);
			}),
			{ numRuns: 200 },
		);
	});
});

describe.each(["wide", "relaxed"] satisfies Build[])("the %s build on bytes", (build) => {
	it("gives the reference's words at every size, stride and padding", async (context) => {
		const { loaded } = await loadBuild({ build, kernelSet: "integer" });
		if (!loaded.kernels.int8ByteSeparable) context.skip("this processor's products of bytes are not exact");
		fc.assert(
			fc.property(block, fc.integer({ min: 1, max: 3 }), fc.integer(), (shape, pictures, seed) => {
				const got = compute(loaded, "int8ByteSeparable", shape, pictures, seed);
				const expected = compute({ build: "reference", kernels }, "int8ByteSeparable", shape, pictures, seed);
				expect(distance(got, expected)).toBe(0);
			}),
			{ numRuns: 200 },
		);
	});

	it("gives the reference's words for every number of rows and channels", async (context) => {
		const { loaded } = await loadBuild({ build, kernelSet: "integer" });
		if (!loaded.kernels.int8BytePointwise) context.skip("this processor's products of bytes are not exact");
		const size = fc.integer({ min: 1, max: 70 });
		fc.assert(
			fc.property(
				size,
				size,
				size,
				size,
				fc.integer(),
				(rows, inputChannels, outputChannels, bandRows, seed) => {
					const pitches = {
						inputPitch: wordPitchOf(inputChannels),
						outputPitch: wordPitchOf(outputChannels),
					};
					const band = { bandPitch: wordPitchOf(inputChannels), bandRows };
					const shape = { rows, inputChannels, outputChannels, ...pitches, ...band };
					const got = compute(loaded, "int8BytePointwise", shape, 1, seed);
					const expected = compute({ build: "reference", kernels }, "int8BytePointwise", shape, 1, seed);
					expect(distance(got, expected)).toBe(0);
				},
			),
			{ numRuns: 200 },
		);
	});
});

describe("the self-test on bytes", () => {
	/** The pointwise layer on a processor without an instruction for exact sums: two products at a time. */
	const pairwise =
		(isSigned: boolean, stop: (sum: number) => number) =>
		(operands: Operands<"int8BytePointwise">, pictures: number): void => {
			const { input, weights, output, bias, multipliers, bounds } = operands;
			const { rows, inputChannels, outputChannels, inputPitch, outputPitch } = operands;
			const byte = (word: number): number => (isSigned && word > 127 ? word - 256 : word);
			for (let r = 0; r < pictures * rows; r++)
				for (let o = 0; o < outputChannels; o++) {
					let sum = bias[o]!;
					for (let i = 0; i < inputChannels; i += 2) {
						const at = (k: number): number =>
							k < inputChannels ? byte(input[r * inputPitch + k]!) * weights[o * inputChannels + k]! : 0;
						sum += stop(at(i) + at(i + 1));
					}
					const pair = [multipliers[o * 2]!, multipliers[o * 2 + 1]!] as const;
					output[r * outputPitch + o] = requantize(sum, pair, bounds[0]!, bounds[1]!);
				}
		};
	const exact = (sum: number): number => sum;
	const saturated = (sum: number): number => Math.min(32767, Math.max(-32768, sum));
	const wrapped = (sum: number): number => (sum << 16) >> 16;

	it.each([
		["is exact", false, exact, true],
		["stops at 16 bits, as vpmaddubsw does", false, saturated, false],
		["keeps 16 bits", false, wrapped, false],
		["takes both operands with a sign, as sdot and vpdpbssd do", true, exact, false],
	])("sees a processor that %s as what it is", (_, isSigned, stop, expected) => {
		const row: Kernel<"int8BytePointwise"> = {
			...kernelOf(kernels, "int8BytePointwise"),
			reference: pairwise(isSigned, stop),
		};
		const other = { build: "reference", kernels: { ...kernels, int8BytePointwise: row } } as const;
		const same = row.small.map(
			(shape) =>
				distance(
					compute(other, "int8BytePointwise", shape, 1),
					compute({ build: "reference", kernels }, "int8BytePointwise", shape, 1),
				) === 0,
		);
		expect(same.every(Boolean)).toBe(expected);
	});
});

describe("requantization", () => {
	it.each([
		[0.5, 0],
		[1.5, 2],
		[2.5, 2],
		[-0.5, 0],
		[-1.5, -2],
		[0.49999997, 0],
		[254.50002, 255],
	])("rounds %d to %d", (x, expected) => expect(nearest(x)).toBeCloseTo(expected, 10));

	it("multiplies, rounds once, and clamps to the bounds", () => {
		expect(requantize(1000, [0.0625, 1], 0, 255)).toBe(62);
		expect(requantize(1000, [1, 1], 0, 255)).toBe(255);
		expect(requantize(-(2 ** 30), [1, 1], -5, 255)).toBe(-5);
		expect(requantize(2 ** 30, [1, 1], -5, 255)).toBe(255);
	});

	it("rounds twice in fixed point, as TensorFlow Lite's own kernels do", () => {
		// MultiplyByQuantizedMultiplier in integers: a doubling high product, then a shift that rounds away from zero.
		const tensorFlowLite = (sum: number, mantissa: number, shift: bigint): number => {
			const product = BigInt(sum) * BigInt(Math.round(mantissa * 2 ** 31));
			const high = (product + (1n << 30n)) >> 31n;
			const rest = high & ((1n << shift) - 1n);
			const half = (1n << shift) >> 1n;
			return Number((high >> shift) + (rest > half - (high < 0n ? 0n : 1n) ? 1n : 0n));
		};
		// Mantissas that float32 holds exactly, so that all products with such sums are exact.
		const mantissa = fc.integer({ min: 2 ** 11, max: 2 ** 12 - 1 }).map((m) => m / 2 ** 12);
		fc.assert(
			fc.property(
				fc.integer({ min: -4000, max: 4000 }),
				mantissa,
				fc.integer({ min: 1, max: 12 }),
				(sum, m, shift) => {
					const step = Math.fround(2 ** -shift * (1 + 2 ** -23));
					// The first rounding takes halves to even in ours, and up in theirs.
					fc.pre((sum * m) % 1 !== 0.5 && (sum * m) % 1 !== -0.5);
					expect(requantize(sum, [m, step], -10_000, 10_000)).toBe(tensorFlowLite(sum, m, BigInt(shift)) + 0);
				},
			),
			{ numRuns: 2000 },
		);
	});
});

describe("the reference", () => {
	it("sums in 32 bits", () => {
		const output = new Int16Array(8);
		const input = new Int16Array(8).fill(255);
		const weights = new Int16Array(2).fill(255);
		int8Pointwise(
			{
				input,
				weights,
				output,
				bias: Int32Array.of(-130_050),
				multipliers: Float32Array.of(1, 1),
				bounds: Float32Array.of(-1000, 1000, 0),
				rows: 1,
				inputChannels: 2,
				outputChannels: 1,
				inputPitch: 8,
				outputPitch: 8,
			},
			1,
		);
		// 2 · 255² − 130050
		expect(output[0]).toBe(0);
	});
});
