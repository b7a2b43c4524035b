/**
 * Chooses the range of a layer's output that the codes cover. The whole range keeps the rare largest numbers but makes the
 * steps between codes wide; a part of it clips those numbers and makes the steps narrow.
 */
import { codesFor, fromCode, type Range, toCode } from "./codes.ts";
import type { Seen } from "./histogram.ts";

/**
 * `minmax`: from the least to the largest number seen. `percentile`: all except one number in ten thousand at either end.
 * `mse`: the range with the least squared error between numbers and codes.
 */
export type RangeMethod = "minmax" | "percentile" | "mse";
export const rangeMethods: readonly RangeMethod[] = ["minmax", "percentile", "mse"];

const leftOut = 1e-4;
/** Bounds to try at either end, evenly spaced over the range seen. */
const trials = 64;

/**
 * Chooses the range to cover.
 *
 * @example
 * rangeOf(seen, "mse") // [0, 5.2]
 */
export function rangeOf(seen: Seen, method: RangeMethod): Range {
	const { range } = seen;
	if (method === "minmax" || seen.count === 0) return range;
	return method === "percentile" ? percentileRange(seen) : leastErrorRange(seen);
}

function percentileRange({ range, count, low, width, bins }: Seen): Range {
	const rare = leftOut * count;
	const from = (values: Iterable<[number, number]>, fallback: number): number => {
		let sum = 0;
		for (const [i, n] of values) {
			sum += n;
			if (sum > rare) return i;
		}
		return fallback;
	};
	const first = from(bins.entries(), 0);
	const last = from([...bins.entries()].reverse(), bins.length - 1);
	return [
		Math.min(0, Math.max(range[0], low + first * width)),
		Math.max(0, Math.min(range[1], low + (last + 1) * width)),
	];
}

/** Chooses the upper end first, then the lower one. */
function leastErrorRange(seen: Seen): Range {
	const [low, high] = seen.range;
	const parts = Array.from({ length: trials }, (_, i) => (i + 1) / trials);
	const best = (ranges: readonly Range[]): Range => {
		const errors = ranges.map((range) => squaredError(seen, range));
		return ranges[errors.indexOf(Math.min(...errors))]!;
	};
	const [, upper] = best(parts.map((part) => [low, high * part]));
	return low === 0 ? [0, upper] : best(parts.map((part) => [low * part, upper]));
}

/** The sum of squared errors of a range's codes, with each bin's numbers at its middle. */
export function squaredError({ low, width, bins }: Seen, range: Range): number {
	const codes = codesFor(range);
	let sum = 0;
	for (const [i, n] of bins.entries()) {
		if (n === 0) continue;
		const x = low + (i + 0.5) * width;
		sum += n * (fromCode(toCode(x, codes), codes) - x) ** 2;
	}
	return sum;
}
