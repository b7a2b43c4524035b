/** Real photographs from their files: decoded and resized as Pillow does it, and turned upright. */

import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { readSafetensors } from "../../src/formats/safetensors/safetensors.ts";
import { decode } from "../../src/image/decode.node.ts";
import { prepare } from "../../src/image/fit.ts";
import type { Pixels } from "../../src/image/pixels.ts";
import { describeWithShared, shared } from "../support/shared.ts";

const photos = "data/photos";
const pixels = "golden/imagenet/pixels.safetensors";

describeWithShared("the twelve photographs", [photos, pixels], () => {
	const golden = readSafetensors(readFileSync(shared(pixels)), pixels);
	const names = JSON.parse(golden.metadata.files!) as string[];
	const sizes = [224, 160, 128, 96];

	describe.each(names)("%s", (name) => {
		it("comes out as Pillow's pixels", async () => {
			const photo = await decodeShared(`${photos}/${name}`);
			for (const size of sizes) {
				const bytes = new Uint8Array(size * size * 3);
				prepare(photo, { size, channels: 3, filter: "pillow-bilinear", fit: "stretch" }, bytes);
				const all = golden.tensors.get(`pixels_${size}`)!.data as Uint8Array;
				const start = names.indexOf(name) * bytes.length;
				const { most, mean } = difference(bytes, all.subarray(start, start + bytes.length));
				expect(most).toBeLessThanOrEqual(2);
				expect(mean).toBeLessThanOrEqual(0.05);
			}
		});
	});

	it("keeps a gray photograph in one channel", async () => {
		expect((await decodeShared(`${photos}/tripod_grey.png`)).channels).toBe(1);
	});
});

describeWithShared("EXIF orientation", [`${photos}/orientation`], () => {
	const orientations = [1, 2, 3, 4, 5, 6, 7, 8];
	const macaw = (orientation: number): Promise<Pixels> =>
		decodeShared(`${photos}/orientation/macaw_${orientation}.jpg`);

	it.each(orientations)("%i comes out upright and like the others", async (orientation) => {
		const [upright, turned] = [await macaw(1), await macaw(orientation)];
		expect([turned.width, turned.height]).toEqual([282, 512]);
		// Each differs from the picture before JPEG by a mean of about 4, so two of them by 8 at most.
		expect(difference(turned.data, upright.data).mean).toBeLessThan(8);
		expect(difference(mirrored(turned), upright.data).mean).toBeGreaterThan(20);
	});

	it("shows a camera's own picture on its long side", async () => {
		const { width, height } = await decodeShared(`${photos}/orientation/street_lamp_6.jpg`);
		expect([width, height]).toEqual([768, 1024]);
	});
});

async function decodeShared(path: string): Promise<Pixels> {
	return decode(await readFile(shared(path)), { name: path });
}

function difference(a: ArrayLike<number>, b: ArrayLike<number>): { most: number; mean: number } {
	expect(a.length).toBe(b.length);
	let most = 0;
	let sum = 0;
	for (let i = 0; i < a.length; i++) {
		const apart = Math.abs(a[i]! - b[i]!);
		most = Math.max(most, apart);
		sum += apart;
	}
	return { most, mean: sum / a.length };
}

/** Left and right exchanged. */
function mirrored({ data, width, height, channels }: Pixels): Uint8Array {
	const result = new Uint8Array(data.length);
	for (let y = 0; y < height; y++)
		for (let x = 0; x < width; x++)
			for (let c = 0; c < channels; c++)
				result[(y * width + x) * channels + c] = data[(y * width + width - 1 - x) * channels + c]!;
	return result;
}
