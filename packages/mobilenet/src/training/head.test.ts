import { describe, expect, it } from "vitest";
import { random } from "../base/random.ts";
import { readModelFile } from "../formats/safetensors/model-file.ts";
import { writeModel } from "../formats/safetensors/model-writer.ts";
import { MobileNet } from "../model/mobilenet.ts";
import { quantize } from "../quantization/quantize.ts";
import { type Classifier, trainHead, withHead } from "./head.ts";

/** Vectors around a center for each class, with as much noise. */
function clouds({
	rows,
	features,
	classes,
	noise,
}: {
	rows: number;
	features: number;
	classes: number;
	noise: number;
}) {
	const { normal } = random(7);
	const centres = Float32Array.from({ length: classes * features }, normal);
	const labels = Int32Array.from({ length: rows }, (_, row) => row % classes);
	const vectors = Float32Array.from(
		{ length: rows * features },
		(_, i) => 3 + centres[labels[Math.floor(i / features)]! * features + (i % features)]! + noise * normal(),
	);
	return { vectors, labels };
}

/** The class with the largest output. */
function classify({ weights, bias, classes, features }: Classifier, vector: Float32Array): number {
	const scores = Array.from({ length: classes }, (_, c) =>
		vector.reduce((sum, x, j) => sum + x * weights[c * features + j]!, bias[c]!),
	);
	return scores.indexOf(Math.max(...scores));
}

describe("a trained head", () => {
	it("tells classes apart that can be told apart", async () => {
		const { vectors, labels } = clouds({ rows: 60, features: 12, classes: 3, noise: 0.3 });
		const head = await trainHead(vectors, labels, 3);
		expect(head.trials.find(({ strength }) => strength === head.strength)!.accuracy).toBe(1);
		for (const [row, label] of labels.entries())
			expect(classify(head, vectors.subarray(row * 12, (row + 1) * 12))).toBe(label);
	});

	it("penalizes what cannot be told apart more strongly, and knows that it cannot", async () => {
		const { bits } = random(3);
		const { vectors, labels } = clouds({ rows: 200, features: 30, classes: 2, noise: 0.3 });
		const guesses = await trainHead(
			vectors,
			labels.map(() => bits() & 1),
			2,
		);
		expect(guesses.strength).toBeGreaterThan((await trainHead(vectors, labels, 2)).strength);
		const { accuracy, loss } = guesses.trials[0]!;
		expect(Math.abs(accuracy - 0.5)).toBeLessThan(0.15);
		expect(loss).toBeGreaterThan(0.9 * Math.log(2));
	});

	it("never tries a picture by its own mirror image", async () => {
		const { normal, bits } = random(5);
		const single = Float32Array.from({ length: 60 * 200 }, normal);
		const guesses = Int32Array.from({ length: 60 }, () => bits() & 1);
		const vectors = Float32Array.of(...single, ...single);
		const labels = Int32Array.of(...guesses, ...guesses);
		const groups = Int32Array.from(labels, (_, row) => row % 60);
		const best = ({ trials }: Awaited<ReturnType<typeof trainHead>>) =>
			Math.max(...trials.map(({ accuracy }) => accuracy));
		expect(best(await trainHead(vectors, labels, 2))).toBeGreaterThan(0.8);
		expect(best(await trainHead(vectors, labels, 2, { groups }))).toBeLessThan(0.7);
	});

	it("answers every picture by a classifier that was not trained on it", async () => {
		const { vectors, labels } = clouds({ rows: 60, features: 12, classes: 3, noise: 2 });
		const head = await trainHead(vectors, labels, 3);
		const { rows, probabilities, accuracy, loss } = head.outOfFold!;
		expect([...rows].sort((a, b) => a - b)).toEqual([...labels.keys()]);
		let [right, sum] = [0, 0];
		for (const [i, row] of rows.entries()) {
			const own = probabilities.subarray(3 * i, 3 * i + 3);
			expect(own.reduce((total, p) => total + p)).toBeCloseTo(1, 5);
			if (own.indexOf(Math.max(...own)) === labels[row]) right++;
			sum -= Math.log(own[labels[row]!]!);
		}
		expect(accuracy).toBeCloseTo(right / 60, 10);
		expect(loss).toBeCloseTo(sum / 60, 5);
		// The pictures that it was trained on flatter it.
		expect(accuracy).toBeLessThan(1);
	});

	it("finds a rare class more often where every class counts the same", async () => {
		const { vectors, labels } = clouds({ rows: 400, features: 12, classes: 2, noise: 4 });
		const rows = [...labels.keys()].filter((row) => labels[row] === 0 || row % 20 === 1);
		const own = Float32Array.from(rows.flatMap((row) => [...vectors.subarray(12 * row, 12 * row + 12)]));
		const unequal = Int32Array.from(rows, (row) => labels[row]!);
		const found = (head: Classifier): number =>
			rows.filter((_, i) => unequal[i] === 1 && classify(head, own.subarray(12 * i, 12 * i + 12)) === 1)
				.length;
		const usual = await trainHead(own, unequal, 2);
		const balanced = await trainHead(own, unequal, 2, { balanced: true });
		expect(found(balanced)).toBeGreaterThan(found(usual));
	});

	it("takes the penalty and temperature of another", async () => {
		const { vectors, labels } = clouds({ rows: 60, features: 12, classes: 3, noise: 2 });
		const head = await trainHead(vectors, labels, 3);
		const { weights, trials, outOfFold } = await trainHead(vectors, labels, 3, { like: head });
		expect(trials).toEqual([]);
		expect(outOfFold).toBeUndefined();
		for (const [i, weight] of weights.entries()) expect(weight).toBeCloseTo(head.weights[i]!, 2);
	});

	it("is the same again with the same seed", async () => {
		const { vectors, labels } = clouds({ rows: 40, features: 8, classes: 4, noise: 2 });
		expect(await trainHead(vectors, labels, 4, { seed: 3 })).toEqual(
			await trainHead(vectors, labels, 4, { seed: 3 }),
		);
	});

	it("never answers with a class that has no pictures, and takes classes of one", async () => {
		const { vectors, labels } = clouds({ rows: 31, features: 6, classes: 2, noise: 0.2 });
		// Class 1 is empty; class 4 has one picture; 0 and 3 have the rest.
		const spread = labels.map((label, row) => (row === 30 ? 4 : label * 3));
		const head = await trainHead(vectors, spread, 5);
		expect(head.weights.every(Number.isFinite)).toBe(true);
		expect(head.bias[1]).toBe(-30);
		const found = Array.from(spread, (_, row) => classify(head, vectors.subarray(row * 6, (row + 1) * 6)));
		expect(found).not.toContain(1);
		expect(found.filter((label, row) => label === spread[row]).length).toBeGreaterThanOrEqual(30);
	});

	it("is made of next to nothing too", async () => {
		const one = await trainHead(Float32Array.of(1, 2, 3, 4), Int32Array.of(2, 2), 3);
		expect(classify(one, Float32Array.of(9, 9))).toBe(2);
		expect(one.trials).toEqual([]);
		const two = await trainHead(Float32Array.of(1, 0, 0, 1), Int32Array.of(0, 1), 2);
		expect(classify(two, Float32Array.of(1, 0))).toBe(0);
		expect(classify(two, Float32Array.of(0, 1))).toBe(1);
		const alike = await trainHead(
			new Float32Array(40).fill(5),
			Int32Array.from({ length: 20 }, (_, i) => i % 2),
			2,
		);
		expect(alike.weights.every((x) => x === 0)).toBe(true);
	});

	it("refuses what it cannot learn from", async () => {
		await expect(trainHead(new Float32Array(0), new Int32Array(0), 2)).rejects.toThrow(/no picture/);
		await expect(trainHead(new Float32Array(6), Int32Array.of(0, -1), 2)).rejects.toThrow(/0 to 1, not -1/);
		const signal = AbortSignal.abort(new Error("enough"));
		const { vectors, labels } = clouds({ rows: 40, features: 8, classes: 4, noise: 2 });
		await expect(trainHead(vectors, labels, 4, { signal })).rejects.toThrow("enough");
	});
});

describe("a network with another head", () => {
	const labels = ["cat", "dog", "emu"].map((name) => ({ name }));
	const classifier: Classifier = {
		weights: Float32Array.from({ length: 3 * 256 }, (_, i) => Math.sin(i)),
		bias: Float32Array.of(0.1, -0.2, 0.3),
		classes: 3,
		features: 256,
	};
	const picture = {
		data: Uint8Array.from({ length: 32 * 32 * 3 }, (_, i) => (i * 37) % 256),
		width: 32,
		height: 32,
		channels: 3,
	};

	it("gives its classifier's logits of the old features, and survives being written", async () => {
		const mobilenet = await MobileNet.create({
			alpha: 0.25,
			size: 32,
			classes: 10,
			output: "logits",
			dropout: 0.2,
		});
		const changed = withHead(mobilenet.model, classifier, labels);
		expect(changed.configuration).toEqual({ ...mobilenet.model.configuration, classes: 3 });
		expect(mobilenet.model.configuration.classes).toBe(10);
		const again = await MobileNet.from(readModelFile(writeModel(changed), "changed"));
		const vector = await mobilenet.embed(picture);
		const { data } = await again.features(picture, "classifier");
		for (const [c, logit] of data.entries())
			expect(logit).toBeCloseTo(
				vector.reduce((sum, x, j) => sum + x * classifier.weights[c * 256 + j]!, classifier.bias[c]!),
				3,
			);
		const names = (await again.classify(picture)).map(({ label }) => label);
		expect(names.toSorted()).toEqual(["cat", "dog", "emu"]);
	});

	it("gets one where there was none", async () => {
		const mobilenet = await MobileNet.create({ alpha: 0.25, size: 32, head: false });
		const changed = await MobileNet.from(withHead(mobilenet.model, classifier, labels));
		expect(await changed.classify(picture, { top: 1 })).toHaveLength(1);
	});

	it("is in float32 where it was of integers", async () => {
		const mobilenet = await MobileNet.create({ alpha: 0.25, size: 32, classes: 10 });
		const { model } = await quantize(mobilenet.model, [picture]);
		const changed = withHead(model, classifier, labels);
		expect(changed.rounding).toBeUndefined();
		expect(new Set([...changed.tensors.values()].map(({ dtype }) => dtype))).toEqual(new Set(["F32"]));
		expect([...changed.tensors.keys()].filter((name) => /scale|zero_point/.test(name))).toEqual([]);
		const float = await MobileNet.from(model, { arithmetic: "float" });
		expect(await (await MobileNet.from(changed)).embed(picture)).toEqual(await float.embed(picture));
	});

	it("has lost what was measured of the old one's answers", async () => {
		const { model } = await MobileNet.create({ alpha: 0.25, size: 32, classes: 10 });
		expect(withHead({ ...model, sureFrom: 0.4 }, classifier, labels)).not.toHaveProperty("sureFrom");
	});

	it("refuses a classifier of other features, and labels that are not as many", async () => {
		const { model } = await MobileNet.create({ alpha: 0.5, size: 32 });
		expect(() => withHead(model, classifier, labels)).toThrow(/256 features.*gives 512/);
		const small = await MobileNet.create({ alpha: 0.25, size: 32 });
		expect(() => withHead(small.model, classifier, labels.slice(1))).toThrow(/3 classes.*2 labels/);
	});
});
