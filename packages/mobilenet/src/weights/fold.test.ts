import { describe, expect, test } from "vitest";
import { MobileNetError } from "../base/error.ts";
import { random } from "../base/random.ts";
import { configure } from "../network/configuration.ts";
import { isConvolution, layers } from "../network/layers.ts";
import { checkTensors } from "./check.ts";
import { fold, foldedWeights } from "./fold.ts";
import { initialize } from "./initialize.ts";
import type { Model } from "./model.ts";
import { weightedParts } from "./parts.ts";
import type { Tensor } from "./tensor.ts";

const configuration = configure({ alpha: 0.3, classes: 3, epsilon: 0.01 });
const convolutions = layers(configuration).filter(isConvolution);

/** Every tensor random; variances above 0, one of them almost 0. */
function randomModel(withBias: boolean): Model {
	const { normal, uniform } = random(3);
	const model = initialize(configuration);
	const tensors = new Map(model.tensors);
	const fill = (name: string, length: number, draw: () => number) =>
		tensors.set(name, { dtype: "F32", shape: [length], data: Float32Array.from({ length }, draw) });
	for (const { name, outputChannels: channels } of convolutions) {
		fill(`${name}.bn.weight`, channels, normal);
		fill(`${name}.bn.bias`, channels, normal);
		fill(`${name}.bn.running_mean`, channels, normal);
		fill(`${name}.bn.running_var`, channels, () => 4 * uniform() ** 4);
		if (withBias) fill(`${name}.conv.bias`, channels, normal);
	}
	return { ...model, tensors };
}

const numbers = ({ tensors }: Model, name: string): Float32Array => tensors.get(name)!.data as Float32Array;

/** One output pixel of one channel: the filter on a patch of the input. */
function convolve(weights: Float32Array, channel: number, channels: number, patch: Float64Array): number {
	const filter = weights.length / channels;
	let sum = 0;
	for (let i = 0; i < filter; i++) sum += weights[channel * filter + i]! * patch[i]!;
	return sum;
}

describe.each([false, true])("folding, with a bias before batch norm: %s", (withBias) => {
	const model = randomModel(withBias);
	const folded = fold(model);

	test.each(convolutions.map((layer) => [layer.name, layer] as const))(
		"%s gives what it gave",
		(name, layer) => {
			const channels = layer.outputChannels;
			const weights = numbers(model, `${name}.conv.weight`);
			const { normal } = random(5);
			const patch = Float64Array.from({ length: weights.length / channels }, normal);
			for (let c = 0; c < channels; c++) {
				// y = γ(conv(x) + b − μ)/√(σ² + ε) + β
				const part = (of: string) => numbers(model, `${name}.bn.${of}`)[c]!;
				const bias = withBias ? numbers(model, `${name}.conv.bias`)[c]! : 0;
				const convolved = convolve(weights, c, channels, patch) + bias;
				const centered = convolved - part("running_mean");
				const expected = (part("weight") * centered) / Math.sqrt(part("running_var") + 0.01) + part("bias");

				const received =
					convolve(numbers(folded, `${name}.conv.weight`), c, channels, patch) +
					numbers(folded, `${name}.conv.bias`)[c]!;
				// Every folded weight and bias is rounded to float32 once: 2^−24 of itself.
				const magnitude =
					convolve(numbers(folded, `${name}.conv.weight`).map(Math.abs), c, channels, patch.map(Math.abs)) +
					Math.abs(numbers(folded, `${name}.conv.bias`)[c]!);
				expect(Math.abs(received - expected)).toBeLessThanOrEqual(magnitude * 2 ** -23);
			}
		},
	);

	test("no batch norm is left, and every tensor has its shape", () => {
		expect([...folded.tensors.keys()].filter((name) => name.includes(".bn."))).toEqual([]);
		expect(folded.tensors.size).toBe(2 * convolutions.length + 2);
		checkTensors(folded);
	});

	test("the given model is as it was, and what needs no folding is shared", () => {
		expect(model.tensors.size).toBe((withBias ? 6 : 5) * convolutions.length + 2);
		expect(folded.tensors.get("classifier.weight")).toBe(model.tensors.get("classifier.weight"));
		const again = fold(folded);
		for (const [name, tensor] of folded.tensors) expect(again.tensors.get(name)).toBe(tensor);
	});
});

test("the numbers of a folded layer are its tensors' own, and no other layer has them", () => {
	const model = randomModel(false);
	const folded = fold(model);
	const [stem] = weightedParts(folded);
	expect(foldedWeights(stem!).weight).toBe(folded.tensors.get("stem.conv.weight")!.data);
	expect(foldedWeights(stem!).bias).toBe(folded.tensors.get("stem.conv.bias")!.data);
	expect(() => foldedWeights(weightedParts(model)[0]!)).toThrow(
		"stem.conv.bias must be F32, as in a model that was dequantized and folded, but it is missing.",
	);
	const weight: Tensor = { dtype: "I8", shape: [9, 3, 3, 3], data: new Int8Array(243) };
	expect(() => foldedWeights({ ...stem!, weight })).toThrow("stem.conv.weight must be F32");
});

describe("what cannot be folded is refused", () => {
	const model = randomModel(false);
	const foldWith = (name: string, tensor: Tensor | undefined) => {
		const tensors = new Map(model.tensors);
		if (tensor) tensors.set(name, tensor);
		else tensors.delete(name);
		return () => fold({ ...model, tensors });
	};
	const vector = (data: Float32Array): Tensor => ({ dtype: "F32", shape: [data.length], data });

	test("a part of batch norm is missing or misshapen", () => {
		expect(foldWith("stem.bn.running_var", undefined)).toThrow(
			"the tensor stem.bn.running_var must have the shape [9] in this network, but it is missing.",
		);
		expect(foldWith("stem.bn.bias", vector(new Float32Array(8)))).toThrow("but it is F32 of shape [8].");
		expect(foldWith("stem.conv.weight", undefined)).toThrow(MobileNetError);
	});

	test("a half-precision tensor has to be widened first", () => {
		const half: Tensor = { dtype: "F16", shape: [9], data: new Uint16Array(9) };
		expect(foldWith("stem.bn.bias", half)).toThrow("but it is F16 of shape [9].");
	});

	test.each([-0.02, Number.NaN])("a variance of %s", (variance) => {
		expect(foldWith("stem.bn.running_var", vector(new Float32Array(9).fill(variance, 4)))).toThrow(
			"stem.bn.running_var must hold variances, but number 4 is",
		);
	});
});
