/** The kernels of integer inference on bytes: those on words from int8-table.ts, with what differs. */
import type { int8ByteOperations } from "./int8-operations.ts";
import { int8Kernels, wordPitchOf } from "./int8-table.ts";
import type { Geometry, Kernel } from "./kernel.ts";
import { int8Pointwise } from "./reference/int8-pointwise.ts";
import { int8Separable } from "./reference/int8-separable.ts";

const roundedTo = (low: number, high: number, x: number): number =>
	Math.min(high, Math.max(low, Math.round(x)));
/**
 * Most inputs and weights are the least or the greatest byte, so that sums of two products far exceed 16 bits. Almost no
 * result is clamped, so that every wrong sum is detected.
 */
const sampleOf = (
	operand: string,
	words: ((i: number) => number) | undefined,
	random: () => number,
): ((i: number) => number) | undefined => {
	switch (operand) {
		case "input":
			return () => roundedTo(0, 255, 128 + random() * 300);
		case "weights":
			return () => roundedTo(-128, 127, random() * 300);
		case "bounds":
			return (i) => [-32768, 32767, words!(2)][i]!;
		case "multipliers":
			return (i) => words!(i) * (i % 2 === 0 ? 64 : 1);
		case "depthwiseMultipliers":
			return (i) => words!(i) * (i % 2 === 0 ? 4 : 1);
		case "depthwiseBounds":
			return (i) => [0, 255, words!(2)][i]!;
		default:
			return words;
	}
};

const { int8Pointwise: wordPointwise, int8Separable: wordSeparable } = int8Kernels;
const pointwiseOf = (g: Geometry<"int8Pointwise">, i: number): Geometry<"int8BytePointwise"> => ({
	...g,
	bandPitch: wordPitchOf(g.inputChannels),
	bandRows: 5 + 60 * i,
});

export const int8ByteKernels: { readonly [O in keyof typeof int8ByteOperations]: Kernel<O> } = {
	int8BytePointwise: {
		reference: int8Pointwise,
		parameters: (g) => ({
			...wordPointwise.parameters!(g),
			weights: ["bytePanels", [g.outputChannels, g.inputChannels, 1, 1]],
		}),
		extents: (g) => ({ ...wordPointwise.extents(g), band: g.bandRows * g.bandPitch }),
		results: wordPointwise.results,
		sample: (operand, g, random, set) =>
			sampleOf(operand, wordPointwise.sample!(operand, g, random, set), random),
		small: wordPointwise.small.map(pointwiseOf),
		real: wordPointwise.real.map(pointwiseOf),
	},
	int8ByteSeparable: {
		reference: int8Separable,
		parameters: (g) => ({
			...wordSeparable.parameters!(g),
			weights: ["bytePanels", [g.outputChannels, g.inputChannels, 1, 1]],
		}),
		extents: (g) => ({ ...wordSeparable.extents(g), band: (g.bandRows + 1) * g.outputSize * g.bandPitch }),
		results: wordSeparable.results,
		sample: (operand, g, random, set) =>
			operand === "input"
				? wordSeparable.sample!(operand, g, random, set)
				: sampleOf(operand, wordSeparable.sample!(operand, g, random, set), random),
		small: wordSeparable.small.slice(0, 2),
		real: wordSeparable.real,
	},
};
