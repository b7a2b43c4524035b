/** Splits, folds, weights and orders: shares, permutations, and that the seed determines them. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { byClass, classWeights } from "./classes.ts";
import { orderOf } from "./order.ts";
import { foldsOf, split } from "./split.ts";

const labelsArbitrary = fc
	.array(fc.integer({ min: -1, max: 6 }), { minLength: 1, maxLength: 300 })
	.map((labels) => Int32Array.from(labels));
const seedArbitrary = fc.nat();
const all = (labels: Int32Array): Int32Array => Int32Array.from(labels.keys());
const counts = (indices: Int32Array, labels: Int32Array): Map<number, number> =>
	new Map([...byClass(indices, labels)].map(([label, pictures]) => [label, pictures.length]));

describe("a split", () => {
	it("has every picture once, and the share of every class to within one picture", () => {
		fc.assert(
			fc.property(
				labelsArbitrary,
				fc.double({ min: 0.01, max: 0.9, noNaN: true }),
				seedArbitrary,
				(labels, share, seed) => {
					const { training, validation } = split({ labels }, { share, seed });
					expect([...training, ...validation].sort((a, b) => a - b)).toEqual([...labels.keys()]);
					const taken = counts(validation, labels);
					for (const [label, count] of counts(all(labels), labels)) {
						expect(Math.abs((taken.get(label) ?? 0) - share * count)).toBeLessThan(1 + 1e-9);
						expect(taken.get(label) ?? 0).toBeLessThan(count);
					}
				},
			),
		);
	});

	it("takes the right total if classes are large enough", () => {
		const labels = Int32Array.from({ length: 1000 }, (_, i) => i % 250);
		// A tenth of four is less than a picture: a hundred of the 250 classes give one.
		expect(split({ labels }, { share: 0.1, seed: 3 }).validation).toHaveLength(100);
	});

	it("depends on the seed, and only on it", () => {
		const labels = Int32Array.from({ length: 500 }, (_, i) => i % 5);
		expect(split({ labels }, { seed: 4 })).toEqual(split({ labels }, { seed: 4 }));
		expect(split({ labels }, { seed: 4 })).not.toEqual(split({ labels }, { seed: 5 }));
	});

	it.each([0, 1, -1, Number.NaN])("refuses a share of %s", (share) => {
		expect(() => split({ labels: Int32Array.of(0, 1) }, { share })).toThrow(
			`the share for validation must be between 0 and 1, such as 0.1, not ${share}.`,
		);
	});
});

describe("folds", () => {
	it("validate every picture once, in parts of equal size, in total and in each class", () => {
		fc.assert(
			fc.property(labelsArbitrary, fc.integer({ min: 2, max: 7 }), seedArbitrary, (labels, folds, seed) => {
				fc.pre(folds <= labels.length);
				const splits = foldsOf({ labels }, { folds, seed });
				expect(splits).toHaveLength(folds);
				const judged = splits.flatMap(({ validation }) => [...validation]);
				expect(judged.sort((a, b) => a - b)).toEqual([...labels.keys()]);
				const sizes = splits.map(({ validation }) => validation.length);
				expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
				for (const label of new Set(labels)) {
					const own = splits.map(({ validation }) => validation.filter((i) => labels[i] === label).length);
					expect(Math.max(...own) - Math.min(...own)).toBeLessThanOrEqual(1);
				}
				for (const { training, validation } of splits)
					expect([...training, ...validation].sort((a, b) => a - b)).toEqual([...labels.keys()]);
			}),
		);
	});

	it.each([1, 11, 2.5])("of %s parts are refused for ten pictures", (folds) => {
		expect(() => foldsOf({ labels: new Int32Array(10) }, { folds })).toThrow(/^folds must be/);
	});
});

describe("an order", () => {
	it("is a permutation, determined by seed and epoch", () => {
		fc.assert(
			fc.property(labelsArbitrary, seedArbitrary, fc.nat(1000), (labels, seed, epoch) => {
				const indices = all(labels);
				const order = orderOf(indices, { seed, epoch });
				expect([...order].sort((a, b) => a - b)).toEqual([...indices]);
				expect(orderOf(indices, { seed, epoch })).toEqual(order);
				expect(indices).toEqual(all(labels));
			}),
		);
	});

	it("differs for each epoch and each seed", () => {
		const indices = Int32Array.from({ length: 100 }, (_, i) => i);
		const orders = [
			{ seed: 0, epoch: 0 },
			{ seed: 0, epoch: 1 },
			{ seed: 1, epoch: 0 },
			{ seed: 1, epoch: 1 },
		].map((options) => orderOf(indices, options).join());
		expect(new Set(orders).size).toBe(4);
	});

	it("puts every picture in every position equally often", () => {
		const indices = Int32Array.of(0, 1, 2, 3, 4);
		const epochs = 5000;
		const seen = new Map<string, number>();
		for (let epoch = 0; epoch < epochs; epoch++)
			for (const [place, picture] of orderOf(indices, { epoch }).entries())
				seen.set(`${place}:${picture}`, (seen.get(`${place}:${picture}`) ?? 0) + 1);
		// Each of 25 pairs 1000 times, deviation √(5000 · 0.2 · 0.8) ≈ 28: six of them either way.
		expect(seen.size).toBe(25);
		for (const times of seen.values()) expect(Math.abs(times - epochs / 5)).toBeLessThan(6 * 28.3);
	});

	it("takes each class equally often if balanced, and no picture of a class twice before all others once", () => {
		fc.assert(
			fc.property(labelsArbitrary, seedArbitrary, (labels, seed) => {
				const order = orderOf(all(labels), { seed, balanced: labels });
				expect(order).toHaveLength(labels.length);
				const sizes = [...counts(order, labels).values()];
				const classes = new Set(labels).size;
				for (const size of sizes)
					expect([Math.floor(labels.length / classes), Math.ceil(labels.length / classes)]).toContain(size);
				for (const [label, pictures] of byClass(all(labels), labels)) {
					const times = pictures.map((picture) => order.filter((index) => index === picture).length);
					expect(Math.max(...times) - Math.min(...times), `class ${label}`).toBeLessThanOrEqual(1);
				}
			}),
		);
	});

	it("refuses pictures that do not exist", () => {
		expect(() => orderOf(Int32Array.of(3), { balanced: Int32Array.of(0, 1) })).toThrow(
			"there is no picture 3: the 2 pictures of the data set are numbered from 0.",
		);
	});
});

describe("class weights", () => {
	it("are those of scikit-learn's compute_class_weight('balanced')", () => {
		// Its formula: n_samples / (n_classes * np.bincount(y)), for y = [0, 0, 0, 1, 1, 2].
		const weights = classWeights(Int32Array.of(0, 0, 0, 1, 1, 2), 3);
		expect([...weights]).toEqual([6 / (3 * 3), 6 / (3 * 2), 6 / 3].map(Math.fround));
	});

	it("ignore classes without pictures and pictures without a class", () => {
		expect([...classWeights(Int32Array.of(0, 2, 2, 2, -1), 4)]).toEqual([2, 0, Math.fround(2 / 3), 0]);
	});

	it("refuse an unknown class", () => {
		expect(() => classWeights(Int32Array.of(5), 5)).toThrow(
			"a picture has the class 5, but the 5 classes are numbered from 0",
		);
	});
});
