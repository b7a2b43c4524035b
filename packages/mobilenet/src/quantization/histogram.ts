/**
 * A histogram of a layer's outputs, filled picture by picture without knowing their range in advance: when a number lies
 * outside the bins, their width doubles.
 */
import type { Range } from "./codes.ts";

export interface Histogram {
	/** Adds numbers. Returns false, and adds none, if one of them is not finite. */
	readonly add: (values: Float32Array) => boolean;
	readonly seen: () => Seen;
}

/** The contents of a histogram. */
export interface Seen {
	/** The range of all numbers and 0. */
	readonly range: Range;
	/** How many numbers were not 0. Zeros, which are most numbers after ReLU, are not in the bins: every range has a code for 0. */
	readonly count: number;
	/** The first bin's lower bound, and the width of each bin. */
	readonly low: number;
	readonly width: number;
	readonly bins: Float64Array;
}

const binCount = 4096;

export function histogram(): Histogram {
	const bins = new Float64Array(binCount);
	let [low, width] = [0, 0];
	let [least, most] = [0, 0];
	let count = 0;

	/** Extends the bins to cover a range that includes 0. */
	const cover = (from: number, to: number): void => {
		if (width === 0) [low, width] = [from, ((to - from) / binCount) * (1 + 2 ** -20)];
		while (to >= low + width * binCount) {
			for (let i = 0; i < binCount / 2; i++) bins[i] = bins[2 * i]! + bins[2 * i + 1]!;
			bins.fill(0, binCount / 2);
			width *= 2;
		}
		while (from < low) {
			for (let i = binCount - 1; i >= binCount / 2; i--)
				bins[i] = bins[2 * i - binCount]! + bins[2 * i - binCount + 1]!;
			bins.fill(0, 0, binCount / 2);
			low -= width * binCount;
			width *= 2;
		}
	};

	return {
		add: (values) => {
			const range = rangeWith(least, most, values);
			if (!range.every(Number.isFinite)) return false;
			[least, most] = range;
			if (least === most) return true;
			cover(least, most);
			count += tally(values, bins, low, width);
			return true;
		},
		seen: () => ({ range: [least, most], count, low, width, bins: bins.slice() }),
	};
}

/** A range widened to include numbers; NaN if one of them is NaN. */
function rangeWith(least: number, most: number, values: Float32Array): Range {
	let [from, to] = [least, most];
	for (let i = 0; i < values.length; i++) {
		const x = values[i]!;
		if (x >= from && x <= to) continue;
		if (x < from) from = x;
		else if (x > to) to = x;
		else return [Number.NaN, Number.NaN];
	}
	return [from, to];
}

/** Adds the numbers that are not 0 to the bins and returns their count. The loop has no branches, which would be slow. */
function tally(values: Float32Array, bins: Float64Array, low: number, width: number): number {
	const [perWidth, last] = [1 / width, bins.length - 1];
	let zeros = 0;
	for (let i = 0; i < values.length; i++) {
		const x = values[i]!;
		zeros += +(x === 0);
		// Rounding may put the largest number beyond the last bin.
		bins[Math.min(Math.floor((x - low) * perWidth), last)]!++;
	}
	bins[Math.min(Math.floor((0 - low) * perWidth), last)]! -= zeros;
	return values.length - zeros;
}
