import sharp from "sharp";
import { expect, it } from "vitest";
import type { Dataset } from "../data/dataset.ts";
import type { Pixels } from "../image/pixels.ts";
import { thumbnailsOf } from "./thumbnails.ts";

const datasetOf = (...pictures: readonly (Uint8Array | Pixels | Error)[]): Dataset => ({
	name: "photos",
	classes: [],
	labels: new Int32Array(pictures.length),
	nameOf: (index) => `${index}.jpg`,
	read: async (index) => {
		const picture = pictures[index]!;
		if (picture instanceof Error) throw picture;
		return picture;
	},
	close: async () => undefined,
});
/** Noise, which no format makes small; its mean is gray. */
const noise = (width: number, height: number): Pixels => ({
	data: Uint8Array.from(
		{ length: width * height * 3 },
		(_, i) => (Math.imul(i + 1, 2654435761) >>> 24) & 255,
	),
	width,
	height,
	channels: 3,
});
const fileOf = async (pixels: Pixels, format: "jpeg" | "png" | "tiff") =>
	new Uint8Array(
		await sharp(pixels.data, { raw: { width: pixels.width, height: pixels.height, channels: 3 } })
			.toFormat(format, format === "tiff" ? { compression: "none" } : {})
			.toBuffer(),
	);
const bytesOf = (url: string | undefined): Uint8Array => Buffer.from(url!.replace(/^[^,]*,/, ""), "base64");

it("small files are shown as they are", async () => {
	const jpeg = await fileOf(noise(64, 64), "jpeg");
	const images = await thumbnailsOf(datasetOf(jpeg), [0]);
	expect(images.get(0)).toMatch(/^data:image\/jpeg;base64,/);
	expect(new Uint8Array(bytesOf(images.get(0)))).toEqual(jpeg);
});

it("large files, and those that no browser shows, become PNG of 320 pixels at most", async () => {
	const pictures = [
		await fileOf(noise(640, 480), "jpeg"),
		await fileOf(noise(30, 20), "tiff"),
		noise(900, 1),
	];
	const images = await thumbnailsOf(datasetOf(...pictures), [0, 1, 2]);
	const sizes = [];
	for (const picture of [0, 1, 2]) {
		expect(images.get(picture)).toMatch(/^data:image\/png;base64,/);
		const { width, height } = await sharp(bytesOf(images.get(picture))).metadata();
		sizes.push([width, height]);
	}
	expect(sizes).toEqual([
		[320, 240],
		[30, 20],
		[320, 1],
	]);
	// A TIFF's pixels are the same as PNG.
	const { data } = await sharp(bytesOf(images.get(1)))
		.raw()
		.toBuffer({ resolveWithObject: true });
	expect(new Uint8Array(data)).toEqual(noise(30, 20).data);
});

it("what cannot be read is left out", async () => {
	const images = await thumbnailsOf(
		datasetOf(new Error("gone"), new Uint8Array([1, 2]), noise(2, 2)),
		[0, 1, 2],
	);
	expect([...images.keys()]).toEqual([2]);
});

it("stops when it is told to", async () => {
	const signal = AbortSignal.abort(new Error("enough"));
	await expect(thumbnailsOf(datasetOf(noise(2, 2)), [0], { signal })).rejects.toThrow("enough");
});
