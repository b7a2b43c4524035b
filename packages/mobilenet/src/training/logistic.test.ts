/** Logistic regression against scikit-learn 1.9.1's LogisticRegression (lbfgs, tol 1e-12), and against mathematics. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fitLogistic } from "./logistic.ts";
import { type Examples, logisticLoss, logits } from "./logistic-loss.ts";

const [rows, features] = [12, 4];
/** What scikit-learn was given: (7i² + 3ij + 5j² + i + 2j) mod 11, less 5, in quarters; labels (i² + ⌊i/2⌋) mod 3. */
const vectors = Float32Array.from({ length: rows * features }, (_, n) => {
	const [i, j] = [Math.floor(n / features), n % features];
	return (((7 * i * i + 3 * i * j + 5 * j * j + i + 2 * j) % 11) - 5) / 4;
});
const labels = Int32Array.from({ length: rows }, (_, i) => (i * i + Math.floor(i / 2)) % 3);
const three: Examples = { vectors, labels, features, classes: 3 };

/** By C: coefficients with the bias (which scikit-learn leaves free up to a constant: here of mean 0), and predict_proba of the first rows. */
const golden = [
	{
		c: 0.1,
		parameters: [
			[-0.124376212, 0.057118794, 0.03390727, 0.074746158, 0.517614025],
			[0.039821972, -0.067600568, 0.166001263, -0.079593642, 0.094559002],
			[0.08455424, 0.010481773, -0.199908533, 0.004847484, -0.612173026],
		],
		probabilities: [
			[0.588234632, 0.247206266, 0.164559102],
			[0.460702667, 0.360049544, 0.179247789],
			[0.460203983, 0.299966711, 0.239829305],
		],
	},
	{
		c: 10,
		parameters: [
			[-0.885315369, 0.859497973, 1.269255402, 0.535305593, 1.372454925],
			[-0.389610417, -0.326130797, 1.365294585, -0.643034696, 0.641857337],
			[1.274925786, -0.533367176, -2.634549987, 0.107729103, -2.014312262],
		],
		probabilities: [
			[0.916551506, 0.067787348, 0.015661146],
			[0.487387702, 0.455402602, 0.057209695],
			[0.119850023, 0.073571866, 0.806578111],
		],
	},
];

/** C = 1 and `class_weight="balanced"`; the classes have 6, 4 and 2 rows. */
const balanced = {
	weights: Float32Array.from(labels, (label) => 12 / 3 / [6, 4, 2][label]!),
	parameters: [
		[-0.476113093, 0.377352193, 0.442288875, 0.284826714],
		[-0.035778802, -0.255087149, 0.717739946, -0.330844009],
		[0.511891895, -0.122265045, -1.16002882, 0.046017294],
	],
	probabilities: [
		[0.67423115, 0.144474381, 0.181294469],
		[0.316631304, 0.434463745, 0.248904952],
		[0.157825299, 0.129937714, 0.712236987],
	],
} as const;

describe("logistic regression", () => {
	it("weighs rows as scikit-learn's class_weight does", () => {
		const examples = { ...three, weights: balanced.weights };
		const { parameters } = fitLogistic(examples, { strength: 1 / rows, tolerance: 1e-14 });
		for (const [k, row] of balanced.parameters.entries())
			for (const [j, weight] of row.entries())
				expect(parameters[k * (features + 1) + j]).toBeCloseTo(weight, 5);
		const found = new Float64Array(9);
		logits(three, 0, 3, parameters, found);
		for (const [row, expected] of balanced.probabilities.entries()) {
			const powers = found.subarray(row * 3, row * 3 + 3).map(Math.exp);
			const sum = powers.reduce((total, x) => total + x);
			for (const [k, p] of expected.entries()) expect(powers[k]! / sum).toBeCloseTo(p, 5);
		}
	});

	for (const { c, parameters, probabilities } of golden)
		it(`finds what scikit-learn finds with C = ${c}`, () => {
			const fit = fitLogistic(three, { strength: 1 / (c * rows), tolerance: 1e-14 });
			for (const [i, expected] of parameters.flat().entries())
				expect(fit.parameters[i]).toBeCloseTo(expected, 5);
			const found = new Float64Array(9);
			logits(three, 0, 3, fit.parameters, found);
			for (const [row, expected] of probabilities.entries()) {
				const powers = found.subarray(row * 3, row * 3 + 3).map(Math.exp);
				const sum = powers.reduce((total, x) => total + x);
				for (const [k, p] of expected.entries()) expect(powers[k]! / sum).toBeCloseTo(p, 6);
			}
		});

	it("of two classes is scikit-learn's binary one with twice the strength, for two rows of weights share the penalty", () => {
		const two = { ...three, labels: labels.map((label) => label % 2), classes: 2 };
		const { parameters } = fitLogistic(two, { strength: 2 / rows, tolerance: 1e-14 });
		const expected = [0.178489506, -0.359624348, 0.578717025, -0.389262957, -0.802116509];
		for (const [j, value] of expected.entries())
			expect(parameters[features + 1 + j]! - parameters[j]!).toBeCloseTo(value, 6);
	});

	it("ends where it began if that is the optimum", () => {
		const { parameters } = fitLogistic(three, { strength: 0.01 });
		const again = fitLogistic(three, { strength: 0.01, start: parameters });
		expect(again.evaluations).toBe(1);
		expect(again.parameters).toEqual(parameters);
	});

	it("ends where classes can be told apart perfectly, and where all vectors are alike", () => {
		const apart: Examples = {
			vectors: Float32Array.of(-1, -2, 1, 2),
			labels: Int32Array.of(0, 0, 1, 1),
			features: 1,
			classes: 2,
		};
		const { loss } = fitLogistic(apart, { strength: 1e-6 });
		expect(loss).toBeGreaterThan(0);
		expect(loss).toBeLessThan(1e-3);
		// Of vectors that say nothing, the biases tell the shares of the classes.
		const alike = { ...apart, vectors: new Float32Array(4), labels: Int32Array.of(0, 1, 1, 1) };
		const { parameters } = fitLogistic(alike, { strength: 0.1, tolerance: 1e-12 });
		expect(parameters[3]! - parameters[1]!).toBeCloseTo(Math.log(3), 4);
	});

	it("refuses what does not fit together", () => {
		expect(() => fitLogistic({ ...three, features: 5 }, { strength: 1 })).toThrow(/need 12 vectors of 5/);
		expect(() => fitLogistic({ ...three, classes: 2 }, { strength: 1 })).toThrow(/from 0 to 1, not 2/);
		const broken = vectors.with(6, Number.NaN);
		expect(() => fitLogistic({ ...three, vectors: broken }, { strength: 1 })).toThrow(
			/vector 1 holds NaN at 2/,
		);
	});
});

describe("the loss of logistic regression", () => {
	it("is the formula, and its gradient the slope, for any number of rows, features and classes", () => {
		fc.assert(
			fc.property(
				fc.integer({ min: 1, max: 70 }),
				fc.integer({ min: 1, max: 9 }),
				fc.integer({ min: 1, max: 11 }),
				fc.integer({ min: 0, max: 1e6 }),
				(n, d, k, salt) => {
					const pseudo = (i: number): number => Math.sin(i * 12.9898 + salt);
					const examples: Examples = {
						vectors: Float32Array.from({ length: n * d }, (_, i) => pseudo(i)),
						labels: Int32Array.from({ length: n }, (_, i) => (i * 7 + salt) % k),
						features: d,
						classes: k,
					};
					const strength = 0.3;
					const { size, at } = logisticLoss(examples, strength);
					const parameters = Float64Array.from({ length: size }, (_, i) => pseudo(i + 1000));
					const gradient = new Float64Array(size);
					expect(at(parameters, gradient)).toBeCloseTo(plainLoss(examples, parameters, strength), 10);
					const scratch = new Float64Array(size);
					for (const i of [0, d, size - 1]) {
						const [more, less] = [1e-5, -1e-5].map((step) =>
							at(parameters.with(i, parameters[i]! + step), scratch),
						);
						expect(gradient[i]).toBeCloseTo((more! - less!) / 2e-5, 6);
					}
				},
			),
			{ numRuns: 60 },
		);
	});
});

function plainLoss(
	{ vectors, labels, features, classes }: Examples,
	parameters: Float64Array,
	strength: number,
) {
	let [loss, squares] = [0, 0];
	for (const [row, label] of labels.entries()) {
		const scores = Array.from({ length: classes }, (_, c) => {
			let score = parameters[c * (features + 1) + features]!;
			for (let j = 0; j < features; j++)
				score += parameters[c * (features + 1) + j]! * vectors[row * features + j]!;
			return score;
		});
		loss += Math.log(scores.reduce((sum, x) => sum + Math.exp(x), 0)) - scores[label]!;
	}
	for (let c = 0; c < classes; c++)
		for (let j = 0; j < features; j++) squares += parameters[c * (features + 1) + j]! ** 2;
	return loss / labels.length + (strength / 2) * squares;
}
