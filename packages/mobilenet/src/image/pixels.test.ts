import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkPixels, cmykToRgb, flatten, type Pixels, rgbToGray, spreadGray } from "./pixels.ts";

const byte = fc.integer({ min: 0, max: 255 });

function onePixel(...data: number[]): Pixels {
	return { data: Uint8Array.from(data), width: 1, height: 1, channels: data.length };
}

describe("checkPixels", () => {
	const good = { data: new Uint8Array(12), width: 2, height: 2, channels: 3 };

	it("takes pixels of any number of channels", () => {
		for (const channels of [1, 2, 3, 4, 7])
			checkPixels({ data: new Uint8ClampedArray(2 * channels), width: 2, height: 1, channels });
	});

	it.each([
		[undefined, "received undefined"],
		[null, "received null"],
		["photo.jpg", 'received "photo.jpg"'],
		[{ ...good, data: [1, 2, 3] }, "not Array"],
		[{ ...good, data: new Float32Array(12) }, "not Float32Array"],
		[{ ...good, data: undefined }, "not undefined"],
		[{ ...good, width: 0 }, "width must be a whole number above 0, not 0"],
		[{ ...good, width: -2, height: -2 }, "width"],
		[{ ...good, height: 1.5 }, "height must be a whole number above 0, not 1.5"],
		[{ ...good, height: Number.NaN }, "height"],
		[{ ...good, channels: "3" }, 'channels must be a whole number above 0, not "3"'],
		[{ data: good.data, width: 2, height: 2 }, "channels"],
		[{ ...good, width: 3 }, "3×2 pixels of 3 channels need 18 bytes, but data has 12"],
		[{ ...good, channels: 1 }, "2×2 pixels of 1 channel need 4 bytes, but data has 12"],
	])("refuses %o", (pixels, message) => {
		expect(() => checkPixels(pixels, "raw.rgb")).toThrow(
			expect.objectContaining({
				code: "picture",
				message: expect.stringMatching(/^raw\.rgb: .*; raw pixels are .*\.$/),
			}),
		);
		expect(() => checkPixels(pixels)).toThrow(message);
	});
});

describe("gray and color", () => {
	it("weighs colors as ITU-R 601 does", () => {
		fc.assert(
			fc.property(byte, byte, byte, (red, green, blue) => {
				const [gray] = rgbToGray(onePixel(red, green, blue)).data;
				expect(Math.abs(gray! - (0.299 * red + 0.587 * green + 0.114 * blue))).toBeLessThanOrEqual(0.51);
			}),
		);
	});

	it("keeps gray unchanged through RGB and back", () => {
		const gray = { data: Uint8Array.from({ length: 256 }, (_, i) => i), width: 16, height: 16, channels: 1 };
		const data = new Uint8Array(768);
		data.set(gray.data);
		spreadGray(data);
		expect([...data.subarray(3, 9)]).toEqual([1, 1, 1, 2, 2, 2]);
		expect(rgbToGray({ ...gray, data, channels: 3 })).toEqual(gray);
	});
});

describe("flatten", () => {
	it("lays colors on the background in the share of their opacity", () => {
		fc.assert(
			fc.property(byte, byte, (value, opacity) => {
				const under = onePixel(value, opacity);
				const white = (value * opacity + 255 * (255 - opacity)) / 255;
				expect(flatten(under, "white").data[0]).toBe(Math.round(white));
				expect(flatten(under, "black").data[0]).toBe(Math.round((value * opacity) / 255));
				expect(flatten(under, "drop").data[0]).toBe(value);
			}),
		);
	});

	it("lays on white by default", () => {
		expect([...flatten(onePixel(10, 20, 30, 0)).data]).toEqual([255, 255, 255]);
		expect([...flatten(onePixel(10, 20, 30, 255)).data]).toEqual([10, 20, 30]);
	});

	it("returns opaque pixels as they are", () => {
		for (const pixels of [onePixel(1), onePixel(1, 2, 3)]) expect(flatten(pixels)).toBe(pixels);
	});

	it("refuses another word", () => {
		expect(() => flatten(onePixel(1, 2), "gray" as "white")).toThrow(
			'alpha must be white, black, drop, not "gray".',
		);
	});
});

describe("cmykToRgb", () => {
	it("treats ink as missing light", () => {
		fc.assert(
			fc.property(byte, byte, byte, byte, (...ink) => {
				const [cyan, magenta, yellow, black] = ink;
				const light = (color: number): number => ((255 - color) * (255 - black)) / 255;
				const [red, green, blue] = cmykToRgb(onePixel(...ink)).data;
				expect(Math.abs(red! - light(cyan))).toBeLessThanOrEqual(0.5);
				expect(Math.abs(green! - light(magenta))).toBeLessThanOrEqual(0.5);
				expect(Math.abs(blue! - light(yellow))).toBeLessThanOrEqual(0.5);
			}),
		);
	});
});
