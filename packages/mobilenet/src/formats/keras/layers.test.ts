import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
	type Dialect,
	type KerasModel,
	kerasOf,
	type Node,
	usualDialect,
} from "../../../test/support/keras.ts";
import { MobileNetError } from "../../base/error.ts";
import { configure } from "../../network/configuration.ts";
import { layers } from "../../network/layers.ts";
import type { Tensor } from "../../weights/tensor.ts";
import { recognize } from "../chain/recognize.ts";
import { kerasChain } from "./layers.ts";

const small = configure({ alpha: 0.25, size: 64, classes: 5 });
const about = { name: "model.json", format: "Test" };

const read = ({ topology, weights }: KerasModel) =>
	recognize(kerasChain(topology, (path, weight) => weights.get(`${path.at(-1)}/${weight}`), about));

function refusal(model: KerasModel | { topology: unknown }): string {
	try {
		read({ weights: new Map(), ...model } as KerasModel);
	} catch (error) {
		expect(error).toBeInstanceOf(MobileNetError);
		expect((error as MobileNetError).message).toMatch(/^model\.json[^\n]*\.$/);
		return `${(error as MobileNetError).code}: ${(error as MobileNetError).message}`;
	}
	throw new Error("it was read");
}

/** The model with the configuration of one layer changed. */
function withConfig(name: string, fields: Record<string, unknown>, model = kerasOf(small)): KerasModel {
	const nodes = model.topology.config.layers;
	expect(nodes.some((node) => node.config.name === name)).toBe(true);
	const changed = nodes.map((node) =>
		node.config.name === name ? { ...node, config: { ...node.config, ...fields } } : node,
	);
	return { ...model, topology: { ...model.topology, config: { ...model.topology.config, layers: changed } } };
}

/** The model with one layer in the place of another. */
function withNode(name: string, change: (node: Node) => Node, model = kerasOf(small)): KerasModel {
	const changed = model.topology.config.layers.map((node) =>
		node.config.name === name ? change(node) : node,
	);
	return { ...model, topology: { ...model.topology, config: { ...model.topology.config, layers: changed } } };
}

describe("a network that Keras wrote is recognized", () => {
	test("in every dialect", () => {
		const dialect: fc.Arbitrary<Dialect> = fc.record({
			graph: fc.constantFrom("2", "3", "sequential"),
			activations: fc.constantFrom("Activation", "layers", "inside"),
			zeros: fc.constantFrom("same", "layer"),
			pool: fc.constantFrom("GlobalAveragePooling2D", "AveragePooling2D"),
			classifier: fc.constantFrom("Dense", "Conv2D"),
			nested: fc.boolean(),
		});
		const fields = fc.record({
			alpha: fc.constantFrom(0.25, 0.35),
			size: fc.integer({ min: 32, max: 160 }),
			inputChannels: fc.integer({ min: 1, max: 3 }),
			classes: fc.integer({ min: 2, max: 9 }),
			depth: fc.constantFrom("full", "shallow"),
			padding: fc.constantFrom("same", "symmetric"),
			lastBlock: fc.constantFrom("stride1", "stride2"),
			activation: fc.constantFrom("relu6", "relu", "leakyRelu"),
			head: fc.boolean(),
			output: fc.constantFrom("softmax", "logits"),
			dropout: fc.constantFrom(0, 0.001),
		} as const);
		fc.assert(
			fc.property(dialect, fields, (spoken, given) => {
				const configuration = configure(given);
				// SAME has no word for other zeros; a leaky ReLU of any slope is a layer.
				const zeros = given.padding === "same" && given.lastBlock === "stride1" ? spoken.zeros : "layer";
				const activations = given.activation === "leakyRelu" ? "layers" : spoken.activations;
				const model = read(kerasOf(configuration, { ...spoken, zeros, activations }));
				expect(layers(model.configuration)).toEqual(layers(configuration));
				const { activation, leakySlope, head, dropout } = model.configuration;
				expect({ activation, leakySlope, head }).toEqual({
					activation: given.activation,
					leakySlope: configuration.leakySlope,
					head: given.head,
				});
				if (head) {
					expect(dropout).toBe(given.dropout);
					expect(model.configuration.output).toBe(given.output);
				}
				if (activations !== "inside")
					expect(model.configuration).toMatchObject({
						epsilon: configuration.epsilon,
						momentum: configuration.momentum,
					});
			}),
			{ numRuns: 60 },
		);
	});

	test("with kernels turned from HWIO to OIHW, and dense ones from [in, out]", () => {
		const counted = (...shape: number[]): Tensor => {
			const count = shape.reduce((a, b) => a * b);
			return { dtype: "F32", shape, data: Float32Array.from({ length: count }, (_, i) => i) };
		};
		const { topology, weights } = kerasOf(small, { ...usualDialect, classifier: "Dense" });
		const own = new Map(weights);
		own.set("stem/kernel", counted(3, 3, 3, 8));
		own.set("blocks_0_depthwise/depthwise_kernel", counted(3, 3, 8, 1));
		own.set("predictions/kernel", counted(256, 5));
		const { tensors } = read({ topology, weights: own });
		const at = (name: string, ...index: number[]): number | undefined => {
			const { shape, data } = tensors.get(name)!;
			return data[index.reduce((offset, i, axis) => offset * shape[axis]! + i, 0)];
		};
		// [h, w, i, o] of [3, 3, 3, 8] is number ((h·3 + w)·3 + i)·8 + o.
		for (const [o, i, h, w] of [
			[0, 0, 0, 1],
			[7, 2, 1, 0],
			[3, 1, 2, 2],
		] as const)
			expect(at("stem.conv.weight", o, i, h, w)).toBe(((h * 3 + w) * 3 + i) * 8 + o);
		expect(at("blocks.0.depthwise.conv.weight", 5, 0, 2, 1)).toBe((2 * 3 + 1) * 8 + 5);
		expect(at("classifier.weight", 4, 200)).toBe(200 * 5 + 4);
	});

	test("of half floats, which stay so", () => {
		const { topology, weights } = kerasOf(small);
		const own = new Map(weights);
		own.set("stem/kernel", { dtype: "F16", shape: [3, 3, 3, 8], data: new Uint16Array(216).fill(0x3c00) });
		expect(read({ topology, weights: own }).tensors.get("stem.conv.weight")).toEqual({
			dtype: "F16",
			shape: [8, 3, 3, 3],
			data: new Uint16Array(216).fill(0x3c00),
		});
	});

	test("without a size, which is assumed", () => {
		const model = read(withConfig("mobilenet_input", { batch_input_shape: [null, null, null, 3] }));
		expect(model.configuration.size).toBe(224);
		expect(model.source.assumed).toContain("size");
	});
});

describe("what is no chain of a MobileNet v1's layers is refused", () => {
	test("a layer that takes its own output from far inside, which is looked for once", () => {
		const unused = Array.from({ length: 20_000 }, () => ({ name: "z" }));
		const zeros = new Array<number>(20_000).fill(0);
		const loop = {
			name: "a",
			inbound_nodes: [
				{ args: [zeros, { class_name: "__keras_tensor__", config: { keras_history: ["a", 0, 0] } }] },
			],
		};
		const config = { input_layers: [["in", 0, 0]], output_layers: [["a", 0, 0]], layers: [...unused, loop] };
		const started = performance.now();
		expect(refusal({ topology: { class_name: "Functional", config } })).toBe(
			"broken-file: model.json: its layers form a circle.",
		);
		expect(performance.now() - started).toBeLessThan(1000);
	});

	test("classes that are no texts", () => {
		const strange = { toString: 1, valueOf: 1 };
		const config = {
			input_layers: [["a", 0, 0]],
			output_layers: [["b", 0, 0]],
			layers: [
				{ name: "a", class_name: strange },
				{
					name: "b",
					class_name: strange,
					inbound_nodes: [
						[
							["a", 0, 0],
							["c", 0, 0],
						],
					],
				},
			],
		};
		expect(refusal({ topology: { class_name: "Functional", config } })).toBe(
			'not-mobilenet: model.json holds no MobileNet v1: its layers branch where a chain was expected: the layer b ({"toString":1,"valueOf":1}) takes 2 inputs.',
		);
	});

	test("a graph that branches, with the network that it looks like", () => {
		const add = (node: Node): Node => ({
			...node,
			class_name: "Add",
			inbound_nodes: [
				[
					["stem", 0, 0, {}],
					["stem_bn", 0, 0, {}],
				],
			],
		});
		expect(refusal(withNode("blocks_3_pointwise_relu", add))).toBe(
			"not-mobilenet: model.json holds no MobileNet v1: its layers branch where a chain was expected: the layer blocks_3_pointwise_relu (Add) takes 2 inputs; it looks like MobileNet v2.",
		);
		expect(
			refusal(
				withNode(
					"stem_relu",
					(node) => ({ ...node, class_name: "Multiply" }),
					withNode("blocks_3_pointwise_relu", add),
				),
			),
		).toContain("it looks like MobileNet v3");
	});

	test("several inputs or outputs", () => {
		const { topology, weights } = kerasOf(small);
		const outputs = [
			["softmax", 0, 0],
			["pool", 0, 0],
		];
		expect(
			refusal({ weights, topology: { ...topology, config: { ...topology.config, output_layers: outputs } } }),
		).toContain("it has 1 inputs and 2 outputs where one of each was expected");
	});

	test("layers that it has not", () => {
		const of = (className: string) =>
			refusal(withNode("stem_relu", (node) => ({ ...node, class_name: className })));
		expect(of("SeparableConv2D")).toBe(
			'not-mobilenet: model.json holds no MobileNet v1: the layer stem_relu of the class "SeparableConv2D" is one that no MobileNet v1 has.',
		);
		expect(of("constructor")).toContain('the class "constructor"');
		expect(of("__proto__")).toContain('the class "__proto__"');
		expect(of("MaxPooling2D")).toContain("takes the max of 2×2 pixels where the whole picture (32×32)");
	});

	test("layers that hide what they compute are named, without denying that it is one", () => {
		const of = (className: string) =>
			refusal(withNode("stem_relu", (node) => ({ ...node, class_name: className })));
		for (const className of ["KerasLayer", "Hub>KerasLayer"])
			expect(of(className)).toMatch(
				/^unsupported: model\.json: the layer stem_relu is a module of TensorFlow Hub.*TensorFlow Lite/,
			);
		expect(of("Lambda")).toMatch(/^unsupported: .* is a Lambda, Python code that is not run here/);
	});

	test("layers whose settings it has not", () => {
		const inside = { ...usualDialect, activations: "layers" } as const;
		const average = kerasOf(small, { ...usualDialect, pool: "AveragePooling2D" });
		const cases: readonly (readonly [
			name: string,
			fields: Record<string, unknown>,
			says: string,
			model?: KerasModel,
		])[] = [
			["stem", { dilation_rate: [2, 2] }, "the layer stem is dilated by 2×2"],
			["stem", { data_format: "channels_first" }, "the layer stem has its channels first"],
			["stem", { padding: "causal" }, 'the layer stem has the padding "causal"'],
			["stem", { strides: "2" }, 'the layer stem has the strides "2"'],
			[
				"stem",
				{ filters: 9 },
				"the weights of the layer stem have the shape [3,3,3,8], but its configuration says 3×3 pixels and 9 filters",
			],
			["stem", { kernel_size: [5, 5] }, "but its configuration says 5×5 pixels"],
			["stem", { use_bias: true }, 'the layer stem has no weights "bias"'],
			["stem_bn", { axis: 1 }, "the batch norm stem_bn goes along the axis 1"],
			["stem_bn", { epsilon: "small" }, 'the layer stem_bn has the epsilon "small"'],
			["stem_relu", { activation: "hard_swish" }, 'the layer stem_relu has the activation "hard_swish"'],
			["stem_relu", { activation: 6 }, "the layer stem_relu has the activation 6"],
			[
				"stem_relu",
				{ max_value: 5 },
				"the layer stem_relu is a ReLU with max_value 5",
				kerasOf(small, inside),
			],
			["stem_relu", { threshold: 1 }, "and threshold 1", kerasOf(small, inside)],
			[
				"pool",
				{ pool_size: [1, 1] },
				"the layer pool takes the average of 1×1 pixels where the whole picture (2×2) was expected",
				average,
			],
			[
				"mobilenet_input",
				{ batch_input_shape: [null, 64, 48, 3] },
				"its input has 48×64 pixels where a square was expected",
			],
			["mobilenet_input", { batch_input_shape: [null, 10] }, "its input has the shape [null,10]"],
			["dropout", { rate: null }, "the layer dropout has the rate null"],
		];
		for (const [name, fields, says, model] of cases)
			expect(refusal(withConfig(name, fields, model))).toContain(says);
	});
});

describe("a topology that is none is refused", () => {
	test("anything else", () => {
		for (const topology of [
			null,
			1,
			"x",
			[],
			{},
			{ class_name: 1 },
			{ class_name: "Model" },
			{ class_name: "Sequential", config: { layers: [] } },
		])
			expect(refusal({ topology })).toMatch(/^broken-file/);
		expect(refusal({ topology: { class_name: "Wrapper", config: {} } })).toContain(
			'its model is of the class "Wrapper"',
		);
		expect(
			refusal({
				topology: { class_name: "Sequential", config: { layers: [{ class_name: "Dense", config: {} }] } },
			}),
		).toContain("a layer without a name");
	});

	test("layers in a circle, layers that are not there, an end without a start", () => {
		const { topology, weights } = kerasOf(small);
		const inbound = (from: string) => (node: Node) => ({ ...node, inbound_nodes: [[[from, 0, 0, {}]]] });
		expect(refusal(withNode("stem", inbound("pool")))).toContain("its layers form a circle");
		expect(refusal(withNode("stem", inbound("nowhere")))).toContain('speaks of a layer "nowhere"');
		expect(refusal(withNode("stem", (node) => ({ ...node, inbound_nodes: [] })))).toContain(
			"the layer stem takes no input where its topology's input mobilenet_input was expected",
		);
		expect(
			refusal({
				weights,
				topology: { ...topology, config: { ...topology.config, output_layers: [["x", 0, 0]] } },
			}),
		).toContain('a layer "x"');
	});

	test("models in models without end", () => {
		let topology: unknown = { class_name: "Dense", name: "d", config: { name: "d" } };
		for (let depth = 0; depth < 5000; depth++)
			topology = { class_name: "Sequential", name: "s", config: { name: "s", layers: [topology] } };
		expect(refusal({ topology })).toContain("models are nested more than 8 deep");
	});

	test("weights that are missing or of another rank", () => {
		const { topology, weights } = kerasOf(small);
		for (const name of weights.keys()) {
			const without = new Map(weights);
			without.delete(name);
			expect(refusal({ topology, weights: without })).toContain(
				`the layer ${name.split("/")[0]} has no weights`,
			);
			without.set(name, { dtype: "F32", shape: [1, 1, 1, 1, 1], data: new Float32Array(1) });
			expect(refusal({ topology, weights: without })).toContain("are 1 numbers of the shape [1,1,1,1,1]");
		}
	});
});
