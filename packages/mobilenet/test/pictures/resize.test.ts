/** Resizing against what Pillow 13 and TensorFlow 2.15 made of the same pictures. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { readSafetensors } from "../../src/formats/safetensors/safetensors.ts";
import type { Pixels } from "../../src/image/pixels.ts";
import { whole } from "../../src/image/resampling.ts";
import { resize } from "../../src/image/resize.ts";
import { resizeTensorflow, type TensorflowFilter } from "../../src/image/resize-tensorflow.ts";
import type { Tensor } from "../../src/weights/tensor.ts";
import { describeWithShared, shared } from "../support/shared.ts";

const pillow = { pillow_bilinear: "pillow-bilinear", pillow_bicubic: "pillow-bicubic" } as const;
const tensorflow: Record<string, TensorflowFilter> = {
	tensorflow_half_pixel: "tf-bilinear",
	tensorflow_legacy: "tf-bilinear-legacy",
	tensorflow_align_corners: "tf-bilinear-align-corners",
};

describeWithShared("resizing equals", ["golden/resize.safetensors"], () => {
	const golden = readSafetensors(readFileSync(shared("golden/resize.safetensors")), "resize.safetensors");
	const cases = JSON.parse(golden.metadata.cases!) as string[];

	it("has all 69 cases", () => expect(cases.length).toBe(69));

	it.each(cases)("%s", (name) => {
		const [method, picture, size] = name.split(".") as [string, string, string];
		const [width, height] = size.split("x").map(Number) as [number, number];
		const expected = golden.tensors.get(name)!;
		const source = pixelsOf(golden.tensors.get(`source.${picture}`)!);
		if (method in pillow) {
			const result = resize(source, width, height, pillow[method as keyof typeof pillow]);
			expect(differing(result.data, expected.data)).toBe(0);
		} else {
			const filter = tensorflow[method]!;
			const result = new Float32Array(width * height * source.channels);
			const box = whole(source.width, source.height);
			resizeTensorflow({ source, box, width, height, window: whole(width, height) }, filter, result);
			expect(differing(result, expected.data)).toBe(0);
			// As bytes: the same, rounded.
			const bytes = resize(source, width, height, filter).data;
			expect(bytes.every((byte, i) => Math.abs(byte - expected.data[i]!) <= 0.5)).toBe(true);
		}
	});
});

function pixelsOf({ shape, data }: Tensor): Pixels {
	const [height, width, channels] = shape as [number, number, number];
	return { data: data as Uint8Array, width, height, channels };
}

/** How many numbers differ at all. */
function differing(ours: ArrayLike<number>, theirs: ArrayLike<number>): number {
	expect(ours.length).toBe(theirs.length);
	let count = 0;
	for (let i = 0; i < ours.length; i++) if (ours[i] !== theirs[i]) count++;
	return count;
}
