import { describe, expect, it } from "vitest";
import type { Dataset } from "../data/dataset.ts";
import type { Pixels } from "../image/pixels.ts";
import { MobileNet } from "../model/mobilenet.ts";
import type { Label } from "../weights/model.ts";
import type { Tensor } from "../weights/tensor.ts";
import { evaluate } from "./evaluate.ts";

const gray: Pixels = { data: new Uint8Array(40 * 40 * 3).fill(99), width: 40, height: 40, channels: 3 };
const named = (...names: readonly string[]): Label[] => names.map((name) => ({ name }));

/** A network whose classifier sees nothing: whatever the picture, it gives these probabilities. */
async function constant(
	labels: readonly Label[] | undefined,
	probabilities: readonly number[],
	output: "softmax" | "sigmoid" = "softmax",
): Promise<MobileNet> {
	const classes = output === "sigmoid" && probabilities.length === 1 ? 2 : probabilities.length;
	const { model } = await MobileNet.create({ alpha: 0.25, size: 32, classes, output });
	const tensors = new Map<string, Tensor>(model.tensors);
	const weight = model.tensors.get("classifier.weight")!;
	tensors.set("classifier.weight", {
		dtype: "F32",
		shape: weight.shape,
		data: new Float32Array(weight.data.length),
	});
	tensors.set("classifier.bias", {
		dtype: "F32",
		shape: [probabilities.length],
		data: Float32Array.from(probabilities, (p) => Math.log(output === "softmax" ? p : p / (1 - p))),
	});
	const { labels: _, ...rest } = model;
	return MobileNet.from({ ...rest, tensors, ...(labels && { labels }) });
}

/** Pictures of these classes; those whose number is among `broken` are no pictures, and among `gone` cannot be read. */
function pictures(
	classes: readonly Label[],
	labels: readonly number[],
	{ broken = [], gone = [] }: { readonly broken?: readonly number[]; readonly gone?: readonly number[] } = {},
): Dataset {
	return {
		name: "photos",
		classes,
		labels: Int32Array.from(labels),
		nameOf: (index) => `${index}.jpg`,
		read: async (index) => {
			if (gone.includes(index)) throw new Error(`${index}.jpg is gone.`);
			return broken.includes(index) ? new Uint8Array([1, 2, 3]) : gray;
		},
		close: async () => undefined,
	};
}

describe("an evaluation", () => {
	it("goes by the best class where each has a probability of its own", async () => {
		const model = await constant(named("ant", "bee", "cat"), [0.5, 0.9, 0.8], "sigmoid");
		const evaluation = await evaluate(model, pictures(named("ant", "bee", "cat"), [0, 1, 1, 2]));
		expect(evaluation).toMatchObject({ pictures: 4, top1: 2 / 4 });
		// −Σ ln p / n.
		const loss = -(Math.log(0.5) + 2 * Math.log(0.9) + Math.log(0.8)) / 4;
		expect(evaluation.loss).toBeCloseTo(loss, 5);
		expect(evaluation.ece).toBeCloseTo(0.9 - 2 / 4, 5);
	});

	it("tells both classes of a network of one output", async () => {
		const model = await constant(named("not bee", "bee"), [0.75], "sigmoid");
		const evaluation = await evaluate(model, pictures(named("bee", "not bee"), [0, 0, 1]));
		expect(evaluation).toMatchObject({ pictures: 3, top1: 2 / 3 });
		expect(evaluation.loss).toBeCloseTo(-(2 * Math.log(0.75) + Math.log(0.25)) / 3, 5);
		expect(evaluation.mistakes[0]?.truth).toMatchObject({ label: "not bee", index: 0 });
	});

	it("has the numbers that follow from the probabilities", async () => {
		const model = await constant(named("ant", "bee", "cat"), [0.5, 0.3, 0.2]);
		// Of the data's classes, the model's: 1, 2, 0.
		const evaluation = await evaluate(model, pictures(named("bee", "cat", "ant"), [2, 2, 0, 1, 2, 0, 0, 2]), {
			topK: 2,
		});
		expect(evaluation).toMatchObject({ pictures: 8, top1: 4 / 8, top5: 1, topK: { k: 2, share: 7 / 8 } });
		expect(evaluation.loss).toBeCloseTo(-(4 * Math.log(0.5) + 3 * Math.log(0.3) + Math.log(0.2)) / 8, 6);
		// Half are right, and it is sure by half.
		expect(evaluation.ece).toBeCloseTo(0, 6);
		expect(evaluation.classes).toEqual([
			{ index: 0, label: "ant", support: 4, predicted: 8, precision: 0.5, recall: 1, f1: 8 / 12 },
			{ index: 1, label: "bee", support: 3, predicted: 0, precision: null, recall: 0, f1: 0 },
			{ index: 2, label: "cat", support: 1, predicted: 0, precision: null, recall: 0, f1: 0 },
		]);
		expect(evaluation.confusion).toEqual([
			{ truth: 0, predicted: 0, pictures: 4 },
			{ truth: 1, predicted: 0, pictures: 3 },
			{ truth: 2, predicted: 0, pictures: 1 },
		]);
		expect(evaluation.mistakes.map(({ picture, name, truth }) => [picture, name, truth.label])).toEqual([
			[2, "2.jpg", "bee"],
			[3, "3.jpg", "cat"],
			[5, "5.jpg", "bee"],
			[6, "6.jpg", "bee"],
		]);
		expect(evaluation.mistakes[0]!.predictions.map(({ label }) => label)).toEqual(["ant", "bee", "cat"]);
		expect(evaluation.mistakes[0]!.truth.probability).toBeCloseTo(0.3, 6);
		expect(evaluation.unreadable).toEqual([]);
		expect(evaluation.picturesPerSecond).toBeCloseTo(8 / evaluation.seconds, 6);
	});

	it("tells how often the model is sure, and how often it is then right", async () => {
		const plain = await constant(named("ant", "bee", "cat"), [0.5, 0.3, 0.2]);
		const dataset = pictures(named("ant", "bee"), [0, 1, 0, 0]);
		expect(await evaluate(plain, dataset)).not.toHaveProperty("sure");
		const { model } = plain;
		const low = await MobileNet.from({ ...model, sureFrom: 0.4 });
		expect((await evaluate(low, dataset)).sure).toEqual({ share: 1, top1: 0.75 });
		const high = await MobileNet.from({ ...model, sureFrom: 0.6 });
		const { sure, top1, mistakes } = await evaluate(high, dataset);
		expect(sure).toEqual({ share: 0, top1: null });
		expect(top1).toBe(0.75);
		expect(mistakes[0]!.predictions[0]!.sure).toBe(false);
	});

	it("leaves a background class out, though it be the most probable", async () => {
		const model = await constant(named("background", "ant", "bee"), [0.9, 0.04, 0.06]);
		const evaluation = await evaluate(model, pictures(named("ant", "bee"), [0, 1, 1, 1]));
		expect(evaluation.top1).toBe(0.75);
		expect(evaluation.classes.map(({ index, label }) => [index, label])).toEqual([
			[0, "ant"],
			[1, "bee"],
		]);
		// Nor are the other probabilities rescaled.
		expect(evaluation.mistakes[0]).toMatchObject({ truth: { label: "ant", index: 0 } });
		expect(evaluation.mistakes[0]!.truth.probability).toBeCloseTo(0.04, 6);
		expect(evaluation.loss).toBeCloseTo(-(Math.log(0.04) + 3 * Math.log(0.06)) / 4, 5);
	});

	it("says how classes were found where the model has no labels", async () => {
		const model = await constant(undefined, [0.4, 0.6]);
		const { top1, notes, classes } = await evaluate(model, pictures(named("ants", "bees"), [1, 1, 0]));
		expect(top1).toBeCloseTo(2 / 3, 12);
		expect(notes).toEqual([expect.stringMatching(/^the model has no labels/)]);
		expect(classes.map(({ label }) => label)).toEqual(["class 0", "class 1"]);
	});

	it("takes the pictures that it is told, or all that have a class", async () => {
		const model = await constant(named("ant", "bee"), [0.6, 0.4]);
		// The class that no picture has need not be the model's.
		const dataset = pictures(named("ant", "bee", "?"), [0, 1, -1, 0, 1]);
		expect((await evaluate(model, dataset)).pictures).toBe(4);
		const some = await evaluate(model, dataset, { indices: Int32Array.of(4, 1, 0) });
		expect(some).toMatchObject({ pictures: 3, top1: 1 / 3 });
		expect(some.mistakes.map(({ picture }) => picture)).toEqual([4, 1]);
	});

	it("goes on past pictures that cannot be had, whatever the batch, and counts everything once", async () => {
		const model = await constant(named("ant", "bee"), [0.6, 0.4]);
		const dataset = pictures(named("ant", "bee"), [0, 0, 1, 1, 0, 1, 0], { broken: [1, 5], gone: [0, 3] });
		for (const batch of [1, 2, 8]) {
			const told: string[] = [];
			const progress: number[] = [];
			const names: string[] = [];
			const {
				pictures: counted,
				top1,
				unreadable,
			} = await evaluate(model, dataset, {
				batch,
				onUnreadable: (name) => told.push(name),
				onProgress: ({ loaded, total, source }) => {
					progress.push(loaded);
					names.push(source);
					expect(total).toBe(7);
				},
			});
			expect(counted).toBe(3);
			expect(top1).toBeCloseTo(2 / 3, 12);
			expect(told.sort()).toEqual(["0.jpg", "1.jpg", "3.jpg", "5.jpg"]);
			expect(unreadable.map(({ picture }) => picture).sort()).toEqual([0, 1, 3, 5]);
			expect(unreadable.find(({ picture }) => picture === 3)!.error).toBe("3.jpg is gone.");
			expect(progress).toEqual([1, 2, 3, 4, 5, 6, 7]);
			expect(names).toEqual(Array.from({ length: 7 }, (_, n) => `${n}.jpg`));
		}
	});

	it("keeps the most confident mistakes, and no more than 24", async () => {
		const model = await MobileNet.create({ alpha: 0.25, size: 32, classes: 3 }, { seed: 3 });
		const noise = (seed: number): Pixels => ({
			...gray,
			data: Uint8Array.from(
				{ length: gray.data.length },
				(_, i) => (Math.imul(i + 7, seed * 2654435761) >>> 24) & 255,
			),
		});
		const count = 60;
		const dataset: Dataset = {
			...pictures(
				named("0", "1", "2"),
				Array.from({ length: count }, (_, i) => i % 3),
			),
			read: async (index) => noise(index + 1),
		};
		const { mistakes } = await evaluate(model, dataset);
		const wrong = [];
		for (let i = 0; i < count; i++) {
			const [best] = await model.classify(noise(i + 1), { top: 1 });
			if (best!.index !== i % 3) wrong.push({ picture: i, probability: best!.probability });
		}
		wrong.sort((a, b) => b.probability - a.probability);
		expect(wrong.length).toBeGreaterThan(24);
		expect(mistakes).toHaveLength(24);
		for (const [i, { predictions }] of mistakes.entries())
			expect(predictions[0]!.probability).toBeCloseTo(wrong[i]!.probability, 5);
	});

	it.each<readonly [string, Dataset, RegExp]>([
		[
			"no picture has a class",
			pictures(named("ant"), [-1, -1]),
			/^photos has no pictures with a class: .*\.$/,
		],
		["there are no pictures", pictures(named("ant"), []), /^photos has no pictures with a class: .*\.$/],
		[
			"a class is not the model's",
			pictures(named("ant", "wasp"), [0, 1]),
			/does not know 1 of the 2 .*"wasp"/,
		],
		[
			"none can be read",
			pictures(named("ant"), [0, 0], { broken: [0], gone: [1] }),
			/^none of the 2 pictures of photos can be read; of the last one: .*\.$/,
		],
		[
			"the only one cannot be read",
			pictures(named("ant"), [0], { gone: [0] }),
			/^the one picture of photos cannot be read: 0\.jpg is gone\.$/,
		],
	])("is refused where %s", async (_, dataset, message) => {
		const model = await constant(named("ant", "bee"), [0.6, 0.4]);
		await expect(evaluate(model, dataset)).rejects.toThrow(message);
	});

	it("is refused for pictures that are not there, or have no class", async () => {
		const model = await constant(named("ant", "bee"), [0.6, 0.4]);
		const dataset = pictures(named("ant", "bee"), [0, -1]);
		await expect(evaluate(model, dataset, { indices: Int32Array.of(2) })).rejects.toThrow(
			"there is no picture 2 in photos: it has 2, counted from 0.",
		);
		await expect(evaluate(model, dataset, { indices: Int32Array.of(1) })).rejects.toThrow(/has no class/);
	});

	it("is refused for a network whose numbers are none", async () => {
		const model = await constant(named("ant", "bee"), [Number.NaN, 1]);
		await expect(evaluate(model, pictures(named("ant"), [0]))).rejects.toThrow(/not numbers \(NaN\)/);
	});

	it("stops when it is told to", async () => {
		const model = await constant(named("ant", "bee"), [0.6, 0.4]);
		const controller = new AbortController();
		const seen: number[] = [];
		const run = evaluate(model, pictures(named("ant"), new Array(200).fill(0)), {
			batch: 2,
			signal: controller.signal,
			onProgress: ({ loaded }) => {
				seen.push(loaded);
				if (loaded === 4) controller.abort(new Error("enough"));
			},
		});
		await expect(run).rejects.toThrow("enough");
		expect(seen.at(-1)).toBeLessThan(10);
	});
});
