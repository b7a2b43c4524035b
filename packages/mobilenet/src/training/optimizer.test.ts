import { describe, expect, it } from "vitest";
import {
	averageShare,
	checkOptimizer,
	clippingFactor,
	optimizers,
	updateSettings,
	usualLearningRate,
} from "./optimizer.ts";

describe("clipping", () => {
	it("brings a long gradient to the limit and leaves a short one", () => {
		expect(clippingFactor(2, 5)).toBe(1);
		expect(10 * clippingFactor(10, 5)).toBeCloseTo(5, 5);
		expect(clippingFactor(0, 5)).toBe(1);
	});
});

describe("the moving average", () => {
	it("is a mean with exponential weights that add up to 1", () => {
		const decay = 0.9;
		const values = [3, -1, 4, 1, -5, 9];
		let average = 123;
		for (const [i, value] of values.entries()) average += averageShare(decay, i + 1) * (value - average);
		const weights = values.map((_, i) => decay ** (values.length - 1 - i));
		const mean =
			values.reduce((sum, value, i) => sum + value * weights[i]!, 0) / weights.reduce((a, b) => a + b);
		expect(average).toBeCloseTo(mean, 10);
	});
});

describe("an optimizer", () => {
	it("tells the engine what it has, and 0 of what it has not", () => {
		const place = { learningRate: 0.1, weightDecay: 0, step: 1, gradientFactor: 1, averageShare: 0 };
		expect(updateSettings(optimizers.rmsprop, place)).toEqual({
			...place,
			momentum: 0.9,
			nesterov: false,
			decay: 0.9,
			beta1: 0,
			beta2: 0,
			epsilon: 1,
		});
	});

	it("has a rate for a batch", () => {
		expect(usualLearningRate("sgd", 64)).toBeCloseTo(0.1);
		expect(usualLearningRate("adamw", 64)).toBeCloseTo(0.002);
	});

	it.each([
		[{ ...optimizers.sgd, momentum: 0 }, /momentum must be above 0 for Nesterov's rule, not 0\.$/],
		[{ ...optimizers.rmsprop, epsilon: 0 }, /epsilon must be a number above 0, not 0\.$/],
		[{ ...optimizers.adamw, beta2: 1 }, /beta2 must be a number from 0 to below 1, not 1\.$/],
		[{ kind: "lion" } as never, /must be sgd, rmsprop, adamw, not "lion"\.$/],
	])("is refused where it cannot work", (optimizer, message) => {
		expect(() => checkOptimizer(optimizer)).toThrow(message);
	});
});
