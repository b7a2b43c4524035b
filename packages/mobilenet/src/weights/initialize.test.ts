import { describe, expect, test } from "vitest";
import { configure } from "../network/configuration.ts";
import { layers } from "../network/layers.ts";
import { checkTensors } from "./check.ts";
import { type InitializationMethod, initialize } from "./initialize.ts";
import type { Model } from "./model.ts";

const configuration = configure({ classes: 1000 });
const numbers = ({ tensors }: Model, name: string) => tensors.get(name)!.data as Float32Array;

// A normal distribution cut off at two deviations has the variance 1 − 4φ(2) / (2Φ(2) − 1) of the whole one's,
// where φ(2) = 0.0539910 and 2Φ(2) − 1 = 0.9544997.
const truncatedDeviation = 0.09 * Math.sqrt(1 - (4 * 0.053990967) / 0.954499736);
const deviations: { readonly [M in InitializationMethod]: (inputs: number) => number } = {
	he: (inputs) => Math.sqrt(2 / inputs),
	"truncated-normal": () => truncatedDeviation,
};

describe.each(["he", "truncated-normal"] as const)("%s", (method) => {
	const model = initialize(configuration, { seed: 11, method });

	test.each([
		["stem.conv.weight", 27],
		["blocks.12.depthwise.conv.weight", 9],
		["blocks.5.pointwise.conv.weight", 256],
		["blocks.12.pointwise.conv.weight", 1024],
		["classifier.weight", 1024],
	])("%s has mean 0 and the deviation of %i inputs", (name, inputs) => {
		const weights = numbers(model, name);
		const deviation = deviations[method](inputs);
		const mean = weights.reduce((sum, w) => sum + w, 0) / weights.length;
		const variance = weights.reduce((sum, w) => sum + w * w, 0) / weights.length;
		// Six deviations of the estimates: σ/√n of the mean, at most σ²·√(2/n) of the variance.
		expect(Math.abs(mean)).toBeLessThan((6 * deviation) / Math.sqrt(weights.length));
		expect(Math.abs(variance / deviation ** 2 - 1)).toBeLessThan(6 * Math.sqrt(2 / weights.length));
	});

	test("every tensor is there, batch norm does nothing, biases are 0", () => {
		checkTensors(model);
		expect(new Set(numbers(model, "blocks.3.depthwise.bn.weight"))).toEqual(new Set([1]));
		expect(new Set(numbers(model, "blocks.3.depthwise.bn.bias"))).toEqual(new Set([0]));
		expect(new Set(numbers(model, "blocks.3.depthwise.bn.running_mean"))).toEqual(new Set([0]));
		expect(new Set(numbers(model, "blocks.3.depthwise.bn.running_var"))).toEqual(new Set([1]));
		expect(new Set(numbers(model, "classifier.bias"))).toEqual(new Set([0]));
		expect(model.labels).toBeUndefined();
		expect(model.preprocessing.mean).toEqual([127.5, 127.5, 127.5]);
	});
});

test("the truncated normal has nothing beyond two deviations, and something close to them", () => {
	const weights = numbers(initialize(configuration, { method: "truncated-normal" }), "classifier.weight");
	const largest = weights.reduce((most, w) => Math.max(most, Math.abs(w)), 0);
	expect(largest).toBeLessThanOrEqual(Math.fround(0.18));
	expect(largest).toBeGreaterThan(0.179);
});

describe("the seed", () => {
	const small = configure({ alpha: 0.1, classes: 3 });
	const all = (model: Model) => [...model.tensors].map(([name, { data }]) => [name, [...data]]);

	test("fixes the weights", () => {
		expect(all(initialize(small, { seed: 4 }))).toEqual(all(initialize(small, { seed: 4 })));
		expect(all(initialize(small))).toEqual(all(initialize(small, { seed: 0, method: "he" })));
	});

	test("changes every layer's", () => {
		const [a, b] = [initialize(small, { seed: 4 }), initialize(small, { seed: 5 })];
		for (const { name, kind } of layers(small)) {
			if (kind === "pool") continue;
			const weight = kind === "dense" ? `${name}.weight` : `${name}.conv.weight`;
			expect(numbers(a, weight)).not.toEqual(numbers(b, weight));
		}
	});

	test("gives the same features whatever the classifier", () => {
		const [a, b] = [initialize(small), initialize(configure({ alpha: 0.1, classes: 7 }))];
		expect(numbers(a, "blocks.12.pointwise.conv.weight")).toEqual(
			numbers(b, "blocks.12.pointwise.conv.weight"),
		);
	});
});
