/** Colors in one pass against the three operations in turn, and mirroring. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { colorsOf, finish, meanGray } from "./color.ts";

/** Brightness, contrast and saturation in turn, in floating point, as torchvision defines them. */
function inTurn(rgb: readonly number[], b: number, c: number, s: number, mean: number): number[] {
	const bright = rgb.map((x) => x * b);
	const contrasted = bright.map((x) => c * x + (1 - c) * mean * b);
	const gray = contrasted[0]! * 0.299 + contrasted[1]! * 0.587 + contrasted[2]! * 0.114;
	return contrasted.map((x) => Math.min(Math.max(s * x + (1 - s) * gray, 0), 255));
}

const factor = fc.double({ min: 0, max: 2, noNaN: true });
const byte = fc.nat(255);

describe("colors", () => {
	it("equal the three operations in turn, except for rounding", () => {
		fc.assert(
			fc.property(
				factor,
				factor,
				factor,
				fc.double({ min: 0, max: 255, noNaN: true }),
				fc.tuple(byte, byte, byte),
				(b, c, s, mean, rgb) => {
					const out = new Uint8Array(3);
					finish(Uint8Array.from(rgb), 3, 1, false, colorsOf(b, c, s, mean), out);
					// Half a step of rounding; the matrix is exact to 2^-17, three of it times 255.
					for (const [i, x] of inTurn(rgb, b, c, s, mean).entries())
						expect(Math.abs(out[i]! - x)).toBeLessThanOrEqual(0.51);
				},
			),
		);
	});

	it("make gray pictures the same gray as pictures of three equal channels", () => {
		fc.assert(
			fc.property(factor, factor, factor, byte, (b, c, s, gray) => {
				const colors = colorsOf(b, c, s, 100);
				const [one, spread, three] = [new Uint8Array(1), new Uint8Array(3), new Uint8Array(3)];
				finish(Uint8Array.of(gray), 1, 1, false, colors, one);
				finish(Uint8Array.of(gray), 1, 1, false, colors, spread);
				finish(Uint8Array.of(gray, gray, gray), 3, 1, false, colors, three);
				expect([...spread]).toEqual([one[0], one[0], one[0]]);
				for (const x of three) expect(Math.abs(x - one[0]!)).toBeLessThanOrEqual(1);
			}),
		);
	});

	it("are undefined if nothing changes", () => {
		expect(colorsOf(1, 1, 1, 77)).toBeUndefined();
	});

	it("compute the mean gray by its definition", () => {
		expect(meanGray(Uint8Array.of(255, 0, 0, 0, 0, 255), 3)).toBeCloseTo((255 * (0.299 + 0.114)) / 2, 10);
		expect(meanGray(Uint8Array.of(1, 2, 6), 1)).toBe(3);
	});
});

describe("mirroring", () => {
	it.each([1, 2, 3, 5])("reverses each row of pixels with %d channels", (channels) => {
		const size = 3;
		const from = Uint8Array.from({ length: size * size * channels }, (_, i) => i * 3);
		const out = new Uint8Array(from.length);
		finish(from, channels, size, true, undefined, out);
		for (let y = 0; y < size; y++)
			for (let x = 0; x < size; x++)
				for (let c = 0; c < channels; c++)
					expect(out[(y * size + x) * channels + c]).toBe(from[(y * size + size - 1 - x) * channels + c]);
		finish(from, channels, size, false, undefined, out);
		expect(out).toEqual(from);
	});
});
