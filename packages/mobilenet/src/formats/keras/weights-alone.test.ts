import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Dialect, kerasOf, usualDialect } from "../../../test/support/keras.ts";
import { processorTime } from "../../../test/support/processor-time.ts";
import { MobileNetError } from "../../base/error.ts";
import { type Configuration, configure } from "../../network/configuration.ts";
import { filled, type Tensor } from "../../weights/tensor.ts";
import { recognize } from "../chain/recognize.ts";
import { type KerasWeightedLayer, kerasChainOfWeights } from "./weights-alone.ts";

const small = configure({ alpha: 0.25, size: 64, classes: 5 });
const about = { name: "weights.h5", format: "Test" };
const read = (layers: readonly KerasWeightedLayer[]) => recognize(kerasChainOfWeights(layers, about));

/** The layers of a network as a file of weights has them, those without weights too. */
function layersOf(configuration: Configuration, dialect: Partial<Dialect> = {}): KerasWeightedLayer[] {
	const { topology, weights } = kerasOf(configuration, { ...usualDialect, ...dialect, graph: "sequential" });
	return topology.config.layers.map(({ config }) => {
		const own = [...weights].filter(([name]) => name.split("/")[0] === config.name);
		return {
			name: String(config.name),
			weights: new Map(own.map(([name, tensor]) => [name.split("/")[1]!, tensor])),
		};
	});
}

const add = (layers: readonly KerasWeightedLayer[], name: string, weights: Record<string, Tensor> = {}) => [
	...layers,
	{ name, weights: new Map(Object.entries(weights)) },
];
const without = (layers: readonly KerasWeightedLayer[], ...names: string[]): KerasWeightedLayer[] =>
	layers.filter(({ name }) => !names.includes(name));

function refusal(layers: readonly KerasWeightedLayer[]): string {
	try {
		read(layers);
	} catch (error) {
		expect(error).toBeInstanceOf(MobileNetError);
		expect((error as MobileNetError).message).toMatch(/^weights\.h5[^\n]*\.$/);
		return `${(error as MobileNetError).code}: ${(error as MobileNetError).message}`;
	}
	throw new Error("it was read");
}

describe("weights alone", () => {
	test("are Keras's own MobileNet, and what they do not say is assumed", () => {
		const { configuration, tensors, source } = read(layersOf(small));
		expect(configuration).toEqual(
			configure({ preset: "tf", padding: "keras", stemPadding: "same", alpha: 0.25, classes: 5 }),
		);
		expect(source.assumed).toEqual([
			...["size", "padding", "lastBlock", "activation", "epsilon", "dropout", "output"],
			...["mean", "std", "channelOrder", "filter", "fit"],
		]);
		expect(source.notes).toEqual([expect.stringMatching(/^It holds weights only; strides, padding/)]);
		// 27 convolutions and as many batch norms of four, then the classifier's two.
		expect(tensors.size).toBe(27 * 5 + 2);
		// Numbered as they stand in the file: the stem's kernel, its batch norm, and the first depthwise kernel.
		expect(tensors.get("stem.conv.weight")).toEqual(filled([8, 3, 3, 3], 1));
		expect(tensors.get("stem.bn.running_var")).toEqual(filled([8], 5));
		expect(tensors.get("blocks.0.depthwise.conv.weight")).toEqual(filled([8, 1, 3, 3], 6));
		expect(tensors.get("classifier.bias")).toEqual(filled([5], 137));
	});

	test("of any width, depth, channels and classes, by any names", () => {
		const fields = fc.record({
			alpha: fc.constantFrom(0.25, 0.5, 0.75, 1),
			depth: fc.constantFrom("full", "shallow"),
			inputChannels: fc.constantFrom(1, 3),
			classes: fc.integer({ min: 2, max: 9 }),
			head: fc.boolean(),
		} as const);
		const dialect = fc.record({
			classifier: fc.constantFrom("Dense", "Conv2D"),
			activations: fc.constantFrom("Activation", "inside"),
		} as const);
		fc.assert(
			fc.property(fields, dialect, fc.boolean(), (given, spoken, keras3) => {
				const layers = layersOf(configure({ ...given, dropout: 0 }), spoken).map(({ weights }, i) => ({
					name: `layer_${i}`,
					weights: new Map(
						[...weights].map(([name, tensor]) => [keras3 ? name.replace("depthwise_", "") : name, tensor]),
					),
				}));
				const headless = { classes: 1001, output: "logits" } as const;
				expect(read(layers).configuration).toEqual(
					configure({
						...given,
						dropout: 0,
						padding: "keras",
						stemPadding: "same",
						...(given.head ? {} : headless),
					}),
				);
			}),
			{ numRuns: 40 },
		);
	});

	test("with biases before their batch norms keep both", () => {
		const layers = layersOf(small).map((layer) =>
			layer.name === "blocks_3_pointwise"
				? { ...layer, weights: new Map([...layer.weights, ["bias", filled([64], 7)]]) }
				: layer,
		);
		const { tensors } = read(layers);
		expect(tensors.get("blocks.3.pointwise.conv.bias")).toEqual(filled([64], 7));
	});

	test("that end before the pool, or with it", () => {
		const layers = layersOf(configure({ alpha: 0.25, head: false }));
		expect(read(layers).configuration.head).toBe(false);
		expect(read(layers).source.notes).toHaveLength(1);
		expect(read(without(layers, "pool")).source.notes).toEqual([
			expect.stringMatching(/^It holds weights only/),
			"It ends with the last block; the average pool after it is added.",
		]);
	});

	test("of other networks are refused", () => {
		const layers = layersOf(small);
		const headless = layersOf(configure({ alpha: 0.25, head: false }));
		expect(refusal([])).toBe("not-mobilenet: weights.h5 holds no MobileNet v1: it has no weights.");
		expect(refusal(layers.slice(0, 2))).toMatch(/it has 0 depthwise separable blocks/);
		expect(refusal(without(layers, "blocks_12_depthwise"))).toMatch(
			/it is a MobileNet v1 cut off after 12 of its 13 blocks/,
		);
		expect(refusal(add(without(headless, "pool"), "global_max_pooling2d"))).toMatch(
			/the layer global_max_pooling2d of the class "GlobalMaxPooling2D"/,
		);
		expect(refusal(add(layers, "gru", { kernel: filled([3], 1), recurrent_kernel: filled([3, 9], 1) }))).toBe(
			"not-mobilenet: weights.h5 holds no MobileNet v1: the layer gru has the weights kernel [3], recurrent_kernel [3,9], which no layer of one has.",
		);
	});

	test("with two layers at the end, between which something may stand", () => {
		const two = add(layersOf(small), "dense_1", { kernel: filled([5, 2], 1), bias: filled([2], 1) });
		expect(refusal(two)).toBe(
			"unsupported: weights.h5: it holds weights only, which do not say what comes between its last layers predictions and dense_1; take the whole model.",
		);
	});

	test("in any number are told apart at once", () => {
		const weights = new Map([["kernel", filled([1, 1, 1, 1], 1)]]);
		const many = Array.from({ length: 50_000 }, (_, i) => ({ name: `a${i}`, weights }));
		const dropouts = Array.from({ length: 50_000 }, (_, i) => ({ name: `dropout_${i}`, weights: new Map() }));
		// Best of three: on a busy machine caches are shared, too, and the first time code is compiled.
		const times = [1, 2, 3].map(() => {
			const spent = processorTime();
			refusal(many);
			refusal([...layersOf(small), ...dropouts, ...many]);
			return spent();
		});
		expect(Math.min(...times)).toBeLessThan(1000);
	});
});
