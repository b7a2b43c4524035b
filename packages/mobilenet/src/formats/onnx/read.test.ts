/** Operators of ONNX, one at a time, in graphs of a few nodes: what layers they are, and what is refused of them. */
import { describe, expect, test } from "vitest";
import { MobileNetError } from "../../base/error.ts";
import type { ChainLayer } from "../chain/chain.ts";
import { fileOf } from "../file.ts";
import { type GraphWriter, graphWriter, type Values } from "./graph-writer.ts";
import { readOnnx } from "./read.ts";

const picture = [1, 2, 8, 8] as const;
const floats = (data: readonly number[], shape: readonly number[] = [data.length]): Values => ({
	dtype: "F32",
	shape,
	data: Float32Array.from(data),
});
const int8 = (data: readonly number[], shape: readonly number[] = [data.length]): Values => ({
	dtype: "I8",
	shape,
	data: Int8Array.from(data),
});
const uint8 = (data: readonly number[], shape: readonly number[] = [data.length]): Values => ({
	dtype: "U8",
	shape,
	data: Uint8Array.from(data),
});
const int32 = (data: readonly number[], shape: readonly number[] = [data.length]): Values => ({
	dtype: "I32",
	shape,
	data: Int32Array.from(data),
});

const read = async (build: (graph: GraphWriter) => void, input: readonly number[] = picture) => {
	const graph = graphWriter();
	build(graph);
	return readOnnx(fileOf(graph.finish(input, [1, 2], {}), "x.onnx"));
};
const layersOf = async (build: (graph: GraphWriter) => void, input?: readonly number[]) =>
	(await read(build, input)).layers;
const refusal = async (build: (graph: GraphWriter) => void): Promise<string> => {
	const error = await read(build).then(
		() => "it was read",
		(error: unknown) => error,
	);
	expect(error).toBeInstanceOf(MobileNetError);
	const { code, message } = error as MobileNetError;
	expect(message.split("\n")).toHaveLength(1);
	return `${code}: ${message}`;
};
const bare = (layer: ChainLayer | undefined) => {
	const { name: _, ...rest } = layer as ChainLayer & { name?: string };
	return rest;
};

describe("activations", () => {
	test.each([
		["Relu", {}, { kind: "activation", activation: "relu" }],
		["Tanh", {}, { kind: "activation", activation: "tanh" }],
		["Sigmoid", {}, { kind: "activation", activation: "sigmoid" }],
		["LeakyRelu", { alpha: { float: 0.5 } }, { kind: "activation", activation: "leakyRelu", slope: 0.5 }],
		["Softmax", {}, { kind: "softmax" }],
		["Dropout", { ratio: { float: 0.25 } }, { kind: "dropout", rate: 0.25 }],
	])("%s", async (operator, attributes, expected) => {
		const [layer] = await layersOf(({ add }) => add(operator, "a", [], attributes));
		expect(bare(layer)).toEqual(expected);
	});

	test("Clip, by attributes as in old files and by inputs; Min and Max", async () => {
		const clipped = async (build: (graph: GraphWriter) => void) => bare((await layersOf(build))[0]);
		const six = { kind: "activation", activation: "relu6" };
		expect(
			await clipped(({ add }) => add("Clip", "a", [], { min: { float: 0 }, max: { float: 6 } })),
		).toEqual(six);
		expect(
			await clipped(({ add, constant }) =>
				add("Clip", "a", [constant("low", floats([0], [])), constant("high", floats([6], []))]),
			),
		).toEqual(six);
		expect(
			await clipped(({ add, constant }) => {
				add("Max", "a", [constant("low", floats([0], []))]);
				add("Min", "b", [constant("high", floats([6], []))]);
			}),
		).toEqual(six);
		expect(
			await clipped(({ add }) => add("Clip", "a", [], { min: { float: 0 }, max: { float: 3.4028234e38 } })),
		).toEqual({ kind: "activation", activation: "relu" });
	});
});

describe("arithmetic with constants", () => {
	test.each([
		["Mul", [2, 4], [0]],
		["Div", [1 / 2, 1 / 4], [0]],
		["Add", [1], [2, 4]],
		["Sub", [1], [-2, -4]],
	])("%s", async (operator, factor, offset) => {
		const [layer] = await layersOf(({ add, constant }) =>
			add(operator, "a", [constant("c", floats([2, 4], [1, 2, 1, 1]))]),
		);
		expect(bare(layer)).toEqual({ kind: "affine", factor, offset });
	});

	test("rows of other shapes, and what branches", async () => {
		expect(
			await refusal(({ add, constant }) => add("Mul", "a", [constant("c", floats([1, 2, 3, 4], [2, 2]))])),
		).toMatch(
			/^unsupported: .*has a constant of the shape \[2,2\] where one number a channel was expected\.$/,
		);
		expect(
			await refusal(({ add, addAside }) => {
				addAside("Relu", "a", ["input"]);
				add("Add", "b", ["a"]);
			}),
		).toMatch(/^not-mobilenet: .*branch where a chain was expected.*looks like MobileNet v2\.$/);
	});
});

describe("layers with weights", () => {
	test("Conv: strides, groups, zeros as numbers and as a word", async () => {
		const weight = floats(
			Array.from({ length: 18 }, (_, i) => i),
			[2, 1, 3, 3],
		);
		const conv = async (attributes: Parameters<GraphWriter["add"]>[3], bias = false) =>
			bare(
				(
					await layersOf(({ add, constant }) => {
						const others = [constant("w", weight), ...(bias ? [constant("b", floats([5, 6]))] : [])];
						add("Conv", "a", others, attributes);
					})
				)[0],
			);
		expect(await conv({ strides: [2, 2], group: 2, pads: [0, 0, 1, 1] }, true)).toMatchObject({
			kind: "convolution",
			groups: 2,
			stride: [2, 2],
			padding: [0, 0, 1, 1],
			weight: { tensor: { shape: [2, 1, 3, 3] } },
			bias: { tensor: { data: Float32Array.of(5, 6) } },
		});
		expect(
			await refusal(({ add, constant }) => add("Conv", "a", [constant("w", weight)], { dilations: [2, 2] })),
		).toMatch(/^not-mobilenet: .*is dilated \(2×2\)\.$/);
		expect(
			await refusal(({ add, constant }) => add("Conv", "a", [constant("w", floats([1, 2], [2, 1]))])),
		).toMatch(/^unsupported: .*weights of the shape \[2,1\] where four axes were expected\.$/);
	});

	test("Gemm and MatMul, their numbers either way", async () => {
		const expected = {
			kind: "dense",
			weight: { tensor: { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) } },
		};
		const dense = async (build: (graph: GraphWriter) => void) => bare((await layersOf(build, [1, 3]))[0]);
		expect(
			await dense(({ add, constant }) =>
				add("Gemm", "a", [constant("w", floats([1, 2, 3, 4, 5, 6], [2, 3]))], { transB: 1 }),
			),
		).toMatchObject(expected);
		expect(
			await dense(({ add, constant }) =>
				add("MatMul", "a", [constant("w", floats([1, 4, 2, 5, 3, 6], [3, 2]))]),
			),
		).toMatchObject(expected);
		expect(
			await refusal(({ add, constant }) =>
				add("Gemm", "a", [constant("w", floats([1], [1, 1]))], { alpha: { float: 2 } }),
			),
		).toMatch(/^unsupported: .*has alpha 2, beta 1, transA false where 1, 1 and false were expected\.$/);
	});

	test("BatchNormalization, also of codes", async () => {
		const norm = async (weight: (graph: GraphWriter) => string) =>
			(
				await layersOf((graph) =>
					graph.add("BatchNormalization", "a", [
						weight(graph),
						graph.constant("bias", floats([1, 2])),
						graph.constant("mean", floats([3, 4])),
						graph.constant("variance", floats([5, 6])),
					]),
				)
			)[0];
		const plain = await norm(({ constant }) => constant("scale", floats([0.5, 1])));
		expect(bare(plain)).toMatchObject({
			kind: "batchNorm",
			weight: { data: Float32Array.of(0.5, 1) },
			epsilon: 1e-5,
		});
		const coded = await norm(({ constant, addAside }) => {
			addAside("DequantizeLinear", "weight", [
				constant("codes", int8([2, 4])),
				constant("s", floats([0.25], [])),
				constant("z", int8([0], [])),
			]);
			return "weight";
		});
		expect(bare(coded)).toEqual(bare(plain));
	});
});

describe("operators of codes", () => {
	/** Scale and zero point of an activation, twice: what comes in, and what goes out. */
	const codes = ({ constant }: GraphWriter, name: string, scale: number, zero: number, signed = true) => [
		constant(`${name}.s`, floats([scale], [])),
		constant(`${name}.z`, (signed ? int8 : uint8)([zero], [])),
	];
	/** A convolution of codes, which says that the network is of integers, and another operator behind it. */
	const behind = (build: (graph: GraphWriter, input: readonly string[]) => void) => (graph: GraphWriter) => {
		const input = codes(graph, "input", 0.5, 3);
		graph.add("QuantizeLinear", "q", input);
		graph.add("QLinearConv", "conv", [
			...input,
			graph.constant("w", int8([1, 2, 3, 4], [2, 2, 1, 1])),
			...codes(graph, "w", 0.25, 0),
			...codes(graph, "conv", 0.125, -7),
			graph.constant("b", int32([10, 20])),
		]);
		build(graph, codes(graph, "in", 0.125, -7));
	};

	test("QLinearConv", async () => {
		const { layers, input } = await read(behind(({ add }) => add("Identity", "end")));
		expect(input).toEqual({ dtype: "I8", quantization: { scale: [0.5], zeroPoint: [3] } });
		expect(bare(layers[0])).toMatchObject({
			kind: "convolution",
			weight: { tensor: { dtype: "I8" }, quantization: { scale: [0.25], zeroPoint: [0] } },
			bias: { tensor: { dtype: "I32", data: Int32Array.of(10, 20) } },
			output: { scale: [0.125], zeroPoint: [-7] },
		});
	});

	test.each([
		["QLinearSigmoid", {}, { kind: "activation", activation: "sigmoid" }],
		["QLinearSoftmax", {}, { kind: "softmax" }],
		[
			"QLinearLeakyRelu",
			{ alpha: { float: 0.5 } },
			{ kind: "activation", activation: "leakyRelu", slope: 0.5 },
		],
	])("%s", async (operator, attributes, expected) => {
		const layers = await layersOf(
			behind((graph, input) =>
				graph.add(operator, "a", [...input, ...codes(graph, "out", 2 ** -8, -128)], attributes),
			),
		);
		expect(bare(layers[1])).toEqual({ ...expected, output: { scale: [2 ** -8], zeroPoint: [-128] } });
	});

	test("QGemm, either way, with codes and with floats out", async () => {
		const gemm = (transB: number, isCoded: boolean) =>
			behind((graph, input) => {
				const weight = transB === 1 ? [1, 2, 3, 4] : [1, 3, 2, 4];
				graph.add(
					"QGemm",
					"a",
					[
						...input,
						graph.constant("gw", int8(weight, [2, 2])),
						...codes(graph, "gw", 0.5, 0),
						graph.constant("gb", int32([5, 6])),
						...(isCoded ? codes(graph, "out", 0.75, 1) : []),
					],
					{ transB },
				);
			});
		for (const transB of [0, 1])
			for (const isCoded of [true, false]) {
				const layer = bare((await layersOf(gemm(transB, isCoded)))[1]);
				expect(layer).toMatchObject({
					kind: "dense",
					weight: { tensor: { data: Int8Array.of(1, 2, 3, 4) } },
					bias: { tensor: { data: Int32Array.of(5, 6) } },
				});
				expect("output" in layer).toBe(isCoded);
			}
	});

	test("Pad with the code of zero, and with another", async () => {
		const pad = (value: number) =>
			behind((graph) =>
				graph.add("Pad", "a", [
					graph.constant("pads", int32([0, 0, 0, 0, 0, 0, 1, 1])),
					graph.constant("value", int8([value], [])),
				]),
			);
		expect(bare((await layersOf(pad(-7)))[1])).toEqual({ kind: "pad", padding: [0, 0, 1, 1] });
		expect(await refusal(pad(0))).toMatch(/^not-mobilenet: .*pads with 0\.875\.$/);
	});

	test("floats that become codes which are nearly the pixels are meant to be from −1 to 1", async () => {
		const network = (scale: number, zero: number) => (graph: GraphWriter) => {
			const input = codes(graph, "input", scale, zero);
			graph.add("QuantizeLinear", "q", input);
			graph.add("QLinearConv", "conv", [
				...input,
				graph.constant("w", int8([1, 2, 3, 4], [2, 2, 1, 1])),
				...codes(graph, "w", 0.25, 0),
				...codes(graph, "conv", 0.125, -7),
			]);
		};
		expect((await read(network(1 / 127.5, 0))).preprocessing).toEqual({ mean: [127.5], std: [127.5] });
		expect((await read(network(1 / 60, 0))).preprocessing).toBeUndefined();
	});
});

describe("shapes that are computed in the graph", () => {
	/** As PyTorch's old exporter writes the padding [left 1, right 2, top 3, bottom 4] of a picture. */
	const padded = (graph: GraphWriter, given: readonly number[] = [1, 2, 3, 4]) => {
		const { addAside, constant } = graph;
		constant("given", int32(given));
		addAside("Shape", "shape", ["given"]);
		addAside("Gather", "length", ["shape", constant("first", int32([0]))]);
		addAside("Mul", "axes", [constant("rank", int32([4], [])), constant("two", int32([2], []))]);
		addAside("Sub", "missing", ["axes", "length"]);
		addAside("ConstantOfShape", "zeros", ["missing"]);
		addAside("Concat", "all", ["given", "zeros"], { axis: 0 });
		addAside("Reshape", "pairs", ["all", constant("pair", int32([-1, 2]))]);
		addAside("Slice", "backwards", [
			"pairs",
			constant("start", int32([-1])),
			constant("end", int32([-(2 ** 31) + 1])),
			constant("axis", int32([0])),
			constant("step", int32([-1])),
		]);
		addAside("Transpose", "turned", ["backwards"], { perm: [1, 0] });
		addAside("Reshape", "list", ["turned", constant("flat", int32([-1]))]);
		addAside("Cast", "pads", ["list"]);
		graph.add("Pad", "end", ["pads"]);
	};

	test("are folded", async () => {
		expect(bare((await layersOf((graph) => padded(graph)))[0])).toEqual({
			kind: "pad",
			padding: [3, 1, 4, 2],
		});
	});

	test("as far as they are short, fit together and are read", async () => {
		expect(await refusal((graph) => padded(graph, new Array<number>(9).fill(1)))).toMatch(
			/^unsupported: .*they do not fit together\.$/,
		);
		expect(
			await refusal(({ add, addAside, constant }) => {
				addAside("Mul", "m", [
					constant("a", floats(new Array<number>(65).fill(1))),
					constant("b", floats([1])),
				]);
				add("Pad", "end", ["m"]);
			}),
		).toMatch(
			/^unsupported: .*computes with constants in a way that is not read: they have more than 64 numbers\.$/,
		);
		expect(
			await refusal(({ add, addAside, constant }) => {
				addAside("Add", "m", [constant("a", int32([1, 2])), constant("b", int32([1, 2, 3]))]);
				add("Pad", "end", ["m"]);
			}),
		).toMatch(/they do not fit together\.$/);
	});

	test("soon, however they are woven", async () => {
		const start = performance.now();
		const sentence = await refusal(({ add, addAside, constant }) => {
			constant("x0", int32([1]));
			for (let i = 0; i < 40; i++)
				addAside("Concat", `x${i + 1}`, new Array<string>(50).fill(`x${i}`), { axis: 0 });
			for (let i = 0; i < 200; i++) addAside("Add", `y${i}`, [`y${(i + 1) % 200}`, `y${(i + 2) % 200}`]);
			add("Pad", "a", ["x40"]);
			add("Pad", "end", ["y0"]);
		});
		expect(sentence).toMatch(/^(unsupported|not-mobilenet|broken-file): /);
		expect(performance.now() - start).toBeLessThan(1000);
	});
});

describe("what is no chain of these", () => {
	test.each([
		["HardSwish", /not-mobilenet: .*is not one of MobileNet v1's; it looks like MobileNet v3\.$/],
		["NonMaxSuppression", /not-mobilenet: .*it looks like a detector\.$/],
		["DynamicQuantizeLinear", /not-mobilenet: .*take the network of floats\.$/],
	])("%s", async (operator, sentence) => {
		expect(await refusal(({ add }) => add(operator, "a"))).toMatch(sentence);
	});

	test("a value that nobody makes, two makers of one", async () => {
		expect(await refusal(({ add }) => add("Add", "a", ["nobody"]))).toMatch(/branch|no node makes/);
		expect(
			await refusal(({ add, addAside }) => {
				addAside("Relu", "a", ["input"]);
				add("Tanh", "a");
			}),
		).toMatch(/^broken-file: .*two nodes make its value "?a"?/);
	});
});
