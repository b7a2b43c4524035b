/**
 * Temperature: one number by which logits are divided, so that probabilities mean what they say. It is found on answers
 * of classifiers that were not trained on the picture.
 *
 * Source: Guo, Pleiss, Sun and Weinberger 2017, "On Calibration of Modern Neural Networks", section 4.2.
 */
import { judgedRow } from "./cross-validation.ts";

/** Answers to few pictures, all of them right, would ask for certainty. */
const limits = { coldest: 0.5, hottest: 4 } as const;
const tolerance = 1e-4;

/**
 * The temperature of the least loss, from 0.5 to 4. The loss is convex in 1 / temperature, so a search for the lowest
 * point finds it.
 *
 * @param logits [rows, classes]
 * @param weights how much each row counts. Default: all the same
 * @example
 * temperatureOf(Float64Array.of(4, 0, 4, 0, 4, 0, 4, 0), Int32Array.of(0, 0, 0, 1), 2) // 3.64: three of four are right
 */
export function temperatureOf(
	logits: Float64Array,
	labels: Int32Array,
	classes: number,
	weights?: Float32Array,
): number {
	const row = new Float64Array(classes);
	const lossAt = (temperature: number): number => {
		let sum = 0;
		for (const [i, label] of labels.entries()) {
			for (let c = 0; c < classes; c++) row[c] = logits[i * classes + c]! / temperature;
			sum += (weights?.[i] ?? 1) * judgedRow(row, label).loss;
		}
		return sum;
	};
	if (labels.length === 0) return 1;
	// Golden-section search over 1 / temperature.
	const golden = (Math.sqrt(5) - 1) / 2;
	let [low, high] = [1 / limits.hottest, 1 / limits.coldest];
	let [left, right] = [high - golden * (high - low), low + golden * (high - low)];
	let [leftLoss, rightLoss] = [lossAt(1 / left), lossAt(1 / right)];
	while (high - low > tolerance) {
		if (leftLoss <= rightLoss) {
			high = right;
			[right, rightLoss] = [left, leftLoss];
			left = high - golden * (high - low);
			leftLoss = lossAt(1 / left);
		} else {
			low = left;
			[left, leftLoss] = [right, rightLoss];
			right = low + golden * (high - low);
			rightLoss = lossAt(1 / right);
		}
	}
	return 2 / (low + high);
}
