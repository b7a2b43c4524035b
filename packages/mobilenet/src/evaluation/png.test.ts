import fc from "fast-check";
import sharp from "sharp";
import { expect, it } from "vitest";
import { encodePng } from "./png.ts";

it("a PNG file holds the pixels that it was made of, as libpng reads them", async () => {
	const pixels = fc
		.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), fc.constantFrom(1, 2, 3, 4))
		.chain(([width, height, channels]) => {
			const length = width * height * channels;
			return fc
				.uint8Array({ minLength: length, maxLength: length })
				.map((data) => ({ data, width, height, channels }));
		});
	await fc.assert(
		fc.asyncProperty(pixels, async (given) => {
			const { width, height, channels } = given;
			const file = encodePng(given);
			expect(await sharp(file).metadata()).toMatchObject({ format: "png", width, height, channels });
			// sharp gives gray as red, green and blue.
			const spread = channels > 2 ? 1 : 3;
			const expected = Array.from({ length: width * height }, (_, i) => {
				const pixel = given.data.subarray(i * channels, (i + 1) * channels);
				return [...new Array<number>(spread).fill(pixel[0]!), ...pixel.subarray(1)];
			}).flat();
			expect([...(await sharp(file).raw().toBuffer())]).toEqual(expected);
		}),
		{ numRuns: 60 },
	);
});

it("has the bytes of the specification's parts: signature, checksum of the end", () => {
	const file = encodePng({ data: Uint8Array.of(7), width: 1, height: 1, channels: 1 });
	expect([...file.subarray(0, 8)]).toEqual([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
	expect([...file.subarray(-12)]).toEqual([0, 0, 0, 0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82]);
});

it("is refused for pixels that are none, or of more channels than PNG knows", () => {
	const pixels = (bytes: number, channels: number) => ({
		data: new Uint8Array(bytes),
		width: 1,
		height: 1,
		channels,
	});
	expect(() => encodePng(pixels(2, 3))).toThrow(/need 3 bytes/);
	expect(() => encodePng(pixels(5, 5))).toThrow("a PNG file has 1 to 4 channels, not 5.");
});
