/** The sigmoid and tanh of every build against mathematics, from one end of float32 to the other. */
import { expect, it } from "vitest";
import { itOnEveryBuild, loadExactly } from "../../test/support/builds.ts";
import { bumpAllocator } from "./bump-allocator.ts";
import { encodeStep, runWords, stepWords } from "./operations.ts";
import { createWalker } from "./walker.ts";

const inputs = [
	...Array.from({ length: 4001 }, (_, i) => (i - 2000) / 50),
	...[0, -0, 1e-30, -1e-30, 1e-4, -1e-4, 87, -87, 88.7, -88.7, 104, -104, 1e30, -1e30],
	...[Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
];
/** Factors a, b, c of b · σ(a · x) + c. */
const functions = [
	[[1, 1, 0], (x: number) => 1 / (1 + Math.exp(-x))],
	[[2, 2, -1], Math.tanh],
	[[-1, 1, 0], (x: number) => 1 / (1 + Math.exp(x))],
] as const;

itOnEveryBuild(async (build) => {
	const loaded = await loadExactly(build, "float");
	const channels = inputs.length;
	const pitch = Math.ceil(channels / 8) * 8;
	for (const [factors, exact] of functions) {
		const memory = bumpAllocator();
		const [block, plan] = [memory.take(runWords * 4), memory.take(stepWords * 4)];
		const [input, output, constants] = [memory.take(pitch * 4), memory.take(pitch * 4), memory.take(64)];
		const { buffer, run } = createWalker(loaded, memory.size());
		const floats = new Float32Array(buffer);
		floats.set(inputs, input / 4);
		floats.set(factors, constants / 4);
		const words = new Int32Array(buffer);
		words[block / 4] = 1;
		const ends = { input, output, factors: constants, channels, inputPitch: pitch, outputPitch: pitch };
		words.set(encodeStep("sigmoid", ends), plan / 4);
		run(plan, 0, 0, 1, block, 1);
		for (const [i, x] of inputs.entries()) {
			const value = floats[output / 4 + i]!;
			expect(Math.abs(value - exact(Math.fround(x))), `of ${x}`).toBeLessThan(5e-7);
		}
	}
});

it("is asked for numbers whose exponentials no float32 holds", () => {
	expect(Math.fround(Math.exp(104))).toBe(Number.POSITIVE_INFINITY);
});
