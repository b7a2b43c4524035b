import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { random } from "../base/random.ts";
import { histogram, type Seen } from "./histogram.ts";
import { rangeOf, squaredError } from "./ranges.ts";

/** What a histogram has seen of numbers that came so many times, and of one more. */
function seenOf(values: Iterable<number>, times = 1, once = 0): Seen {
	const gathered = histogram();
	for (let i = 0; i < times; i++) gathered.add(Float32Array.from(values));
	gathered.add(Float32Array.of(once));
	return gathered.seen();
}
/** Normal numbers, negative ones made 0, and one that may be far out. */
function tailed(seed: number, far: number): number[] {
	const { normal } = random(seed);
	return [...Array.from({ length: 40_000 }, () => Math.max(0, normal())), far];
}

describe("minmax", () => {
	it("is what was seen, and 0", () => {
		expect(rangeOf(seenOf([1, 4, 2]), "minmax")).toEqual([0, 4]);
		expect(rangeOf(seenOf([-2, 4, 2]), "minmax")).toEqual([-2, 4]);
		expect(rangeOf(seenOf([0, 0]), "mse")).toEqual([0, 0]);
	});
});

describe("percentile", () => {
	it("leaves out one number in ten thousand at either end", () => {
		const even = Array.from({ length: 100_000 }, (_, i) => i + 1);
		const [low, high] = rangeOf(seenOf([...even, ...even.map((x) => -x)]), "percentile");
		// Of 200,000 numbers 20 at either end, each bin some 50 numbers wide.
		expect(high).toBeGreaterThan(100_000 - 20 - 100);
		expect(high).toBeLessThanOrEqual(100_000);
		expect(low).toBeLessThan(-100_000 + 20 + 100);
	});

	it("passes over one number far out", () => {
		const [low, high] = rangeOf(seenOf(tailed(1, 40)), "percentile");
		expect(low).toBe(0);
		expect(high).toBeLessThan(5);
	});
});

describe("mse", () => {
	it("covers all of what is spread evenly", () => {
		const even = Array.from({ length: 50_000 }, (_, i) => (i / 50_000) * 6);
		const [low, high] = rangeOf(seenOf(even), "mse");
		expect(low).toBe(0);
		expect(high).toBeGreaterThan(5.9);
	});

	it("cuts off what is far out if it is rare enough", () => {
		// Of n numbers above 0, each off by step² / 12, one at 40 costs (40 − c)² when the range ends at c: with n = 20,000
		// any cut costs more than it gains, with n = 2,000,000 one at 10 gains n (40² − 10²) / 255² / 12 = 3844 for 900.
		expect(rangeOf(seenOf(tailed(2, 0), 1, 40), "mse")[1]).toBeGreaterThan(35);
		expect(rangeOf(seenOf(tailed(2, 0), 100, 40), "mse")[1]).toBeLessThan(20);
	});

	it("has no larger error than what was seen would have", () => {
		fc.assert(
			fc.property(
				fc.integer({ min: 1, max: 1000 }),
				fc.double({ min: -60, max: 60, noNaN: true }),
				(seed, far) => {
					const seen = seenOf(tailed(seed, far));
					expect(squaredError(seen, rangeOf(seen, "mse"))).toBeLessThanOrEqual(
						squaredError(seen, seen.range),
					);
				},
			),
			{ numRuns: 20 },
		);
	});

	it("knows its own error: a range of one step a bin has the error of rounding", () => {
		// Uniform numbers in steps of s are off by s² / 12 on average.
		const count = 100_000;
		const seen = seenOf(Array.from({ length: count }, (_, i) => ((i + 0.5) / count) * 255));
		expect(squaredError(seen, [0, 255]) / count).toBeCloseTo(1 / 12, 3);
	});
});
