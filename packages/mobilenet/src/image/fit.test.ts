import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Fit } from "../weights/model.ts";
import { filters } from "../weights/preprocessing.ts";
import { type Preparation, prepare } from "./fit.ts";
import type { Pixels } from "./pixels.ts";
import { resize } from "./resize.ts";

const side = fc.integer({ min: 1, max: 60 });
const fit = fc.oneof(
	fc.constant<Fit>("stretch"),
	fc.integer({ min: 1, max: 80 }).map((shorterSide): Fit => ({ shorterSide })),
	fc.double({ min: 0.01, max: 1, noNaN: true }).map((centralFraction): Fit => ({ centralFraction })),
);

function prepared(pixels: Pixels, preparation: Partial<Preparation> & { size: number }): Uint8Array {
	const whole = { channels: pixels.channels, filter: "nearest", fit: "stretch", ...preparation } as const;
	const into = new Uint8Array(whole.size * whole.size * whole.channels).fill(99);
	prepare(pixels, whole, into);
	return into;
}

/** One channel; every pixel is its column's number, or its row's. */
function numbered(width: number, height: number, by: "column" | "row"): Pixels {
	const data = Uint8Array.from({ length: width * height }, (_, i) =>
		by === "column" ? i % width : Math.floor(i / width),
	);
	return { data, width, height, channels: 1 };
}

describe("prepare", () => {
	it("fills exactly its region, for any picture, filter and fit", () => {
		fc.assert(
			fc.property(
				fc.record({ width: side, height: side, channels: fc.integer({ min: 1, max: 4 }) }),
				fc.constantFrom(1, 3),
				side,
				fc.constantFrom(...filters),
				fit,
				({ width, height, channels }, wanted, size, filter, fit) => {
					const data = new Uint8Array(width * height * channels).fill(200);
					if (channels % 2 === 0) for (let i = channels - 1; i < data.length; i += channels) data[i] = 255;
					const memory = new Uint8Array(size * size * wanted + 20).fill(99);
					const region = memory.subarray(10, memory.length - 10);
					prepare({ data, width, height, channels }, { size, channels: wanted, filter, fit }, region);
					expect([...memory.subarray(0, 10), ...memory.subarray(-10)].every((byte) => byte === 99)).toBe(
						true,
					);
					// One color stays one color; zeros fill what a crop has outside the picture.
					const crops = typeof fit === "object" && "shorterSide" in fit && fit.shorterSide < size;
					expect(region.every((byte) => byte === 200 || (crops && byte === 0))).toBe(true);
				},
			),
			{ numRuns: 500 },
		);
	});

	it("stretches the whole picture", () => {
		expect([...prepared(numbered(4, 2, "column"), { size: 2 })]).toEqual([1, 3, 1, 3]);
	});

	it.each([
		// [width, size, first column]: round((width − size) / 2), halves to the even number
		[64, 24, 20],
		[65, 24, 20],
		[66, 24, 21],
		[67, 24, 22],
		[69, 24, 22],
	])("of %i columns cuts the middle %i from column %i on", (width, size, first) => {
		const columns = prepared(numbered(width, 32, "column"), { size, fit: { shorterSide: 32 } });
		expect([columns[0], columns[size - 1]]).toEqual([first, first + size - 1]);
		const rows = prepared(numbered(32, width, "row"), { size, fit: { shorterSide: 32 } });
		expect([rows[0], rows.at(-1)]).toEqual([first, first + size - 1]);
	});

	it("resizes the shorter side to its length and rounds the longer one down", () => {
		const data = Uint8Array.from({ length: 101 * 50 * 3 }, (_, i) => (i * 31) % 251);
		const source = { data, width: 101, height: 50, channels: 3 };
		const result = prepared(source, { size: 32, filter: "pillow-bilinear", fit: { shorterSide: 32 } });
		// 32 · 101 / 50 = 64.64 columns, 16 of 64 left of the middle 32
		const resized = resize(source, 64, 32, "pillow-bilinear");
		for (let y = 0; y < 32; y++) {
			const row = resized.data.subarray((y * 64 + 16) * 3, (y * 64 + 48) * 3);
			expect(result.subarray(y * 96, (y + 1) * 96)).toEqual(row);
		}
	});

	it("puts zeros around a picture that is smaller than the crop, the odd one right and below", () => {
		const source = { data: new Uint8Array([1, 2, 3, 4]), width: 2, height: 2, channels: 1 };
		expect([...prepared(source, { size: 5, fit: { shorterSide: 2 } })]).toEqual([
			0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		]);
		// Wider than the crop and lower than it.
		const wide = { data: new Uint8Array([1, 2, 3, 4, 5, 6]), width: 6, height: 1, channels: 1 };
		expect([...prepared(wide, { size: 2, fit: { shorterSide: 1 } })]).toEqual([3, 4, 0, 0]);
	});

	it.each([
		// [length, fraction, first]: ⌊(length − length · fraction) / 2⌋ before, as many after
		[16, 0.875, 1],
		[24, 0.875, 1],
		[32, 0.875, 2],
		[10, 0.5, 2],
	])("of %i pixels cuts the central %d from pixel %i on", (length, centralFraction, first) => {
		const size = length - 2 * first;
		const cut = prepared(numbered(length, length, "column"), { size, fit: { centralFraction } });
		expect([cut[0], cut[size - 1]]).toEqual([first, length - first - 1]);
	});

	it("spreads gray and mixes color to the network's channels", () => {
		const gray = { data: new Uint8Array([10, 20, 30, 40]), width: 2, height: 2, channels: 1 };
		expect([...prepared(gray, { size: 2, channels: 3 })]).toEqual([
			10, 10, 10, 20, 20, 20, 30, 30, 30, 40, 40, 40,
		]);
		const green = { data: new Uint8Array([0, 255, 0]), width: 1, height: 1, channels: 3 };
		expect([...prepared(green, { size: 1, channels: 1 })]).toEqual([Math.round(0.587 * 255)]);
		const glass = { data: new Uint8Array([0, 255, 0, 0]), width: 1, height: 1, channels: 4 };
		expect([...prepared(glass, { size: 1, channels: 1 })]).toEqual([255]);
		expect([...prepared(glass, { size: 1, channels: 3, alpha: "black" })]).toEqual([0, 0, 0]);
		expect([...prepared(glass, { size: 1, channels: 3, alpha: "drop" })]).toEqual([0, 255, 0]);
	});

	it("mixes gray before it resizes, as Python's convert and resize do", () => {
		// Half of pure blue and half of pure red: L rounds each (29 and 76), then the mean is taken.
		const source = { data: new Uint8Array([0, 0, 255, 255, 0, 0]), width: 2, height: 1, channels: 3 };
		expect([...prepared(source, { size: 1, channels: 1, filter: "pillow-bilinear" })]).toEqual([53]);
	});

	it("passes pixels through unchanged for networks of other channels", () => {
		const four = { data: new Uint8Array([1, 2, 3, 4]), width: 1, height: 1, channels: 4 };
		expect([...prepared(four, { size: 1, channels: 4 })]).toEqual([1, 2, 3, 4]);
		const six = { data: new Uint8Array([1, 2, 3, 4, 5, 6]), width: 1, height: 1, channels: 6 };
		expect([...prepared(six, { size: 1, channels: 6 })]).toEqual([1, 2, 3, 4, 5, 6]);
		expect(() => prepared(four, { size: 1, channels: 5 })).toThrow(
			"the network takes 5 channels and the picture has 4: pass raw pixels { data, width, height, channels: 5 }.",
		);
		expect(() => prepared(six, { size: 1, channels: 3 })).toThrow("takes 3 channels and the picture has 6");
	});

	it("takes a picture that is one pixel wide", () => {
		const thin = { data: new Uint8Array(100_000).fill(9), width: 1, height: 100_000, channels: 1 };
		for (const filter of filters)
			expect(prepared(thin, { size: 8, filter, fit: { shorterSide: 256 } }).every((byte) => byte === 9)).toBe(
				true,
			);
		expect(() => prepared(thin, { size: 8, fit: { shorterSide: 65536 } })).toThrow(
			"its longer side would be 6553600000",
		);
	});

	it("refuses a wrong region and wrong pixels", () => {
		const source = { data: new Uint8Array(3), width: 1, height: 1, channels: 3 };
		const usual = { size: 2, channels: 3, filter: "nearest", fit: "stretch" } as const;
		const into = new Uint8Array(12);
		expect(() => prepare(source, usual, new Uint8Array(11))).toThrow(
			"the region must have 12 bytes for 2×2 pixels of 3 channels, not 11",
		);
		expect(() => prepare({ ...source, width: 2 }, usual, into)).toThrow("data has 3");
	});
});
