import { describe, expect, it } from "vitest";
import type { Progress } from "../base/progress.ts";
import type { Dataset } from "../data/dataset.ts";
import { datasetOf } from "../data/memory.ts";
import type { Pixels } from "../image/pixels.ts";
import { MobileNet } from "../model/mobilenet.ts";
import { embeddingsOf, mirrored } from "./embeddings.ts";

const small = { alpha: 0.25, size: 32, classes: 4 } as const;
/** Pictures of noise, each of its own size. */
const pictures = Array.from({ length: 6 }, (_, n): Pixels => {
	const [width, height] = [33 + n, 40 - n];
	const data = Uint8Array.from(
		{ length: width * height * 3 },
		(_, i) => (Math.imul(i + n, 2654435761) >>> 24) & 255,
	);
	return { data, width, height, channels: 3 };
});
const dataset = datasetOf({ pictures, labels: [0, 1, 0, 1, 0, 1], classes: ["a", "b"] });
/** Its pictures 1 and 4 cannot be read: one is not there, one is no picture. */
const broken: Dataset = {
	...dataset,
	nameOf: (index) => `picture ${index}`,
	read: async (index) => {
		if (index === 1) throw new Error("gone");
		return index === 4 ? Uint8Array.of(1, 2, 3) : dataset.read(index);
	},
};

describe("the embeddings of a data set", () => {
	it("are what the model makes of each picture, in the order asked for", async () => {
		const model = await MobileNet.create(small);
		const progress: Progress[] = [];
		const { vectors, features, indices, labels } = await embeddingsOf(
			model,
			dataset,
			Int32Array.of(5, 0, 3),
			{ batch: 2, onProgress: (one) => progress.push(one) },
		);
		expect(features).toBe(256);
		expect([...indices]).toEqual([5, 0, 3]);
		expect([...labels]).toEqual([1, 0, 1]);
		// Another batch may be computed in another order.
		for (const [row, index] of indices.entries())
			for (const [j, x] of (await model.embed(pictures[index]!)).entries())
				expect(vectors[row * features + j]).toBeCloseTo(x, 5);
		expect(progress).toEqual([
			{ loaded: 1, total: 3, source: dataset.nameOf(5) },
			{ loaded: 2, total: 3, source: dataset.nameOf(0) },
			{ loaded: 3, total: 3, source: dataset.nameOf(3) },
		]);
	});

	it("are followed by those of the mirror images, where these are wanted", async () => {
		const model = await MobileNet.create(small);
		const { vectors, indices } = await embeddingsOf(model, dataset, Int32Array.of(2, 4), { flips: true });
		expect([...indices]).toEqual([2, 2, 4, 4]);
		const expected = [pictures[2]!, mirrored(pictures[2]!), pictures[4]!, mirrored(pictures[4]!)];
		for (const [row, picture] of expected.entries())
			expect(vectors.subarray(row * 256, (row + 1) * 256)).toEqual(await model.embed(picture));
	});

	it("leave out what cannot be read, and say so", async () => {
		const model = await MobileNet.create(small);
		const told: string[] = [];
		const { indices, vectors, labels } = await embeddingsOf(model, broken, undefined, {
			flips: true,
			onUnreadable: (name) => told.push(name),
		});
		expect([...indices]).toEqual([0, 0, 2, 2, 3, 3, 5, 5]);
		expect(vectors.length).toBe(8 * 256);
		expect([...labels]).toEqual([0, 0, 0, 0, 1, 1, 1, 1]);
		expect(told).toEqual(["picture 1", "picture 4"]);
		await expect(embeddingsOf(model, broken)).rejects.toThrow("gone");
	});

	it("end when they are told to", async () => {
		const model = await MobileNet.create(small);
		const controller = new AbortController();
		const run = embeddingsOf(model, dataset, undefined, {
			signal: controller.signal,
			onProgress: () => controller.abort(new Error("enough")),
		});
		await expect(run).rejects.toThrow("enough");
	});
});

it("a mirror image turns left and right", () => {
	const picture = { data: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), width: 2, height: 2, channels: 2 };
	expect([...mirrored(picture).data]).toEqual([3, 4, 1, 2, 7, 8, 5, 6]);
	expect(mirrored(mirrored(picture))).toEqual(picture);
});
