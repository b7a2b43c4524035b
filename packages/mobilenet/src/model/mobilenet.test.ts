import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Pixels } from "../image/pixels.ts";
import { float32, type Tensor } from "../weights/tensor.ts";
import { MobileNet } from "./mobilenet.ts";
import type { PictureSource } from "./pictures.ts";

/** Raw pixels of one color. */
const plain = (red: number, green: number, blue: number, size = 40) => ({
	data: Uint8Array.from({ length: size * size * 3 }, (_, i) => [red, green, blue][i % 3]!),
	width: size,
	height: size,
	channels: 3,
});
const small = { alpha: 0.25, size: 32, classes: 6, dropout: 0 } as const;

describe("a model", () => {
	it("gives answers that add up to one", async () => {
		const mobilenet = await MobileNet.create(small);
		const predictions = await mobilenet.classify(plain(200, 100, 50), { top: 6 });
		expect(predictions.map(({ index }) => index).sort()).toEqual([0, 1, 2, 3, 4, 5]);
		expect(predictions.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 5);
		expect(predictions.map(({ probability }) => probability)).toEqual(
			predictions.map(({ probability }) => probability).sort((a, b) => b - a),
		);
	});

	it("gives the same answer in pixels as in numbers", async () => {
		const mobilenet = await MobileNet.create(small);
		const picture = plain(200, 100, 50, 32);
		const output = await mobilenet.run(Float32Array.from(picture.data, (value) => value / 127.5 - 1));
		for (const { index, probability } of await mobilenet.classify(picture, { top: 6 }))
			expect(probability).toBeCloseTo(output[index]!, 5);
	});

	it("takes what a canvas gives, and lays transparency on white unless told", async () => {
		const model = (await MobileNet.create(small)).model;
		const mobilenet = await MobileNet.from(model);
		// The fields of a page's ImageData are its prototype's.
		class Canvas {
			get data() {
				return Uint8ClampedArray.from({ length: 40 * 40 * 4 }, (_, i) => [200, 100, 50, 0][i % 4]!);
			}
			get width() {
				return 40;
			}
			get height() {
				return 40;
			}
		}
		expect(await mobilenet.embed(new Canvas())).toEqual(await mobilenet.embed(plain(255, 255, 255)));
		const black = await MobileNet.from(model, { transparency: "black" });
		expect(await black.embed(new Canvas())).toEqual(await mobilenet.embed(plain(0, 0, 0)));
		const drop = await MobileNet.from(model, { transparency: "drop" });
		expect(await drop.embed(new Canvas())).toEqual(await mobilenet.embed(plain(200, 100, 50)));
	});

	it("says that there are no canvases and videos here", async () => {
		const mobilenet = await MobileNet.create(small);
		const bitmap = { width: 40, height: 40, close: () => undefined };
		const video = { videoWidth: 40, videoHeight: 40, readyState: 4 };
		for (const picture of [bitmap, video, { width: 40, height: 40, getContext: () => null }])
			await expect(mobilenet.classify(picture)).rejects.toMatchObject({
				code: "unsupported",
				message: expect.stringMatching(/cannot be drawn here: .*pass raw pixels .*\.$/),
			});
	});

	it("takes colors in the network's order", async () => {
		const model = (await MobileNet.create(small)).model;
		const rgb = await MobileNet.from(model, { preprocessing: { mean: [10, 20, 30], std: [40, 50, 60] } });
		const bgr = await MobileNet.from(model, {
			preprocessing: { mean: [10, 20, 30], std: [40, 50, 60], channelOrder: "bgr" },
		});
		const [turned, straight] = [await bgr.embed(plain(50, 100, 200)), await rgb.embed(plain(200, 100, 50))];
		for (const [i, x] of straight.entries()) expect(turned[i]).toBeCloseTo(x, 5);
		const [other] = [await bgr.embed(plain(200, 100, 50))];
		expect(other.some((x, i) => Math.abs(x - straight[i]!) > 1e-3)).toBe(true);
	});

	it("gives features of any layer, and embeds with the pool's", async () => {
		const mobilenet = await MobileNet.create(small);
		const picture = plain(1, 2, 3);
		const stem = await mobilenet.features(picture, "stem");
		expect(stem.shape).toEqual([16, 16, 8]);
		expect(stem.data.length).toBe(16 * 16 * 8);
		const pool = await mobilenet.features(picture, "pool");
		expect(pool.shape).toEqual([1, 1, 256]);
		expect(await mobilenet.embed(picture)).toEqual(pool.data);
		const last = await mobilenet.features(picture, "blocks.12.pointwise");
		expect(last.shape).toEqual([1, 1, 256]);
		await expect(mobilenet.features(picture, "blocks.13.pointwise")).rejects.toThrow(
			/no layer "blocks\.13\.pointwise"/,
		);
	});

	it("gives features of several layers at once, the same as one by one", async () => {
		const mobilenet = await MobileNet.create(small);
		const picture = plain(7, 80, 200);
		const names = ["pool", "blocks.0.depthwise", "blocks.5.pointwise", "classifier", "stem"];
		const all = await mobilenet.features(picture, names);
		expect([...all.keys()]).toEqual(names);
		for (const name of names) {
			const one = await (await MobileNet.from(mobilenet.model)).features(picture, name);
			expect(all.get(name)!.shape).toEqual(one.shape);
			expect(all.get(name)!.data).toEqual(one.data);
		}
		// Other layers in between leave those that were asked for before as they are.
		await mobilenet.features(plain(1, 1, 1), "blocks.3.depthwise");
		expect(await mobilenet.features(picture, names)).toEqual(all);
		await expect(mobilenet.features(picture, ["stem", "stern"])).rejects.toThrow(/no layer "stern"/);
		expect(await mobilenet.features(picture, "stem")).toEqual(all.get("stem"));
		expect((await mobilenet.features(picture, [])).size).toBe(0);
	});

	it("leaves a background class out and counts without it", async () => {
		const { model } = await MobileNet.create(small);
		const labels = ["background", "a", "b", "c", "d", "e"].map((name) => ({ name }));
		const mobilenet = await MobileNet.from({ ...model, labels });
		const picture = plain(9, 9, 9);
		const predictions = await mobilenet.classify(picture, { top: 10 });
		expect(predictions.map(({ index, label }) => `${index}${label}`).sort()).toEqual([
			"0a",
			"1b",
			"2c",
			"3d",
			"4e",
		]);
		const all = await (await MobileNet.from(model)).classify(picture, { top: 6 });
		for (const { index, probability } of predictions)
			expect(all.find((other) => other.index === index + 1)!.probability).toBe(probability);
	});

	it("answers only with what is allowed, not denied, and above the threshold", async () => {
		const { model } = await MobileNet.create(small);
		const labels = ["a", "b", "c", "d", "e", "f"].map((name) => ({ name, synonyms: [`${name}${name}`] }));
		const mobilenet = await MobileNet.from({ ...model, labels });
		const names = async (options: object) =>
			(await mobilenet.classify(plain(1, 2, 3), { top: 6, ...options })).map(({ label }) => label).sort();
		expect(await names({ allow: ["A", 2, "dd"] })).toEqual(["a", "c", "d"]);
		expect(await names({ allow: ["a", "b"], deny: ["bb"] })).toEqual(["a"]);
		expect(await names({ threshold: 1 })).toEqual([]);
		await expect(names({ allow: ["x"] })).rejects.toThrow('no class is called "x"');
		await expect(names({ top: 0 })).rejects.toThrow(/top must be/);
		await expect(names({ threshold: 2 })).rejects.toThrow(/threshold must be/);
	});

	it("gives every class a probability of its own with sigmoid outputs, of which a threshold leaves the likely ones", async () => {
		const { model } = await MobileNet.create({ ...small, output: "sigmoid" });
		// Logits that no picture changes.
		const weight = model.tensors.get("classifier.weight")!;
		const logits = [3, -2, 0.5, 1, -7, -0.5];
		const tensors = new Map([
			...model.tensors,
			["classifier.weight", { ...weight, data: new Float32Array(weight.data.length) } as Tensor],
			["classifier.bias", float32(logits)],
		]);
		const mobilenet = await MobileNet.from({ ...model, tensors });
		const answers = await mobilenet.classify(plain(1, 2, 3), { threshold: 0.5 });
		expect(answers.map(({ index }) => index)).toEqual([0, 3, 2]);
		for (const { index, probability } of answers)
			expect(probability).toBeCloseTo(1 / (1 + Math.exp(-logits[index]!)), 6);
	});

	it("tells two classes by one output, and gives that output alone where it is run", async () => {
		const mobilenet = await MobileNet.create({ ...small, classes: 2, output: "sigmoid" });
		const picture = plain(200, 100, 50, 32);
		const rows = await mobilenet.classify(picture, { top: 2 });
		const of = (wanted: number) => rows.find(({ index }) => index === wanted)!.probability;
		expect(of(0) + of(1)).toBeCloseTo(1, 6);
		const output = await mobilenet.run(Float32Array.from(picture.data, (value) => value / 127.5 - 1));
		expect(output.length).toBe(1);
		expect(output[0]).toBeCloseTo(of(1), 5);
		const { shape } = await mobilenet.features(picture, "classifier");
		expect(shape).toEqual([1, 1, 1]);
	});

	it("refuses a softmax over one class, and another size for a network that does not pool", async () => {
		await expect(MobileNet.create({ ...small, classes: 1 })).rejects.toMatchObject({
			code: "unsupported",
			message:
				"the model has a softmax over a single class, which is 1 for every picture: a network of one output takes a sigmoid.",
		});
		await expect(MobileNet.create({ ...small, classes: 1, output: "logits" })).resolves.toBeDefined();
		const { model } = await MobileNet.create({ ...small, pooling: "none" });
		await expect(MobileNet.from(model, { size: 64 })).rejects.toMatchObject({
			code: "configuration",
			message: expect.stringContaining("runs only at the size it was made for and not at 64 pixels"),
		});
	});

	it("says of each answer whether it is sure, where the model knows from when on", async () => {
		const { model } = await MobileNet.create(small);
		const picture = plain(1, 2, 3);
		const plainModel = await MobileNet.from(model);
		const usual = await plainModel.classify(picture, { top: 6 });
		expect(plainModel.sureFrom).toBeUndefined();
		for (const prediction of usual) expect(Object.keys(prediction)).not.toContain("sure");
		// At the second answer's own probability: that one still is.
		const sureFrom = usual[1]!.probability;
		// A change of size or preprocessing leaves it.
		const mobilenet = await MobileNet.from(
			{ ...model, sureFrom },
			{ size: 32, preprocessing: { fit: "stretch" } },
		);
		expect(mobilenet.sureFrom).toBe(sureFrom);
		const rows = await mobilenet.classify([picture], { top: 6 });
		expect(rows).toEqual([usual.map((one) => ({ ...one, sure: one.probability >= sureFrom }))]);
		expect(rows[0]!.map(({ sure }) => sure).slice(0, 3)).toEqual([true, true, false]);
	});

	it("goes on past pictures that cannot be read, in order", async () => {
		const mobilenet = await MobileNet.create(small);
		const sources: PictureSource[] = [
			plain(1, 1, 1),
			"/nowhere/at-all.jpg",
			new Uint8Array([1, 2, 3]),
			plain(2, 2, 2),
			{ data: new Uint8Array(5), width: 2, height: 2, channels: 3 },
		];
		for (const batch of [1, 2, 8]) {
			const rows = [];
			for await (const row of mobilenet.classifyEach(sources, { batch })) rows.push(row);
			expect(rows.map(({ key }) => key)).toEqual(sources);
			expect(rows.map((row) => "error" in row)).toEqual([false, true, true, false, true]);
		}
		await expect(mobilenet.classify(sources)).rejects.toThrow(
			/at-all\.jpg cannot be read: there is no such file/,
		);
	});

	it("gives the probabilities of all classes, of a background class too", async () => {
		const { model } = await MobileNet.create(small);
		const labels = ["background", "a", "b", "c", "d", "e"].map((name) => ({ name }));
		const mobilenet = await MobileNet.from({ ...model, labels });
		const pictures: PictureSource[] = [plain(1, 2, 3), new Uint8Array([1, 2, 3]), plain(200, 100, 50)];
		for (const batch of [1, 3]) {
			const rows = [];
			for await (const row of mobilenet.probabilitiesEach(pictures, { batch })) rows.push(row);
			expect(rows.map(({ key }) => key)).toEqual(pictures);
			expect(rows.map((row) => "error" in row)).toEqual([false, true, false]);
			for (const row of rows) {
				if ("error" in row) continue;
				expect(row.probabilities).toHaveLength(6);
				expect(row.probabilities.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 5);
				const answers = await mobilenet.classify(row.key, { top: 5 });
				expect(answers).toHaveLength(5);
				for (const { index, probability } of answers)
					expect(row.probabilities[index + 1]).toBeCloseTo(probability, 6);
			}
		}
		const headless = await MobileNet.create({ ...small, head: false });
		await expect(headless.probabilitiesEach([plain(1, 1, 1)]).next()).rejects.toThrow(/has no classifier/);
	});

	it("stops when it is told to", async () => {
		const mobilenet = await MobileNet.create(small);
		const controller = new AbortController();
		const rows: unknown[] = [];
		const run = async (): Promise<void> => {
			for await (const row of mobilenet.classifyEach(new Array(50).fill(plain(1, 1, 1)), {
				signal: controller.signal,
			})) {
				rows.push(row);
				if (rows.length === 3) controller.abort(new Error("enough"));
			}
		};
		await expect(run()).rejects.toThrow("enough");
		expect(rows.length).toBeLessThan(10);
	});

	it("refuses numbers that are too few, and batches that are none", async () => {
		const mobilenet = await MobileNet.create(small);
		await expect(mobilenet.run(new Float32Array(5))).rejects.toThrow(/takes a Float32Array of 3072 numbers/);
		await expect(mobilenet.run(new Float32Array(3072), { batch: 0.5 })).rejects.toThrow(
			/batch must be a whole number/,
		);
	});

	it("cannot run once it is disposed", async () => {
		const mobilenet = await MobileNet.create(small);
		mobilenet.dispose();
		const disposed = { name: "MobileNetError", code: "disposed" };
		await expect(mobilenet.classify(plain(1, 1, 1))).rejects.toMatchObject(disposed);
		await expect(mobilenet.classify([])).rejects.toMatchObject(disposed);
		await expect(mobilenet.features(plain(1, 1, 1), "stem")).rejects.toMatchObject(disposed);
		await expect(mobilenet.run(new Float32Array(3072))).rejects.toMatchObject(disposed);
		expect(mobilenet.summary()).toContain("MobileNet");
	});

	it("runs nothing once it is disposed, though a picture was on its way", async () => {
		const { model } = await MobileNet.create(small);
		let arrive: (picture: Pixels) => void = () => undefined;
		const late = () => new Promise<Pixels>((resolve) => (arrive = resolve));
		for (const start of [
			(mobilenet: MobileNet) => mobilenet.features(late, "stem"),
			(mobilenet: MobileNet) => mobilenet.features(late, ["stem", "pool"]),
			(mobilenet: MobileNet) => mobilenet.classify(late),
			(mobilenet: MobileNet) => mobilenet.embed([late]),
		]) {
			const mobilenet = await MobileNet.from(model);
			const started = start(mobilenet);
			await new Promise((resolve) => setTimeout(resolve));
			mobilenet.dispose();
			arrive(plain(1, 1, 1));
			await expect(started).rejects.toMatchObject({ name: "MobileNetError", code: "disposed" });
		}
	});

	it("is the same after it was saved and loaded", async () => {
		const folder = await mkdtemp(join(tmpdir(), "mobilenet-"));
		try {
			const mobilenet = await MobileNet.create({ ...small, preset: "torch", inputChannels: 3 }, { seed: 9 });
			await mobilenet.save(join(folder, "model.safetensors"));
			const again = await MobileNet.load(join(folder, "model.safetensors"));
			expect(again.configuration).toEqual(mobilenet.configuration);
			expect(await again.embed(plain(5, 6, 7))).toEqual(await mobilenet.embed(plain(5, 6, 7)));
			expect(await readdir(folder)).toEqual(["model.safetensors"]);
			await expect(mobilenet.save(join(folder, "missing", "model.safetensors"))).rejects.toThrow(
				/cannot be written/,
			);
		} finally {
			await rm(folder, { recursive: true });
		}
	});

	it("refuses preprocessing and sizes that make no sense", async () => {
		const { model } = await MobileNet.create(small);
		await expect(MobileNet.from(model, { preprocessing: { std: 0 } })).rejects.toThrow(/std/);
		await expect(MobileNet.from(model, { preprocessing: { mean: [1, 2] } })).rejects.toThrow(/mean/);
		await expect(MobileNet.from(model, { size: 8 })).rejects.toThrow(/size must be/);
		// Checked here once: what a picture becomes is not checked again for each.
		const filter = "box" as "nearest";
		await expect(MobileNet.from(model, { preprocessing: { filter } })).rejects.toThrow(/filter must be/);
		const broken = { ...model.preprocessing, fit: { centralFraction: 2 } };
		await expect(MobileNet.from({ ...model, preprocessing: broken })).rejects.toThrow(/fit must be/);
		const larger = await MobileNet.from(model, { size: 65 });
		expect((await larger.features(plain(1, 1, 1), "stem")).shape).toEqual([33, 33, 8]);
	});
});
