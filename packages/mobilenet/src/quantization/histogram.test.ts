import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { histogram } from "./histogram.ts";

const numbers = fc.array(fc.float({ min: Math.fround(-1e6), max: Math.fround(1e6), noNaN: true }), {
	maxLength: 50,
});

describe("a histogram", () => {
	it("has every number in its bin, however the range grew, and leaves out 0", () => {
		fc.assert(
			fc.property(fc.array(numbers, { minLength: 1, maxLength: 6 }), (groups) => {
				const gathered = histogram();
				for (const group of groups) expect(gathered.add(Float32Array.from(group))).toBe(true);
				const all = groups.flat().map(Math.fround);
				const { range, count, low, width, bins } = gathered.seen();
				expect(range).toEqual([Math.min(0, ...all) + 0, Math.max(0, ...all) + 0]);
				expect(count).toBe(all.filter((x) => x !== 0).length);
				expect(bins.reduce((sum, n) => sum + n, 0)).toBe(count);
				if (count === 0) return;
				expect(low).toBeLessThanOrEqual(range[0]);
				expect(low + width * (bins.length + 1)).toBeGreaterThanOrEqual(range[1]);
				// The mean of the bins' middles is that of the numbers, within a bin.
				const middle = bins.reduce((sum, n, i) => sum + n * (low + (i + 0.5) * width), 0) / count;
				const mean = all.reduce((sum, x) => sum + x, 0) / count;
				expect(Math.abs(middle - mean)).toBeLessThanOrEqual(width);
			}),
		);
	});

	it("is never coarser than a two-thousandth of the range", () => {
		const gathered = histogram();
		gathered.add(Float32Array.of(1e-3, -1e-4));
		gathered.add(Float32Array.of(5, -3));
		gathered.add(Float32Array.of(100));
		const { width, range } = gathered.seen();
		expect(range).toEqual([-3, 100]);
		expect(width).toBeLessThan(4 * (103 / 2048));
	});

	it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])("refuses %d, and ends", (bad) => {
		const gathered = histogram();
		expect(gathered.add(Float32Array.of(1, 2))).toBe(true);
		expect(gathered.add(Float32Array.of(3, bad))).toBe(false);
		expect(gathered.seen()).toMatchObject({ range: [0, 2], count: 2 });
	});
});
