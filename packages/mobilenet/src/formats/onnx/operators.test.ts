/** Operators of floats, in graphs made by hand: what each becomes in a chain, by ONNX's documentation (Operators.md). */
import { describe, expect, test } from "vitest";
import {
	longs,
	node,
	type OnnxGraph,
	type OnnxNode,
	type OnnxTensor,
	onnx,
} from "../../../test/support/onnx-builder.ts";
import { float32, int32, type Tensor } from "../../weights/tensor.ts";
import { fileOf } from "../file.ts";
import { readOnnx } from "./read.ts";

const ones = (...shape: readonly number[]): Tensor =>
	float32(
		Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
		shape,
	);

const constants: Readonly<Record<string, OnnxTensor>> = {
	...{ filter: ones(2, 3, 3, 3), each: ones(3, 1, 3, 3), point: ones(4, 3, 1, 1), b2: float32([5, 6]) },
	...{ w: float32([1, 2, 3, 4, 5, 6], [3, 2]), turned: float32([1, 3, 5, 2, 4, 6], [2, 3]) },
	...{
		two: float32([2], []),
		zero: float32([0], []),
		six: float32([6], []),
		row: float32([2, 4, 8], [1, 3, 1, 1]),
	},
};

const chainOf = (nodes: readonly OnnxNode[], graph: Partial<OnnxGraph> = {}) =>
	readOnnx(fileOf(onnx({ nodes, ...graph, constants: { ...constants, ...graph.constants } }), "net.onnx"));
/** The layers of one operator on the input. */
const layersOf = async (
	operator: string,
	inputs: readonly string[],
	attributes: OnnxNode["attributes"] = {},
	graph: Partial<OnnxGraph> = {},
) => (await chainOf([node(operator, "y", ["input", ...inputs], attributes)], graph)).layers;

describe("convolutions", () => {
	const filter = { tensor: constants.filter };
	test.each([
		["without attributes", [], {}, { groups: 1, stride: [1, 1], padding: [0, 0, 0, 0] }],
		[
			"with zeros, beginnings first",
			[],
			{ pads: [1, 2, 3, 4], strides: [2, 1] },
			{ groups: 1, stride: [2, 1], padding: [1, 2, 3, 4] },
		],
		[
			"with TensorFlow's zeros",
			[],
			{ auto_pad: "SAME_UPPER" },
			{ groups: 1, stride: [1, 1], padding: "same" },
		],
		["without zeros in a word", [], { auto_pad: "VALID" }, { groups: 1, stride: [1, 1], padding: "valid" }],
		[
			"with a bias",
			["b2"],
			{},
			{ groups: 1, stride: [1, 1], padding: [0, 0, 0, 0], bias: { tensor: constants.b2 } },
		],
	] as const)("%s", async (_, inputs, attributes, expected) => {
		expect(await layersOf("Conv", ["filter", ...inputs], attributes)).toEqual([
			{ kind: "convolution", name: "y", weight: filter, ...expected },
		]);
	});

	test("of one filter a channel", async () => {
		const [layer] = await layersOf("Conv", ["each"], { group: 3 });
		expect(layer).toMatchObject({ groups: 3, weight: { tensor: constants.each } });
	});

	test("that an addition behind gives a bias, once", async () => {
		const nodes = [
			node("Conv", "conv", ["input", "filter"]),
			node("Add", "biased", ["conv", "own"]),
			node("Add", "more", ["own", "biased"]),
		];
		const own = float32([7, 8], [1, 2, 1, 1]);
		expect((await chainOf(nodes, { constants: { own } })).layers).toEqual([
			expect.objectContaining({ kind: "convolution", bias: { tensor: float32([7, 8]) } }),
			{ kind: "affine", name: "more", factor: [1], offset: [7, 8] },
		]);
	});
});

describe("dense layers have their outputs first", () => {
	const weight = { tensor: constants.turned };
	test.each([
		["Gemm", ["w"], {}, {}],
		["Gemm", ["turned", "b2"], { transB: 1 }, { bias: { tensor: constants.b2 } }],
		// A factor of what is not there does not matter.
		["Gemm", ["w"], { beta: { float: 0.5 } }, {}],
		["MatMul", ["w"], {}, {}],
	] as const)("%s of %j %j", async (operator, inputs, attributes, expected) => {
		expect(await layersOf(operator, inputs, attributes)).toEqual([
			{ kind: "dense", name: "y", weight, ...expected },
		]);
	});
});

test("batch norm has the scale, bias, mean and variance in this order, and the share of the new batch", async () => {
	const own = { a: float32([1, 2]), b: float32([3, 4]), c: float32([5, 6]), d: float32([7, 8]) };
	const [layer] = await layersOf(
		"BatchNormalization",
		["a", "b", "c", "d"],
		{ epsilon: { float: 0.25 }, momentum: { float: 0.75 } },
		{ constants: own },
	);
	expect(layer).toEqual({
		...{ kind: "batchNorm", name: "y", weight: own.a, bias: own.b, mean: own.c, variance: own.d },
		...{ epsilon: 0.25, momentum: 0.25 },
	});
	// What the documentation says of a file that does not.
	const [usual] = await layersOf("BatchNormalization", ["a", "b", "c", "d"], {}, { constants: own });
	expect(usual).toMatchObject({ epsilon: 1e-5, momentum: expect.closeTo(0.1) });
});

describe("activations", () => {
	const clip = (low: number, high: number) => ({
		kind: "activation",
		activation: "clip",
		bounds: { low, high },
	});
	test.each([
		["Relu", [], {}, { kind: "activation", activation: "relu" }],
		["Tanh", [], {}, { kind: "activation", activation: "tanh" }],
		["Sigmoid", [], {}, { kind: "activation", activation: "sigmoid" }],
		["LeakyRelu", [], { alpha: { float: 0.5 } }, { kind: "activation", activation: "leakyRelu", slope: 0.5 }],
		["LeakyRelu", [], {}, { kind: "activation", activation: "leakyRelu", slope: 0.01 }],
		["Clip", ["two", "six"], {}, clip(2, 6)],
		// Since opset 11 the ends are inputs, attributes before.
		["Clip", [], { min: { float: 2 }, max: { float: 5 } }, clip(2, 5)],
		["Clip", ["two"], {}, clip(2, Number.POSITIVE_INFINITY)],
		["Clip", ["", "six"], {}, clip(Number.NEGATIVE_INFINITY, 6)],
		["Clip", ["least", "most"], {}, clip(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY)],
		["Min", ["six"], {}, clip(Number.NEGATIVE_INFINITY, 6)],
		["Max", ["two"], {}, clip(2, Number.POSITIVE_INFINITY)],
		["Softmax", [], { axis: 1 }, { kind: "softmax" }],
		["Dropout", [], { ratio: { float: 0.25 } }, { kind: "dropout", rate: 0.25 }],
		["Dropout", [], {}, { kind: "dropout", rate: 0.5 }],
	] as const)("%s of %j %j", async (operator, inputs, attributes, expected) => {
		const ends = { least: float32([-3.4028234663852886e38], []), most: float32([3.4028234663852886e38], []) };
		expect(await layersOf(operator, inputs, attributes, { constants: ends })).toMatchObject([expected]);
	});

	test("of two ends, one after the other, are one", async () => {
		const nodes = [node("Max", "low", ["zero", "input"]), node("Min", "high", ["low", "six"])];
		expect((await chainOf(nodes)).layers).toEqual([
			expect.objectContaining({ kind: "activation", activation: "relu6" }),
		]);
	});
});

describe("arithmetic with constants, from either side", () => {
	test.each([
		["Add", ["input", "row"], { factor: [1], offset: [2, 4, 8] }],
		["Add", ["row", "input"], { factor: [1], offset: [2, 4, 8] }],
		["Sub", ["input", "row"], { factor: [1], offset: [-2, -4, -8] }],
		["Sub", ["row", "input"], { factor: [-1], offset: [2, 4, 8] }],
		["Mul", ["input", "row"], { factor: [2, 4, 8], offset: [0] }],
		["Mul", ["two", "input"], { factor: [2], offset: [0] }],
		["Div", ["input", "row"], { factor: [0.5, 0.25, 0.125], offset: [0] }],
	] as const)("%s of %j", async (operator, inputs, expected) => {
		const { layers } = await chainOf([node(operator, "y", inputs)]);
		expect(layers).toEqual([{ kind: "affine", name: "y", ...expected }]);
	});
});

describe("zeros around the picture", () => {
	const expected = { kind: "pad", name: "y", padding: [1, 2, 3, 4] };
	test.each([
		["as an input", ["pads"], {}],
		["as an attribute, before opset 11", [], { pads: [0, 0, 1, 2, 0, 0, 3, 4] }],
		["with the number said", ["pads", "zero"], { mode: "constant" }],
	] as const)("%s", async (_, inputs, attributes) => {
		const pads = longs(0, 0, 1, 2, 0, 0, 3, 4);
		expect(await layersOf("Pad", inputs, attributes, { constants: { pads } })).toEqual([expected]);
	});

	test("of a picture whose channels lie behind its pixels", async () => {
		const nodes = [
			node("Pad", "pad", ["input", "pads"]),
			node("Transpose", "turned", ["pad"], { perm: [0, 3, 1, 2] }),
		];
		const { layers } = await chainOf(nodes, {
			shape: [1, 8, 8, 3],
			constants: { pads: longs(0, 1, 2, 0, 0, 3, 4, 0) },
		});
		expect(layers).toEqual([{ ...expected, name: "pad" }]);
	});
});

describe("what makes a row of a picture", () => {
	const average = { kind: "pool", pooling: "average", name: "y" };
	const max = { ...average, pooling: "max" };
	test.each([
		["GlobalAveragePool", [], {}, average],
		["GlobalMaxPool", [], {}, max],
		["AveragePool", [], { kernel_shape: [8, 8] }, average],
		["MaxPool", [], { kernel_shape: [8, 8], strides: [8, 8] }, max],
		["ReduceMean", [], { axes: [2, 3] }, average],
		["ReduceMean", [], { axes: [-1, -2], keepdims: 0 }, average],
		// Since opset 18 axes are an input.
		["ReduceMean", ["axes"], {}, average],
		["ReduceMax", [], { axes: [2, 3] }, max],
		["Flatten", [], {}, { kind: "flatten", order: "chw", name: "y" }],
		["Reshape", ["shape"], {}, { kind: "flatten", order: "chw", name: "y" }],
	] as const)("%s of %j %j", async (operator, inputs, attributes, expected) => {
		const own = { axes: longs(2, 3), shape: longs(1, -1) };
		expect(await layersOf(operator, inputs, attributes, { constants: own })).toEqual([expected]);
	});

	test("behind it nothing happens to the numbers", async () => {
		const nodes = [
			node("GlobalAveragePool", "pool", ["input"]),
			node("Squeeze", "squeezed", ["pool", "axes"]),
			node("Unsqueeze", "unsqueezed", ["squeezed", "axes"]),
			node("Transpose", "turned", ["unsqueezed"], { perm: [0, 2, 3, 1] }),
			node("Reshape", "row", ["turned", "shape"]),
			node("Flatten", "flat", ["row"]),
			node("Identity", "same", ["flat"]),
			node("Cast", "cast", ["same"], { to: 1 }),
		];
		const { layers } = await chainOf(nodes, { constants: { axes: longs(2, 3), shape: longs(1, 3) } });
		expect(layers.map(({ kind }) => kind)).toEqual(["pool", ...new Array<string>(5).fill("shape")]);
	});

	test("with channels behind the pixels reduces these, and flattens the other way", async () => {
		const turned = node("Transpose", "turned", ["input"], { perm: [0, 2, 3, 1] });
		const means = [turned, node("ReduceMean", "y", ["turned"], { axes: [1, 2] })];
		expect((await chainOf(means)).layers).toEqual([average]);
		const rows = [turned, node("Flatten", "y", ["turned"])];
		expect((await chainOf(rows)).layers).toEqual([{ kind: "flatten", order: "hwc", name: "y" }]);
	});
});

describe("what a file says of its input", () => {
	const conv = node("Conv", "conv", ["picture", "filter"], { pads: [1, 1, 1, 1] });
	const first = (inputs: readonly string[]) => ({ ...conv, inputs: [...inputs, "filter"] });

	test.each([
		[[1, 3, 24, 24], { size: 24, inputChannels: 3 }],
		[[-1, 3, 24, 32], { shape: [24, 32], inputChannels: 3 }],
		[[1, 3, -1, -1], { inputChannels: 3 }],
		[[], {}],
	] as const)("of the shape %j", async (shape, expected) => {
		const { layers: _, name, format, ...said } = await chainOf([first(["input"])], { shape });
		expect({ name, format, ...said }).toEqual({ name: "net.onnx", format: "ONNX", ...expected });
	});

	test("with channels behind the pixels", async () => {
		const nodes = [node("Transpose", "picture", ["input"], { perm: [0, 3, 1, 2] }), conv];
		expect(await chainOf(nodes, { shape: [1, 24, 24, 3] })).toMatchObject({ size: 24, inputChannels: 3 });
	});

	test.each([
		["U8", { dtype: "U8", shape: [], data: Uint8Array.of(128) }, 0, -64],
		["I8", { dtype: "I8", shape: [], data: Int8Array.of(0) }, 128, -0],
	] as const)("of codes of %s, which are pixels", async (type, zeroPoint, mean, offset) => {
		const nodes = [node("DequantizeLinear", "picture", ["input", "half", "z"]), conv];
		const own = { half: float32([0.5], []), z: zeroPoint };
		expect(await chainOf(nodes, { type, constants: own })).toMatchObject({
			preprocessing: { mean: [mean], std: [1] },
			layers: [{ kind: "affine", factor: [0.5], offset: [offset] }, { kind: "convolution" }],
		});
	});
});

test("nodes that lead nowhere do not matter, nor the order in which they are listed", async () => {
	const nodes = [
		node("Relu", "y", ["conv"]),
		node("NonMaxSuppression", "aside", ["conv"]),
		node("Conv", "conv", ["input", "filter"]),
	];
	const { layers } = await chainOf(nodes, { output: "y" });
	expect(layers.map(({ name }) => name)).toEqual(["conv", "y"]);
});

test("numbers of every type in which files keep weights are read", async () => {
	const half = { dtype: "F16", shape: [1, 2], data: Uint16Array.of(0x3c00, 0xc000) } as const;
	const brain = { dtype: "BF16", shape: [1, 2], data: Uint16Array.of(0x3f80, 0xc000) } as const;
	for (const tensor of [half, brain]) {
		const [layer] = await layersOf("Gemm", ["own"], { transB: 1 }, { constants: { own: tensor } });
		expect(layer).toMatchObject({ weight: { tensor } });
	}
	const scaled = await layersOf("Mul", ["own"], {}, { constants: { own: half } });
	expect(scaled).toMatchObject([{ factor: [1, -2] }]);
	const given = int32([2, 3]);
	const [reduced] = await layersOf("ReduceMean", ["own"], {}, { constants: { own: given } });
	expect(reduced).toMatchObject({ kind: "pool" });
});
