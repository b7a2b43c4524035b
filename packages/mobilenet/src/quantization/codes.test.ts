import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Codes } from "../weights/parts.ts";
import { codesFor, fromCode, leastCode, mostCode, toCode } from "./codes.ts";

const end = fc.float({ min: -1000, max: 1000, noNaN: true });
/** A range that holds 0, not too narrow for float32. */
const range = fc
	.tuple(end, end)
	.map(([a, b]): [number, number] => [Math.min(a, b, 0), Math.max(a, b, 0)])
	.filter(([low, high]) => high - low > 1e-3);

describe("codes for a range", () => {
	it("are those that TensorFlow Lite's converter writes after ReLU6 and for pixels from −1 to 1", () => {
		expect(codesFor([0, 6])).toEqual({ scale: Math.fround(6 / 255), zeroPoint: -128 });
		expect(codesFor([-1, 1])).toEqual({ scale: Math.fround(2 / 255), zeroPoint: -1 });
	});

	it.each<readonly [number, number, Codes]>([
		[-255, 0, { scale: 1, zeroPoint: 127 }],
		[-155, 100, { scale: 1, zeroPoint: 27 }],
		[3, 255, { scale: 1, zeroPoint: -128 }],
		[0, 0, { scale: 1, zeroPoint: 0 }],
	])("from %d to %d", (low, high, expected) => {
		expect(codesFor([low, high])).toEqual(expected);
	});

	it("have one for 0 itself", () => {
		fc.assert(
			fc.property(range, (any) => {
				const codes = codesFor(any);
				expect(codes.zeroPoint).toBeGreaterThanOrEqual(leastCode);
				expect(codes.zeroPoint).toBeLessThanOrEqual(mostCode);
				expect(fromCode(toCode(0, codes), codes)).toBe(0);
			}),
		);
	});

	it("are half a step from what they stand for, and a step at the ends", () => {
		fc.assert(
			fc.property(range, fc.double({ min: 0, max: 1, noNaN: true }), ([low, high], part) => {
				const codes = codesFor([low, high]);
				const x = low + part * (high - low);
				const off = Math.abs(fromCode(toCode(x, codes), codes) - x) / codes.scale;
				// The zero point is rounded, so that up to half a step of the range may lie beyond the last code.
				expect(off).toBeLessThanOrEqual(1 + 1e-4);
				const [first, last] = [fromCode(leastCode, codes), fromCode(mostCode, codes)];
				if (x >= first && x <= last) expect(off).toBeLessThanOrEqual(0.5 + 1e-4);
			}),
		);
	});
});

describe("a number's code", () => {
	const codes = { scale: 0.5, zeroPoint: 3 };

	it("is exact for exact multiples", () => {
		for (let code = leastCode; code <= mostCode; code++)
			expect(toCode(fromCode(code, codes), codes)).toBe(code);
	});

	it("is the first or the last outside the range", () => {
		expect(toCode(-1e9, codes)).toBe(leastCode);
		expect(toCode(1e9, codes)).toBe(mostCode);
	});

	it("goes away from 0 at a half", () => {
		expect(toCode(0.25, codes)).toBe(4);
		expect(toCode(-0.25, codes)).toBe(2);
	});
});
