/** Decoding in browsers, with sharp in place of the browser's two functions: how they are called, and what becomes of their results. */
import sharp from "sharp";
import { afterEach, describe, expect, it, vi } from "vitest";
import { decode } from "./decode.default.ts";
import { pixelsOfDrawable } from "./drawable.ts";

const file = await sharp(Uint8Array.of(10, 20, 30, 255, 100, 50, 0, 51), {
	raw: { width: 2, height: 1, channels: 4 },
})
	.png()
	.toBuffer();

interface Bitmap {
	width: number;
	height: number;
	data: Uint8ClampedArray;
	close(): void;
}

/** A browser that decodes what sharp decodes. */
function browser(): { asked: unknown[]; open: Set<Bitmap> } {
	const seen = { asked: [] as unknown[], open: new Set<Bitmap>() };
	vi.stubGlobal("createImageBitmap", async (blob: Blob, options: unknown): Promise<Bitmap> => {
		seen.asked.push(options);
		const { data, info } = await sharp(await blob.arrayBuffer())
			.ensureAlpha()
			.raw()
			.toBuffer({ resolveWithObject: true });
		const bitmap = {
			width: info.width,
			height: info.height,
			data: new Uint8ClampedArray(data),
			close: () => seen.open.delete(bitmap),
		};
		seen.open.add(bitmap);
		return bitmap;
	});
	vi.stubGlobal(
		"OffscreenCanvas",
		class {
			getContext(): unknown {
				let drawn: Bitmap | undefined;
				return {
					drawImage: (bitmap: Bitmap) => {
						drawn = bitmap;
					},
					getImageData: () => ({ data: drawn?.data }),
				};
			}
		},
	);
	return seen;
}

describe("decode in browsers", () => {
	afterEach(() => vi.unstubAllGlobals());

	it("asks for the colors as they are in the file, and gives RGB on white", async () => {
		const { asked, open } = browser();
		const pixels = await decode(file, { name: "photo.png" });
		expect(pixels).toEqual({
			data: Uint8Array.of(10, 20, 30, 224, 214, 204),
			width: 2,
			height: 1,
			channels: 3,
		});
		expect(asked).toEqual([
			{ colorSpaceConversion: "none", premultiplyAlpha: "none", imageOrientation: "from-image" },
		]);
		expect(open.size).toBe(0);
	});

	it("refuses what the browser refuses, in one sentence", async () => {
		browser();
		await expect(decode(file.subarray(0, 40), { name: "photo.png" })).rejects.toMatchObject({
			code: "picture",
			message: expect.stringMatching(
				/^photo\.png cannot be decoded as PNG \(.*\): it is damaged, or [^\n]*\.$/,
			),
		});
		await expect(decode(Buffer.from("text"), { name: "photo.png" })).rejects.toThrow("is not a picture");
		await expect(decode(new Uint8Array(0), { name: "photo.png" })).rejects.toThrow("photo.png is empty");
	});

	it("stops for an abort signal and closes what it opened", async () => {
		const { open } = browser();
		const controller = new AbortController();
		const reading = decode(file, { name: "photo.png", signal: controller.signal });
		controller.abort(new Error("enough"));
		await expect(reading).rejects.toThrow("enough");
		expect(open.size).toBe(0);
	});

	it("gives what a canvas draws, with its transparency", () => {
		browser();
		const data = Uint8ClampedArray.of(1, 2, 3, 4, 5, 6, 7, 8);
		const bitmap = { width: 2, height: 1, data, close: () => undefined };
		expect(pixelsOfDrawable(bitmap)).toEqual({ data, width: 2, height: 1, channels: 4 });
	});

	it("draws nothing that is not there, and says why", () => {
		browser();
		for (const nothing of [
			{ width: 0, height: 0, close: () => undefined },
			{ videoWidth: 640, videoHeight: 480, readyState: 1 },
			{ naturalWidth: 0, naturalHeight: 0 },
		])
			expect(() => pixelsOfDrawable(nothing)).toThrow(/^the picture has no pixels: .*\.$/);
		expect(() => pixelsOfDrawable({ displayWidth: 2e4, displayHeight: 2e4, close: () => undefined })).toThrow(
			/^the picture has 20000×20000 pixels, .*\.$/,
		);
		vi.unstubAllGlobals();
		expect(() => pixelsOfDrawable({ width: 1, height: 1, close: () => undefined })).toThrow(
			/^the picture cannot be drawn here: this runtime has no OffscreenCanvas; .*\.$/,
		);
	});

	it("says if the runtime has no decoder", async () => {
		await expect(decode(file, { name: "photo.png" })).rejects.toMatchObject({
			code: "unsupported",
			message:
				"photo.png cannot be decoded: this runtime lacks createImageBitmap or OffscreenCanvas; pass raw pixels { data, width, height, channels }.",
		});
	});
});
