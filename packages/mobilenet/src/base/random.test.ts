import { expect, test } from "vitest";
import { MobileNetError } from "./error.ts";
import { random, splitMix64, xoshiro128 } from "./random.ts";

const take = <T>(count: number, next: () => T): T[] => Array.from({ length: count }, next);

test("xoshiro128** gives the numbers of its authors' program", () => {
	// xoshiro128starstar.c, version 1.1, from the state 1, 2, 3, 4; the test of Rust's rand_xoshiro has them too.
	expect(take(10, xoshiro128(1, 2, 3, 4))).toEqual([
		11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
	]);
});

test("SplitMix64 gives its published numbers", () => {
	// Rosetta Code, "Pseudo-random numbers/Splitmix64".
	expect(take(5, splitMix64(1234567n))).toEqual([
		6457827717110365317n,
		3203168211198807973n,
		9817491932198370423n,
		4593380528125082431n,
		16408922859458223821n,
	]);
});

test("a seed fixes the numbers, and each seed has its own", () => {
	const first = take(100, random(7).bits);
	expect(take(100, random(7).bits)).toEqual(first);
	for (const seed of [0, 6, 8, 2 ** 32 + 7, Number.MAX_SAFE_INTEGER])
		expect(take(100, random(seed).bits)).not.toEqual(first);
});

test("uniform numbers fill 0 to below 1 evenly", () => {
	const count = 100_000;
	const { uniform } = random(1);
	const bins = new Array<number>(100).fill(0);
	for (let i = 0; i < count; i++) bins[Math.floor(uniform() * 100)]!++;
	// A chi-squared of 99 degrees of freedom has mean 99 and deviation √198 ≈ 14: six of them either way.
	const expected = count / 100;
	const chiSquared = bins.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
	expect(bins).toHaveLength(100);
	expect(Math.abs(chiSquared - 99)).toBeLessThan(6 * Math.sqrt(198));
});

test("normal numbers have the normal distribution's moments and shares", () => {
	const count = 200_000;
	const numbers = take(count, random(2).normal);
	const moment = (power: number) => numbers.reduce((sum, x) => sum + x ** power, 0) / count;
	const share = (bound: number) => numbers.filter((x) => Math.abs(x) < bound).length / count;
	// Each bound is six deviations of the estimate: those of x, x², x³ and x⁴ are 1, √2, √15 and √96.
	const error = 6 / Math.sqrt(count);
	expect(Math.abs(moment(1))).toBeLessThan(error);
	expect(Math.abs(moment(2) - 1)).toBeLessThan(Math.sqrt(2) * error);
	expect(Math.abs(moment(3))).toBeLessThan(Math.sqrt(15) * error);
	expect(Math.abs(moment(4) - 3)).toBeLessThan(Math.sqrt(96) * error);
	expect(Math.abs(share(1) - 0.682689)).toBeLessThan(error / 2);
	expect(Math.abs(share(2) - 0.9545)).toBeLessThan(error / 2);
	expect(Math.abs(share(3) - 0.9973)).toBeLessThan(error / 2);
	// Neighbors, which come in pairs from one circle, do not go together.
	const together = numbers.reduce((sum, x, i) => sum + (i % 2 ? x * numbers[i - 1]! : 0), 0) / (count / 2);
	expect(Math.abs(together)).toBeLessThan(Math.SQRT2 * error);
});

test.each([-1, 0.5, Number.NaN, 2 ** 53])("the seed %s is refused", (seed) => {
	expect(() => random(seed)).toThrow(MobileNetError);
	expect(() => random(seed)).toThrow(`not ${seed}.`);
});
