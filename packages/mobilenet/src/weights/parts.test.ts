import { describe, expect, test } from "vitest";
import { configure } from "../network/configuration.ts";
import { layers } from "../network/layers.ts";
import { initialize } from "./initialize.ts";
import { namesOf, outputNames } from "./names.ts";
import { partsOf, perChannel, tensorsOf, weightedParts } from "./parts.ts";
import { filled, float32, int32, type Tensor } from "./tensor.ts";

// 8 channels in every layer.
const configuration = configure({ alpha: 0.01, depth: "shallow", classes: 2, inputChannels: 1 });
const table = layers(configuration);
const [stem, depthwise] = table;
const [pool, classifier] = table.slice(-2);

/** A network with batch norm that is quantized in its last layers, as nobody writes one: every kind of tensor is in it. */
const weight: Tensor = { dtype: "I8", shape: [2, 8], data: new Int8Array(16).fill(-7) };
const { tensors: random } = initialize(configuration);
const tensors = new Map<string, Tensor>([
	["input.scale", float32([0.5])],
	["input.zero_point", int32([-1])],
	...[...random].filter(([name]) => !name.startsWith("classifier")),
	["pool.output.scale", float32([0.25])],
	["pool.output.zero_point", int32([3])],
	["classifier.weight", weight],
	["classifier.scale", float32([0.125, 2])],
	["classifier.zero_point", int32([0])],
	["classifier.bias", int32([5, 6])],
	["classifier.output.scale", float32([4])],
	["classifier.output.zero_point", int32([-128])],
]);
const changed = (changes: Readonly<Record<string, Tensor | undefined>>) => {
	const result = new Map(tensors);
	for (const [name, tensor] of Object.entries(changes))
		if (tensor) result.set(name, tensor);
		else result.delete(name);
	return { configuration, tensors: result };
};

test("names", () => {
	expect(namesOf(depthwise!)).toEqual({
		weight: "blocks.0.depthwise.conv.weight",
		bias: "blocks.0.depthwise.conv.bias",
		codes: { scale: "blocks.0.depthwise.conv.scale", zeroPoint: "blocks.0.depthwise.conv.zero_point" },
		norm: {
			weight: "blocks.0.depthwise.bn.weight",
			bias: "blocks.0.depthwise.bn.bias",
			mean: "blocks.0.depthwise.bn.running_mean",
			variance: "blocks.0.depthwise.bn.running_var",
		},
	});
	expect(namesOf(classifier!)).toEqual({
		weight: "classifier.weight",
		bias: "classifier.bias",
		codes: { scale: "classifier.scale", zeroPoint: "classifier.zero_point" },
		norm: undefined,
	});
	expect(outputNames(pool!)).toEqual({ scale: "pool.output.scale", zeroPoint: "pool.output.zero_point" });
});

describe("the parts of a model", () => {
	const parts = partsOf({ configuration, tensors });

	test("are its layers in order, each with its own tensors, shared", () => {
		expect(parts.layers.map(({ layer }) => layer)).toEqual(table);
		expect(parts.input).toEqual({ scale: 0.5, zeroPoint: -1 });
		const [first] = parts.layers;
		expect(first).toEqual({
			layer: stem,
			weight: random.get("stem.conv.weight"),
			norm: {
				weight: filled([8], 1),
				bias: filled([8], 0),
				mean: filled([8], 0),
				variance: filled([8], 1),
			},
		});
		expect(first!.weight).toBe(random.get("stem.conv.weight"));
	});

	test("have numbers for what codes stand for", () => {
		expect(parts.layers.slice(-2)).toEqual([
			{ layer: pool, output: { scale: 0.25, zeroPoint: 3 } },
			{
				layer: classifier,
				weight,
				bias: int32([5, 6]),
				codes: { scale: [0.125, 2], zeroPoint: [0] },
				output: { scale: 4, zeroPoint: -128 },
			},
		]);
	});

	test("have weights in all layers except the pool", () => {
		expect(weightedParts({ configuration, tensors }).map(({ layer }) => layer)).toEqual(
			table.filter(({ kind }) => kind !== "pool"),
		);
	});

	test("become the tensors again, in the order of the layers", () => {
		const again = tensorsOf(parts);
		expect([...again]).toEqual([...tensors]);
		for (const [name, tensor] of random)
			if (!name.startsWith("classifier")) expect(again.get(name)).toBe(tensor);
	});

	test("leave out what belongs to no layer", () => {
		const model = changed({ "optimizer.step": int32([1]), "classifier.bn.bias": filled([2], 0) });
		expect([...tensorsOf(partsOf(model)).keys()]).toEqual([...tensors.keys()]);
	});
});

test("scales in half precision and zero points of 8 bits, with or without an axis, are numbers alike", () => {
	const { layers: own } = partsOf(
		changed({
			"classifier.scale": { dtype: "F16", shape: [], data: Uint16Array.of(0x3800) },
			"classifier.zero_point": { dtype: "U8", shape: [2], data: Uint8Array.of(1, 255) },
		}),
	);
	expect(own.at(-1)).toMatchObject({ codes: { scale: [0.5], zeroPoint: [1, 255] } });
});

test("scales beside weights and biases of floats say nothing", () => {
	const { layers: own } = partsOf(changed({ "stem.conv.scale": float32([1]) }));
	expect(own[0]).toMatchObject({ codes: undefined });
});

test.each([
	[
		"a weight",
		{ "blocks.1.depthwise.conv.weight": undefined },
		"the tensor blocks.1.depthwise.conv.weight must have the shape [8,1,3,3] in this network, but it is missing.",
	],
	[
		"a part of a batch norm",
		{ "stem.bn.running_var": undefined },
		"the tensor stem.bn.running_var must have the shape [8] in this network, but it is missing.",
	],
	[
		"a scale of integers",
		{ "classifier.scale": undefined },
		"classifier.scale must hold one number or 2, but it is missing.",
	],
	[
		"all but some of the scales",
		{ "classifier.scale": filled([3], 1) },
		"classifier.scale must hold one number or 2, but it has the shape [3].",
	],
	[
		"the picture's zero point",
		{ "input.zero_point": undefined },
		"input.zero_point must hold one number, but it is missing.",
	],
] as const)("a model without %s is refused", (_, changes, message) => {
	expect(() => partsOf(changed(changes))).toThrow(message);
});

test("one value holds for all channels, or each has its own", () => {
	expect([0, 1, 2].map((channel) => perChannel([5], channel))).toEqual([5, 5, 5]);
	expect([0, 1, 2].map((channel) => perChannel(Float32Array.of(5, 6, 7), channel))).toEqual([5, 6, 7]);
});
