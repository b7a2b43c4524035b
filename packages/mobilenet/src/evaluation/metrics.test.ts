import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MobileNetError } from "../base/error.ts";
import { createTally, metricsOf } from "./metrics.ts";

const rows = (...numbers: readonly (readonly number[])[]) => numbers.map((row) => Float32Array.from(row));
/** Probabilities whose best is this class. */
const answers = (classes: number, ...best: readonly number[]) =>
	rows(...best.map((b) => Array.from({ length: classes }, (_, i) => (i === b ? 0.7 : 0.3 / (classes - 1)))));

describe("metrics", () => {
	it("are those of scikit-learn's documentation", () => {
		// confusion_matrix and precision_recall_fscore_support of [2, 0, 2, 2, 0, 1] and [0, 0, 2, 2, 0, 2].
		const metrics = metricsOf(Int32Array.of(2, 0, 2, 2, 0, 1), answers(3, 0, 0, 2, 2, 0, 2));
		expect(metrics.confusion).toEqual([
			{ truth: 0, predicted: 0, pictures: 2 },
			{ truth: 1, predicted: 2, pictures: 1 },
			{ truth: 2, predicted: 0, pictures: 1 },
			{ truth: 2, predicted: 2, pictures: 2 },
		]);
		// Class 1 is never the answer: its precision is none, which scikit-learn calls 0.
		expect(metrics.classes).toEqual([
			{ index: 0, support: 2, predicted: 3, precision: 2 / 3, recall: 1, f1: 0.8 },
			{ index: 1, support: 1, predicted: 0, precision: null, recall: 0, f1: 0 },
			{ index: 2, support: 3, predicted: 3, precision: 2 / 3, recall: 2 / 3, f1: 2 / 3 },
		]);
		expect(metrics.mean.precision).toBeCloseTo(4 / 9, 12);
		expect(metrics.mean.recall).toBeCloseTo(5 / 9, 12);
		expect(metrics.mean.f1).toBeCloseTo(22 / 45, 12);
		expect(metrics.top1).toBe(4 / 6);
	});

	it("are those of classification_report's example", () => {
		const { mean, classes } = metricsOf(Int32Array.of(0, 1, 2, 2, 2), answers(3, 0, 0, 2, 2, 1));
		expect(classes.map(({ f1 }) => f1)).toEqual([2 / 3, 0, 0.8]);
		expect(mean.precision).toBeCloseTo(0.5, 12);
		expect(mean.recall).toBeCloseTo(0.555556, 6);
		expect(mean.f1).toBeCloseTo(0.488889, 6);
	});

	it("have the loss of log_loss's example", () => {
		// ["spam", "ham", "ham", "spam"] with ham first: 0.21616… in the documentation.
		const probabilities = rows([0.1, 0.9], [0.9, 0.1], [0.8, 0.2], [0.35, 0.65]);
		expect(metricsOf(Int32Array.of(1, 0, 0, 1), probabilities).loss).toBeCloseTo(0.21616187, 6);
	});

	it("have the top-k of top_k_accuracy_score's example", () => {
		const probabilities = rows([0.5, 0.2, 0.2], [0.3, 0.4, 0.2], [0.2, 0.4, 0.3], [0.7, 0.2, 0.1]);
		const metrics = metricsOf(Int32Array.of(0, 1, 2, 2), probabilities, { topK: 2 });
		expect(metrics.topK).toEqual({ k: 2, share: 0.75 });
		expect(metrics.top1).toBe(0.5);
		expect(metrics.top5).toBe(1);
	});

	it("tell of sure answers alone how many are right", () => {
		const probabilities = rows([0.5, 0.25, 0.25], [0.3, 0.4, 0.3], [0.2, 0.75, 0.05], [0.7, 0.2, 0.1]);
		const sure = (sureFrom?: number) =>
			metricsOf(Int32Array.of(0, 1, 2, 2), probabilities, { sureFrom }).sure;
		// Float32 holds 0.5 and 0.75 as they are: an answer of just that is sure.
		expect(sure(0.5)).toEqual({ share: 0.75, top1: 1 / 3 });
		expect(sure(0.75)).toEqual({ share: 0.25, top1: 0 });
		expect(sure(0.8)).toEqual({ share: 0, top1: null });
		expect(sure(0.1)).toEqual({ share: 1, top1: 0.5 });
		expect(metricsOf(Int32Array.of(0, 1, 2, 2), probabilities)).not.toHaveProperty("sure");
	});

	it("agree with scikit-learn 1.9.1 and NumPy on 200 pictures of 7 classes", () => {
		let state = 12345;
		const next = (): number => {
			state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
			return state >> 16;
		};
		const labels = new Int32Array(200);
		const probabilities = Array.from(labels, (_, picture) => {
			const row = Array.from({ length: 7 }, () => (next() % 97) + 1);
			labels[picture] = next() % 7;
			row[labels[picture]!]! += 60;
			const sum = row.reduce((total, n) => total + n, 0);
			return Float32Array.from(row, (n) => n / sum);
		});
		const metrics = metricsOf(labels, probabilities, { topK: 3 });
		expect(metrics.top1).toBeCloseTo(0.8, 12);
		expect(metrics.topK?.share).toBeCloseTo(0.95, 12);
		expect(metrics.loss).toBeCloseTo(1.3128730587423465, 10);
		expect(metrics.mean.precision).toBeCloseTo(0.8053162792990672, 12);
		expect(metrics.mean.recall).toBeCloseTo(0.80172866155009, 12);
		expect(metrics.mean.f1).toBeCloseTo(0.7976077863794835, 12);
		const matrix = Array.from({ length: 7 }, () => new Array<number>(7).fill(0));
		for (const { truth, predicted, pictures } of metrics.confusion) matrix[truth]![predicted] = pictures;
		expect(matrix).toEqual([
			[21, 3, 2, 1, 1, 1, 1],
			[0, 20, 4, 0, 0, 1, 0],
			[0, 0, 25, 0, 0, 0, 1],
			[1, 1, 1, 20, 1, 1, 0],
			[2, 2, 2, 1, 20, 0, 0],
			[0, 1, 4, 1, 1, 25, 0],
			[2, 0, 0, 2, 1, 1, 29],
		]);
		expect(metrics.ece).toBeCloseTo(0.5151403997093439, 10);
		expect(metrics.reliability.slice(2, 8).map(({ pictures }) => pictures)).toEqual([11, 75, 75, 27, 10, 2]);
	});

	it("have the calibration that follows by hand", () => {
		// Confidences 0.9, 0.9 (bin of 13/15 … 14/15), 0.59 and 0.58 (8/15 … 9/15); right, wrong, wrong, right.
		const probabilities = rows([0.9, 0.1], [0.9, 0.1], [0.41, 0.59], [0.58, 0.42]);
		const { ece, reliability } = metricsOf(Int32Array.of(0, 1, 0, 0), probabilities);
		expect(ece).toBeCloseTo((2 / 4) * Math.abs(0.5 - 0.9) + (2 / 4) * Math.abs(0.5 - 0.585), 6);
		expect(reliability).toHaveLength(15);
		expect(reliability.map(({ pictures }) => pictures)).toEqual([
			...[0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 2, 0],
		]);
		expect(reliability[13]).toMatchObject({ from: 13 / 15, to: 14 / 15, accuracy: 0.5 });
		expect(reliability[13]!.confidence).toBeCloseTo(0.9, 6);
		expect(reliability[0]).toMatchObject({ confidence: null, accuracy: null });
	});

	it("count a class whose probability equals another's after those of smaller number", () => {
		const probabilities = rows([0.25, 0.25, 0.25, 0.25]);
		const rank = (truth: number) =>
			[1, 2, 3, 4].find((topK) => metricsOf(Int32Array.of(truth), probabilities, { topK }).topK!.share === 1);
		expect([0, 1, 2, 3].map(rank)).toEqual([1, 2, 3, 4]);
	});

	it("have a finite loss where the true class has no probability at all", () => {
		expect(metricsOf(Int32Array.of(1), rows([1, 0])).loss).toBeCloseTo(23 * Math.LN2, 12);
	});

	it("hold together, whatever the numbers", () => {
		const data = fc.integer({ min: 1, max: 9 }).chain((classes) =>
			fc.array(
				fc.record({
					truth: fc.integer({ min: 0, max: classes - 1 }),
					row: fc.array(fc.float({ min: 0, max: 1, noNaN: true }), {
						minLength: classes,
						maxLength: classes,
					}),
				}),
				{ minLength: 1, maxLength: 40 },
			),
		);
		fc.assert(
			fc.property(data, (pictures) => {
				const metrics = metricsOf(
					Int32Array.from(pictures, ({ truth }) => truth),
					rows(...pictures.map(({ row }) => row)),
				);
				const sum = (numbers: readonly number[]) => numbers.reduce((total, n) => total + n, 0);
				const n = pictures.length;
				expect(sum(metrics.confusion.map((one) => one.pictures))).toBe(n);
				expect(sum(metrics.classes.map(({ support }) => support))).toBe(n);
				expect(sum(metrics.classes.map(({ predicted }) => predicted))).toBe(n);
				expect(sum(metrics.reliability.map((bin) => bin.pictures))).toBe(n);
				const right = metrics.confusion.filter(({ truth, predicted }) => truth === predicted);
				expect(metrics.top1).toBeCloseTo(sum(right.map((one) => one.pictures)) / n, 12);
				expect(metrics.top5).toBeGreaterThanOrEqual(metrics.top1);
				expect(metrics.ece).toBeGreaterThanOrEqual(0);
				expect(metrics.ece).toBeLessThanOrEqual(1);
				for (const { from, to, pictures: count, confidence } of metrics.reliability)
					if (count > 0 && confidence! > 0) {
						expect(confidence).toBeGreaterThan(from - 1e-6);
						expect(confidence).toBeLessThan(to + 1e-6);
					}
			}),
		);
	});

	it.each<readonly [string, () => unknown, RegExp]>([
		["no pictures", () => metricsOf(new Int32Array(0), []), /^there are no pictures to evaluate\.$/],
		["labels without rows", () => metricsOf(Int32Array.of(1), []), /1 labels, but 0 rows/],
		[
			"rows of several lengths",
			() => metricsOf(Int32Array.of(0, 0), rows([1, 0], [1])),
			/picture 1 has 1 probabilities, but those before it have 2/,
		],
		["a class that is none", () => metricsOf(Int32Array.of(2), rows([1, 0])), /picture 0 is of class 2/],
		["a picture without class", () => metricsOf(Int32Array.of(-1), rows([1, 0])), /is of class -1/],
		["what is no number", () => metricsOf(Int32Array.of(0), rows([Number.NaN, 0])), /not numbers \(NaN\)/],
		["no answers", () => createTally(3, { topK: 0 }), /topK must be a whole number of at least 1, not 0/],
	])("refuse %s", (_, run, message) => {
		expect(run).toThrow(MobileNetError);
		expect(run).toThrow(message);
	});
});
