/** Pictures made by the tests: which are decoded, to which pixels, and which are refused in one sentence. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { crc32, deflateSync } from "node:zlib";
import fc from "fast-check";
import sharp, { type Sharp } from "sharp";
import { describe, expect, it } from "vitest";
import { decode } from "./decode.node.ts";

const [width, height] = [24, 16];
const noise = (channels: number): Uint8Array =>
	Uint8Array.from({ length: width * height * channels }, (_, i) => (i * i * 7 + i * 31) % 256);

function picture(channels: 3 | 4, data = noise(channels)): Sharp {
	return sharp(data, { raw: { width, height, channels } });
}

const encoders = {
	jpeg: (picture: Sharp) => picture.jpeg(),
	"progressive jpeg": (picture: Sharp) => picture.jpeg({ progressive: true }),
	png: (picture: Sharp) => picture.png(),
	webp: (picture: Sharp) => picture.webp(),
	gif: (picture: Sharp) => picture.gif(),
	tiff: (picture: Sharp) => picture.tiff(),
	avif: (picture: Sharp) => picture.avif({ effort: 0 }),
};

/** A PNG from scratch: `rows` are the scan lines, without the filter byte. */
function png(
	[width, height, depth, colorType]: readonly number[],
	rows: Uint8Array,
	...others: readonly [type: string, data: Uint8Array][]
): Uint8Array {
	const chunk = (type: string, data: Uint8Array): Buffer => {
		const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
		const frame = Buffer.alloc(body.length + 8);
		frame.writeUInt32BE(data.length);
		body.copy(frame, 4);
		frame.writeUInt32BE(crc32(body), body.length + 4);
		return frame;
	};
	const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, depth!, colorType!, 0, 0, 0]);
	header.writeUInt32BE(width!, 0);
	header.writeUInt32BE(height!, 4);
	const length = rows.length / height!;
	const lines = Buffer.alloc(rows.length + height!);
	for (let y = 0; y < height!; y++)
		lines.set(rows.subarray(y * length, (y + 1) * length), y * (length + 1) + 1);
	return Buffer.concat([
		Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
		chunk("IHDR", header),
		...others.map(([type, data]) => chunk(type, data)),
		chunk("IDAT", deflateSync(lines)),
		chunk("IEND", new Uint8Array(0)),
	]);
}

const read = (bytes: Uint8Array, options: Partial<Parameters<typeof decode>[1]> = {}) =>
	decode(bytes, { name: "photo", ...options });

/** Expects that a file is refused in one line that names it. */
async function refused(bytes: Uint8Array, message: string | RegExp): Promise<void> {
	const error = await read(bytes).then(
		() => expect.fail("it was read"),
		(error: unknown) => error,
	);
	expect(error).toMatchObject({ name: "MobileNetError", code: "picture" });
	expect((error as Error).message).toMatch(/^photo (is|has|cannot) [^\n]*[^.]\.$/);
	expect((error as Error).message).toMatch(message);
}

describe("decode", () => {
	it.each(Object.entries(encoders))("reads %s", async (_, encode) => {
		const pixels = await read(
			await encode(picture(3, new Uint8Array(width * height * 3).fill(200))).toBuffer(),
		);
		expect(pixels).toMatchObject({ width, height, channels: 3 });
		expect(pixels.data.every((byte) => Math.abs(byte - 200) <= 3)).toBe(true);
	});

	it.each([
		["png", encoders.png],
		["tiff", (picture: Sharp) => picture.tiff({ compression: "lzw" })],
		["webp", (picture: Sharp) => picture.webp({ lossless: true })],
	])("reads the very bytes of a lossless %s", async (_, encode) => {
		expect((await read(await encode(picture(3)).toBuffer())).data).toEqual(noise(3));
	});

	it("reads a picture of one pixel", async () => {
		const pixels = await read(png([1, 1, 8, 2], Uint8Array.of(1, 2, 3)));
		expect(pixels).toEqual({ data: Uint8Array.of(1, 2, 3), width: 1, height: 1, channels: 3 });
	});

	it("reads the first frame of several", async () => {
		const frame = (color: readonly number[]): Promise<Buffer> =>
			picture(
				3,
				Uint8Array.from({ length: width * height * 3 }, (_, i) => color[i % 3]!),
			)
				.png()
				.toBuffer();
		const frames = sharp([await frame([255, 0, 0]), await frame([0, 0, 255])], { join: { animated: true } });
		for (const animation of [frames.clone().gif(), frames.clone().webp({ lossless: true })]) {
			const file = await animation.toBuffer();
			expect((await sharp(file).metadata()).pages).toBe(2);
			const pixels = await read(file);
			expect([pixels.width, pixels.height]).toEqual([width, height]);
			expect([...pixels.data.subarray(0, 3)]).toEqual([255, 0, 0]);
		}
	});

	it("keeps gray in one channel, at any depth", async () => {
		expect(await read(png([4, 1, 8, 0], Uint8Array.of(0, 50, 100, 255)))).toMatchObject({
			channels: 1,
			data: Uint8Array.of(0, 50, 100, 255),
		});
		// 1 and 4 bits also range from black to white.
		expect((await read(png([4, 1, 1, 0], Uint8Array.of(0b01010000)))).data).toEqual(
			Uint8Array.of(0, 255, 0, 255),
		);
		expect((await read(png([2, 1, 4, 0], Uint8Array.of(0x3f)))).data).toEqual(Uint8Array.of(0x33, 255));
	});

	it("cuts 16 bits to the upper 8", async () => {
		const gray = await read(png([3, 1, 16, 0], Uint8Array.of(0x12, 0xff, 0x7f, 0x80, 0xff, 0x00)));
		expect([...gray.data].filter((_, i) => i % gray.channels === 0)).toEqual([0x12, 0x7f, 0xff]);
		const rgb = await read(png([1, 1, 16, 2], Uint8Array.of(0x12, 0xff, 0x7f, 0x80, 0xff, 0x00)));
		expect([...rgb.data]).toEqual([0x12, 0x7f, 0xff]);
	});

	it("lays transparency on white, on black, or drops it", async () => {
		const file = png([2, 1, 8, 6], Uint8Array.of(10, 20, 30, 0, 100, 50, 0, 51));
		const seen = async (alpha?: "white" | "black" | "drop") => [...(await read(file, { alpha })).data];
		// 51 is a fifth: a fifth of the color and four fifths of the background.
		expect(await seen()).toEqual([255, 255, 255, 224, 214, 204]);
		expect(await seen("white")).toEqual(await seen());
		expect(await seen("black")).toEqual([0, 0, 0, 20, 10, 0]);
		expect(await seen("drop")).toEqual([10, 20, 30, 100, 50, 0]);
		const gray = await read(png([2, 1, 8, 4], Uint8Array.of(77, 255, 77, 0)));
		expect([...gray.data].filter((_, i) => i % gray.channels === 0)).toEqual([77, 255]);
	});

	it("ignores a color profile, as Pillow does", async () => {
		const tagged = await picture(3).withIccProfile("p3").png().toBuffer();
		const profile = (await sharp(tagged).metadata()).icc!;
		const name = Buffer.from("Display P3\0\0", "latin1");
		const file = png([width, height, 8, 2], noise(3), ["iCCP", Buffer.concat([name, deflateSync(profile)])]);
		expect((await sharp(file).metadata()).hasProfile).toBe(true);
		// A reader that applies the profile sees other colors, so the profile has an effect.
		expect(new Uint8Array(await sharp(file).raw().toBuffer())).not.toEqual(noise(3));
		expect((await read(file)).data).toEqual(noise(3));
	});

	it("turns a picture upright as its EXIF orientation says", async () => {
		// 6: what is stored must be turned by 90° clockwise, so the first column, from below, becomes the first row.
		const file = await picture(3).withMetadata({ orientation: 6 }).png().toBuffer();
		const pixels = await read(file);
		expect([pixels.width, pixels.height]).toEqual([height, width]);
		const stored = noise(3);
		const lowerLeft = (height - 1) * width * 3;
		expect([...pixels.data.subarray(0, 3)]).toEqual([...stored.subarray(lowerLeft, lowerLeft + 3)]);
	});

	it("takes a view into a larger buffer", async () => {
		const file = png([1, 1, 8, 2], Uint8Array.of(1, 2, 3));
		const buffer = new Uint8Array(file.length + 20);
		buffer.set(file, 10);
		expect((await read(buffer.subarray(10, 10 + file.length))).data).toEqual(Uint8Array.of(1, 2, 3));
	});

	it("stops for an abort signal", async () => {
		const file = png([1, 1, 8, 2], Uint8Array.of(1, 2, 3));
		await expect(read(file, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: "AbortError" });
		const controller = new AbortController();
		const reading = read(file, { signal: controller.signal });
		controller.abort(new Error("enough"));
		await expect(reading).rejects.toThrow("enough");
	});
});

describe("decode refuses", () => {
	it("an empty file", () => refused(new Uint8Array(0), "photo is empty"));

	it.each([
		["text", "This is no picture."],
		["SVG", '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>'],
		["the letters BM", "BMW makes cars"],
		["one byte", "\xff"],
	])("%s", (_, text) =>
		refused(Buffer.from(text, "latin1"), "is not a picture in a supported format: it begins with"),
	);

	it.each([
		["HEIC", Buffer.from("\0\0\0\x18ftypheic\0\0\0\0mif1heic", "latin1")],
		["BMP", Buffer.from("BM\x3a\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x01\0\0\0\x01\0\0\0", "latin1")],
	])("%s, with advice", (format, bytes) =>
		refused(bytes, `photo is a ${format} file, which is not supported: convert it to JPEG or PNG.`),
	);

	it.each(Object.entries(encoders))("%s cut short", async (_, encode) => {
		const file = await encode(picture(3)).toBuffer();
		for (const share of [0.3, 0.6, 0.9])
			await refused(file.subarray(0, Math.floor(file.length * share)), /cut short/);
	});

	it("a JPEG without its last byte", async () => {
		const file = await picture(3).jpeg().toBuffer();
		await refused(file.subarray(0, -1), "photo cannot be decoded as JPEG");
	});

	it("a decompression bomb, before there is memory for it", async () => {
		// 400 million pixels of one bit in 50 KB
		const bomb = png([20_000, 20_000, 1, 0], new Uint8Array(20_000 * 2500));
		expect(bomb.length).toBeLessThan(100_000);
		await refused(bomb, "photo has 20000×20000 pixels, 400 million, but at most 268 million are supported");
	});

	it("pixels that are not whole numbers", () => {
		// A TIFF of one gray pixel: tags of width, height, bits, compression, photometric interpretation, place,
		// samples, rows and bytes of the strip, and sample format: 3, floating point.
		const tags = [256, 1, 257, 1, 258, 32, 259, 1, 262, 1, 273, 134, 277, 1, 278, 1, 279, 4, 339, 3];
		const file = Buffer.alloc(138);
		file.write("II*\0\x08\0\0\0\x0a", "latin1");
		for (let i = 0; i < 10; i++) {
			file.writeUInt16LE(tags[2 * i]!, 10 + 12 * i);
			file.writeUInt16LE(3, 12 + 12 * i);
			file.writeUInt32LE(1, 14 + 12 * i);
			file.writeUInt16LE(tags[2 * i + 1]!, 18 + 12 * i);
		}
		file.writeFloatLE(0.5, 134);
		return refused(file, "photo has pixels of type float: expected 8 or 16 bits per channel");
	});

	it("noise behind any signature", { timeout: 60_000 }, async () => {
		const files = await Promise.all(Object.values(encoders).map((encode) => encode(picture(3)).toBuffer()));
		await fc.assert(
			fc.asyncProperty(
				fc.constantFrom(...files),
				fc.uint8Array({ minLength: 1, maxLength: 200 }),
				fc.nat(),
				async (file, bytes, at) => {
					const broken = Uint8Array.from(file);
					broken.set(
						bytes.subarray(0, broken.length - 16),
						16 + (at % Math.max(broken.length - 16 - bytes.length, 1)),
					);
					// Some damage cannot be detected, and then there are pixels.
					const pixels = await read(broken).catch((error: unknown) => error);
					if (pixels instanceof Error)
						expect(pixels).toMatchObject({ name: "MobileNetError", code: "picture" });
					else expect(pixels).toMatchObject({ data: expect.any(Uint8Array) });
				},
			),
			{ numRuns: 200 },
		);
	});

	it("everything where sharp is not installed, in one sentence", () => {
		// Only the sources, in a folder from which no package can be found.
		const folder = mkdtempSync(join(tmpdir(), "mobilenet-"));
		try {
			for (const room of ["base", "image"])
				cpSync(fileURLToPath(new URL(`../${room}`, import.meta.url)), join(folder, room), {
					recursive: true,
				});
			const script = `
				const { decode } = await import(${JSON.stringify(pathToFileURL(join(folder, "image/decode.node.ts")).href)});
				decode(Uint8Array.of(0xff, 0xd8, 0xff, 0xe0), { name: "photo.jpg" })
					.catch((error) => console.log(JSON.stringify([error.code, error.message])));`;
			const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
				encoding: "utf8",
				cwd: folder,
			});
			expect(stderr).toBe("");
			expect(JSON.parse(stdout)).toEqual([
				"unsupported",
				'photo.jpg cannot be decoded without the package sharp (it is not installed): run "npm install sharp", or pass raw pixels { data, width, height, channels }.',
			]);
		} finally {
			rmSync(folder, { recursive: true });
		}
	});
});
