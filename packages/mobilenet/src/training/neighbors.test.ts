import { describe, expect, it } from "vitest";
import { random } from "../base/random.ts";
import { nearestMean, nearestNeighbors } from "./neighbors.ts";

/** Directions: two near the first axis, two near the second, one opposite. */
const vectors = Float32Array.of(1, 0.1, 2, 0, 0.1, 1, 0, 3, -1, -1);
const labels = Int32Array.of(0, 0, 1, 1, 2);

describe("nearest neighbors", () => {
	it("answer with the class of what points the same way, however long it is", () => {
		const { classify } = nearestNeighbors(vectors, labels, 3, { k: 1 });
		expect([...classify(Float32Array.of(50, 1))]).toEqual([1, 0, 0]);
		expect([...classify(Float32Array.of(0.001, 0.02))]).toEqual([0, 1, 0]);
		expect([...classify(Float32Array.of(-7, -8))]).toEqual([0, 0, 1]);
	});

	it("vote in the measure of their cosines", () => {
		const { classify } = nearestNeighbors(Float32Array.of(1, 0, 0, 1), Int32Array.of(0, 1), 2, { k: 2 });
		const [first, second] = classify(Float32Array.of(3, 4));
		expect(first).toBeCloseTo(3 / 7, 6);
		expect(second).toBeCloseTo(4 / 7, 6);
	});

	it("choose k by leaving one out: more where labels are noisy", () => {
		const { normal, uniform } = random(1);
		const rows = 300;
		const clean = Int32Array.from({ length: rows }, (_, row) => row % 2);
		const points = Float32Array.from({ length: rows * 2 }, (_, i) => {
			const own = clean[Math.floor(i / 2)] === i % 2 ? 4 : 0;
			return own + 0.3 * normal();
		});
		expect(nearestNeighbors(points, clean, 2)).toMatchObject({ k: 1, accuracy: 1 });
		const noisy = clean.map((label) => (uniform() < 0.25 ? 1 - label : label));
		const chosen = nearestNeighbors(points, noisy, 2);
		expect(chosen.k).toBeGreaterThan(3);
		expect(chosen.accuracy).toBeGreaterThan(0.65);
		expect(chosen.accuracy).toBeLessThan(0.85);
	});

	it("know one picture, and refuse what does not fit", () => {
		const one = nearestNeighbors(Float32Array.of(1, 1), Int32Array.of(1), 2);
		expect([...one.classify(Float32Array.of(1, 0))]).toEqual([0, 1]);
		expect(() => one.classify(new Float32Array(3))).toThrow(/must have 2 numbers/);
		expect(() => nearestNeighbors(vectors, labels, 3, { k: 0 })).toThrow(/k must be/);
		expect(() => nearestNeighbors(new Float32Array(0), new Int32Array(0), 3)).toThrow(/no picture/);
	});
});

describe("the nearest mean", () => {
	it("answers as the largest cosine with the means of the directions does", () => {
		const { normal } = random(2);
		const [rows, features, classes] = [50, 7, 4];
		const points = Float32Array.from({ length: rows * features }, () => 1 + normal());
		const classOf = Int32Array.from({ length: rows }, (_, row) => row % classes);
		const { weights, bias } = nearestMean(points, classOf, classes);
		const unit = (v: readonly number[]) => v.map((x) => x / Math.hypot(...v));
		const rowOf = (row: number) => [...points.subarray(row * features, (row + 1) * features)];
		const means = Array.from({ length: classes }, (_, c) => {
			const members = [...classOf.keys()].filter((row) => classOf[row] === c).map((row) => unit(rowOf(row)));
			return unit(Array.from({ length: features }, (_, j) => members.reduce((sum, v) => sum + v[j]!, 0)));
		});
		for (let row = 0; row < rows; row++) {
			const vector = rowOf(row);
			const cosines = means.map((mean) => mean.reduce((sum, x, j) => sum + x * unit(vector)[j]!, 0));
			const logits = means.map((_, c) =>
				vector.reduce((sum, x, j) => sum + x * weights[c * features + j]!, bias[c]!),
			);
			expect(logits.indexOf(Math.max(...logits))).toBe(cosines.indexOf(Math.max(...cosines)));
		}
	});

	it("never answers with a class without vectors", () => {
		const { bias, weights } = nearestMean(vectors, labels, 4);
		expect(bias[3]).toBeLessThan(-1000);
		expect(weights.every(Number.isFinite)).toBe(true);
	});
});
