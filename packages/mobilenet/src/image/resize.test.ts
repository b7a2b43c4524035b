import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { filters } from "../weights/preprocessing.ts";
import type { Pixels } from "./pixels.ts";
import { type Rectangle, whole } from "./resampling.ts";
import { resize, resizeInto } from "./resize.ts";

const side = fc.integer({ min: 1, max: 40 });
const filter = fc.constantFrom(...filters);

/** Pictures of 1 to 4 channels, a part of them as the box, another size, and a part of that as the window. */
const resamplings = fc
	.record({
		width: side,
		height: side,
		channels: fc.integer({ min: 1, max: 4 }),
		newWidth: side,
		newHeight: side,
	})
	.chain(({ width, height, channels, newWidth, newHeight }) =>
		fc.record({
			source: fc
				.uint8Array({ minLength: width * height * channels, maxLength: width * height * channels })
				.map((data) => ({ data, width, height, channels })),
			box: rectangleIn(width, height),
			width: fc.constant(newWidth),
			height: fc.constant(newHeight),
			window: rectangleIn(newWidth, newHeight),
		}),
	);

function rectangleIn(width: number, height: number): fc.Arbitrary<Rectangle> {
	const part = (length: number) =>
		fc.tuple(fc.nat(length - 1), fc.nat(length - 1)).map(([a, b]) => [Math.min(a, b), Math.abs(a - b) + 1]);
	return fc.tuple(part(width), part(height)).map(([across, down]) => ({
		left: across[0]!,
		width: across[1]!,
		top: down[0]!,
		height: down[1]!,
	}));
}

function crop({ data, width, channels }: Pixels, part: Rectangle): Pixels {
	const bytes: number[] = [];
	for (let y = part.top; y < part.top + part.height; y++)
		bytes.push(
			...data.subarray((y * width + part.left) * channels, (y * width + part.left + part.width) * channels),
		);
	return { data: Uint8Array.from(bytes), width: part.width, height: part.height, channels };
}

describe("resize", () => {
	it("never writes outside its window, which equals that part of the full result", () => {
		fc.assert(
			fc.property(resamplings, filter, (resampling, filter) => {
				const { source, box, width, height, window } = resampling;
				const length = window.width * window.height * source.channels;
				const memory = new Uint8Array(length + 20).fill(99);
				resizeInto(resampling, filter, memory.subarray(10, 10 + length));
				const [before, after] = [memory.subarray(0, 10), memory.subarray(10 + length)];
				expect([...before, ...after].every((byte) => byte === 99)).toBe(true);
				const all = resize(crop(source, box), width, height, filter);
				expect(memory.subarray(10, 10 + length)).toEqual(crop(all, window).data);
			}),
			{ numRuns: 500 },
		);
	});

	it("keeps a picture of one color", () => {
		const color = fc.uint8Array({ minLength: 1, maxLength: 4 });
		fc.assert(
			fc.property(
				color,
				side,
				side,
				side,
				side,
				filter,
				(color, width, height, newWidth, newHeight, filter) => {
					const repeated = (pixels: number): Uint8Array =>
						Uint8Array.from({ length: pixels * color.length }, (_, i) => color[i % color.length]!);
					const source = { data: repeated(width * height), width, height, channels: color.length };
					const result = resize(source, newWidth, newHeight, filter);
					expect(result.data).toEqual(repeated(newWidth * newHeight));
				},
			),
			{ numRuns: 500 },
		);
	});

	it.each(filters)("%s returns the same picture in the same size", (filter) => {
		const source = {
			data: Uint8Array.from({ length: 105 }, (_, i) => (i * 37) % 256),
			width: 7,
			height: 5,
			channels: 3,
		};
		expect(resize(source, 7, 5, filter)).toEqual(source);
	});

	it("takes the pixel under the center with nearest", () => {
		const source = { data: Uint8Array.from([0, 10, 20, 30, 40, 50]), width: 6, height: 1, channels: 1 };
		expect([...resize(source, 2, 1, "nearest").data]).toEqual([10, 40]);
		expect([...resize(source, 3, 2, "nearest").data]).toEqual([10, 30, 50, 10, 30, 50]);
		expect([...resize(source, 12, 1, "nearest").data]).toEqual([
			0, 0, 10, 10, 20, 20, 30, 30, 40, 40, 50, 50,
		]);
	});

	it("shrinks a very long picture", () => {
		const source = { data: new Uint8Array(200_000).fill(7), width: 200_000, height: 1, channels: 1 };
		for (const filter of filters) expect([...resize(source, 2, 2, filter).data]).toEqual([7, 7, 7, 7]);
	});

	it("reads a Uint8ClampedArray", () => {
		const data = Uint8ClampedArray.from({ length: 48 }, (_, i) => i * 5);
		const clamped = resize({ data, width: 4, height: 4, channels: 3 }, 3, 2, "pillow-bicubic");
		const plain = resize(
			{ data: new Uint8Array(data), width: 4, height: 4, channels: 3 },
			3,
			2,
			"pillow-bicubic",
		);
		expect(clamped).toEqual(plain);
	});

	it("refuses what it cannot do", () => {
		const source = { data: new Uint8Array(4), width: 2, height: 2, channels: 1 };
		expect(() => resize(source, 0, 5, "nearest")).toThrow("cannot resize to a width of 0");
		expect(() => resize(source, 5, 2.5, "nearest")).toThrow("cannot resize to a height of 2.5");
		expect(() => resize(source, 5, 5, "lanczos" as "nearest")).toThrow(
			/^filter must be one of pillow-bilinear, .*, not "lanczos"\.$/,
		);
		expect(() => resize({ ...source, width: 3 }, 5, 5, "nearest")).toThrow("data has 4");
		expect(whole(3, 4)).toEqual({ left: 0, top: 0, width: 3, height: 4 });
	});
});
