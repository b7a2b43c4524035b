import { describe, expect, test } from "vitest";
import {
	type BuiltNode,
	constant,
	type Dialect,
	graphDef,
	graphModel,
	node,
	nodesOf,
	placeholder,
	usualDialect,
} from "../../../test/support/graph-builder.ts";
import { MobileNetError } from "../../base/error.ts";
import { random } from "../../base/random.ts";
import { configure } from "../../network/configuration.ts";
import { fold } from "../../weights/fold.ts";
import { initialize } from "../../weights/initialize.ts";
import type { Model } from "../../weights/model.ts";
import { filled, float32, int32, type Tensor } from "../../weights/tensor.ts";
import type { Chain, ChainLayer } from "../chain/chain.ts";
import { recognize } from "../chain/recognize.ts";
import { fileOf, type ModelFile } from "../file.ts";
import { openFile } from "../opened.ts";
import { formatOf } from "../table.ts";
import { readGraphModel } from "../tensorflowjs/graph-model.ts";
import { readGraphDef } from "./read.ts";

const configuration = configure({ alpha: 0.25, size: 64, classes: 3, dropout: 0 });

/** A network whose every number is another, variances above 0. */
function randomModel(): Model {
	const { uniform } = random(3);
	const model = initialize(configuration, { seed: 1 });
	const tensors = [...model.tensors].map(([name, tensor]) => {
		const data = Float32Array.from(tensor.data, () => uniform() + 0.5);
		return [name, float32(data, tensor.shape)] as const;
	});
	return { ...model, tensors: new Map(tensors) };
}

const model = randomModel();
const folded = fold(model);

function inMemory(files: ReadonlyMap<string, Uint8Array>): ModelFile {
	return { name: "model.json", bytes: files.get("model.json")!, beside: async (path) => files.get(path)! };
}

const inBinary = (nodes: readonly BuiltNode[]): Chain => readGraphDef(fileOf(graphDef(nodes), "graph.pb"));
const inJson = async (nodes: readonly BuiltNode[], more?: Record<string, unknown>): Promise<Chain> =>
	readGraphModel(await openFile(inMemory(graphModel(nodes, more))));

function refusal(nodes: readonly BuiltNode[]): string {
	try {
		recognize(inBinary(nodes));
	} catch (error) {
		expect(error).toBeInstanceOf(MobileNetError);
		return `${(error as MobileNetError).code}: ${(error as MobileNetError).message}`;
	}
	throw new Error("it was read");
}

/** A graph whose way is a few nodes over a picture of 8×8×2. */
function way(...nodes: readonly BuiltNode[]): readonly BuiltNode[] {
	return [placeholder("picture", [-1, 8, 8, 2]), ...nodes];
}

function kinds(layers: readonly ChainLayer[]): readonly string[] {
	return layers.map(({ kind }) => kind);
}

const same = { strides: { numbers: [1, 1, 1, 1] }, padding: { s: "SAME" } };
const kernel = constant("kernel", float32([1, 2, 3, 4, 5, 6], [1, 1, 2, 3]));
const convolution = node("Conv2D", "convolution", ["picture", "kernel"], same);

describe("a network, in all dialects, gives its tensors number for number", () => {
	const dialects: readonly Partial<Dialect>[] = [
		{},
		{ batchNorm: "written out" },
		{ batchNorm: "written out", reads: true, pool: "AvgPool" },
		{ zeros: "EXPLICIT", classifier: "MatMul" },
		{ zeros: "Pad", classifier: "MatMul, transposed", reads: true },
	];
	test.each(dialects)("%j, with batch norm and folded", async (some) => {
		const dialect = { ...usualDialect, ...some };
		// As numbers, zeros at the bottom and the right are taken for Keras's, which they are at every size.
		const padding = dialect.zeros === "SAME" ? "same" : "keras";
		const expected = { ...configuration, padding, stemPadding: padding };
		for (const given of [model, folded]) {
			const nodes = nodesOf(given, dialect);
			for (const chain of [inBinary(nodes), inBinary(nodes.toReversed()), await inJson(nodes)]) {
				const read = recognize(chain);
				expect(read.configuration).toEqual(expected);
				expect(read.tensors).toEqual(given.tensors);
			}
		}
	});

	test("bias and activation drawn into the convolutions", async () => {
		const nodes = nodesOf(folded, { ...usualDialect, drawnIn: true });
		for (const chain of [inBinary(nodes), await inJson(nodes)])
			expect(recognize(chain).tensors).toEqual(folded.tensors);
	});

	test("the files are told by their content", async () => {
		const nodes = nodesOf(folded);
		expect(formatOf(await openFile(fileOf(graphDef(nodes), "x")))?.name).toBe("TensorFlow GraphDef");
		for (const more of [{}, { format: "graph-model" }])
			expect(formatOf(await openFile(inMemory(graphModel(nodes, more))))?.name).toBe(
				"TensorFlow.js graph model",
			);
	});
});

describe("a graph byte by byte", () => {
	/** NodeDef { name: "x", op: "Relu", input: ["y", "^z"] } as the first field of a GraphDef, then one { name: "y", op: "A" }. */
	const bytes = Uint8Array.of(
		...[0x0a, 0x10, 0x0a, 1, 0x78, 0x12, 4, 0x52, 0x65, 0x6c, 0x75, 0x1a, 1, 0x79, 0x1a, 2, 0x5e, 0x7a],
		...[0x0a, 0x06, 0x0a, 1, 0x79, 0x12, 1, 0x41],
	);

	test("is nodes by name; what only says what runs first is no input", () => {
		expect(() => readGraphDef(fileOf(bytes, "x.pb"))).toThrow(
			"x.pb holds no MobileNet v1: it has no place for a picture (Placeholder).",
		);
		expect(() => readGraphDef(fileOf(bytes.with(19, 0x05), "x.pb"))).toThrow(/x\.pb: the graph .*damaged/);
	});

	test("cut short anywhere it is refused in one sentence", () => {
		for (let length = 1; length < bytes.length; length++) {
			const cut = bytes.subarray(0, length);
			expect(() => readGraphDef(fileOf(cut, "x.pb"))).toThrow(MobileNetError);
		}
	});
});

describe("a graph that ends with a node", () => {
	/** Without the versions behind the nodes, five bytes. */
	const whole = graphDef(nodesOf(folded)).slice(0, -5);
	const nodes = nodesOf(folded);

	test("is noted where it may have been cut short", () => {
		const shorter = graphDef(nodes.slice(0, -1)).length;
		const read = (bytes: Uint8Array) => recognize(readGraphDef(fileOf(bytes, "x.pb")));
		const note = /nothing follows it: the file may have been cut short/;
		const cut = read(whole.subarray(0, shorter - 5));
		expect(cut.source.notes.join()).toMatch(note);
		expect(cut.configuration.output).toBe("logits");
		expect(read(whole).source.notes.join()).not.toMatch(note);
		expect(read(graphDef(nodes.slice(0, -1))).source.notes.join()).not.toMatch(note);
	});
});

describe("where a network ends", () => {
	const nodes = nodesOf(model);
	const labels = node("Placeholder", "labels", [], { dtype: { type: "DT_FLOAT" } });

	test("what measures its answers, and what feeds labels, lies beside it", () => {
		const measured = [
			...nodes,
			labels,
			node("ArgMax", "best", ["answer", "pool/axes"]),
			node("SparseSoftmaxCrossEntropyWithLogits", "loss", ["logits/Squeeze", "labels"]),
			node("Equal", "right", ["best", "labels"]),
			node("Sub", "error", ["answer", "labels"]),
			node("HistogramSummary", "summary", ["labels", "answer"]),
		];
		expect(recognize(inBinary(measured)).tensors).toEqual(model.tensors);
	});

	test("an answer that is taken on is no end, and what takes it on is named", () => {
		expect(refusal([...nodes, node("Cumsum", "sums", ["answer", "pool/axes"])])).toBe(
			"not-mobilenet: graph.pb holds no MobileNet v1: the file is sound, but its operator Cumsum (sums) is not one of MobileNet v1's.",
		);
	});

	test("of two heads neither is the network's", () => {
		const second = [
			constant("other", filled([1, 1, 256, 3], 1)),
			node("Conv2D", "more", ["pool", "other"], same),
			node("Softmax", "second", ["more"]),
		];
		expect(refusal([...nodes, ...second])).toMatch(
			/^unsupported: .*it ends in several ways, answer and second/,
		);
	});

	test("a signature of TensorFlow.js says which", async () => {
		const other = [...nodes, node("Cumsum", "sums", ["answer", "pool/axes"])];
		const signature = { outputs: { probabilities: { name: "answer:0" } } };
		expect(recognize(await inJson(other, { signature })).configuration.output).toBe("softmax");
	});
});

describe("operators", () => {
	test("a convolution's strides, zeros and numbers: 1·1 is at [0][0], 6 at [2][1]", () => {
		const { layers, size, inputChannels } = inBinary(way(kernel, convolution));
		expect([size, inputChannels]).toEqual([8, 2]);
		expect(layers).toEqual([
			{
				kind: "convolution",
				name: "convolution",
				weight: { tensor: float32([1, 4, 2, 5, 3, 6], [3, 2, 1, 1]) },
				groups: 1,
				stride: [1, 1],
				padding: "same",
			},
		]);
	});

	test("additions and multiplications: a bias where one fits, else y = factor · x + offset", () => {
		const row = constant("row", float32([2, 4, 8]));
		const one = constant("one", float32([4], []));
		const { layers } = inBinary(
			way(
				...[kernel, convolution, row, one],
				node("Sub", "input", ["picture", "one"]),
				node("Conv2D", "layer", ["input", "kernel"], same),
				node("AddV2", "bias", ["row", "layer"]),
				node("Mul", "product", ["bias", "row"]),
				node("RealDiv", "quotient", ["product", "one"]),
				node("Sub", "negative", ["one", "quotient"]),
				node("BiasAdd", "sum", ["negative", "row"]),
			).filter(({ name }) => name !== "convolution"),
		);
		expect(kinds(layers)).toEqual(["affine", "convolution", "affine", "affine", "affine", "affine"]);
		const [before, layer, ...after] = layers;
		expect(before).toMatchObject({ factor: [1], offset: [-4] });
		expect(layer).toMatchObject({ bias: { tensor: float32([2, 4, 8]) } });
		expect(after).toMatchObject([
			{ factor: [2, 4, 8], offset: [0] },
			{ factor: [0.25], offset: [0] },
			{ factor: [-1], offset: [4] },
			{ factor: [1], offset: [2, 4, 8] },
		]);
	});

	test("least and greatest values are ReLU6 however they are written", () => {
		const [zero, six, five] = [0, 6, 5].map((value) => constant(`${value}`, float32([value], []))) as [
			BuiltNode,
			BuiltNode,
			BuiltNode,
		];
		const after = (...nodes: readonly BuiltNode[]): readonly ChainLayer[] =>
			inBinary(way(kernel, convolution, zero, six, five, ...nodes)).layers.slice(1);
		const relu6 = [{ kind: "activation", activation: "relu6" }];
		expect(after(node("Maximum", "a", ["convolution", "0"]), node("Minimum", "b", ["6", "a"]))).toMatchObject(
			relu6,
		);
		expect(after(node("Minimum", "a", ["convolution", "6"]), node("Relu", "b", ["a"]))).toMatchObject(relu6);
		expect(after(node("ClipByValue", "a", ["convolution", "0", "6"]))).toMatchObject(relu6);
		expect(after(node("Maximum", "a", ["convolution", "0"]))).toMatchObject([{ activation: "relu" }]);
		expect(after(node("Relu", "a", ["convolution"]), node("Minimum", "b", ["a", "5"]))).toMatchObject([
			{ activation: "clip", bounds: { low: 0, high: 5 } },
		]);
		expect(after(node("LeakyRelu", "a", ["convolution"], { alpha: { f: 0.5 } }))).toMatchObject([
			{ activation: "leakyRelu", slope: 0.5 },
		]);
	});

	test("pixels become a row, which after the pool is nothing", () => {
		const shape = constant("shape", int32([-1, 192]));
		const axes = constant("axes", int32([-3, 2]));
		const matrix = constant("matrix", filled([192, 2], 1));
		const flat = inBinary(
			way(
				kernel,
				convolution,
				shape,
				matrix,
				node("Reshape", "row", ["convolution", "shape"]),
				node("MatMul", "dense", ["row", "matrix"]),
			),
		);
		expect(flat.layers.slice(1)).toMatchObject([{ kind: "flatten", order: "hwc" }, { kind: "dense" }]);
		const pooled = inBinary(
			way(
				kernel,
				convolution,
				shape,
				axes,
				node("Max", "pool", ["convolution", "axes"]),
				node("Reshape", "row", ["pool", "shape"]),
			),
		);
		expect(pooled.layers.slice(1)).toMatchObject([{ kind: "pool", pooling: "max" }]);
	});

	test("a picture file is decoded and resized before the network is", () => {
		const read = (attributes: BuiltNode["attributes"]): Chain =>
			inBinary([
				node("Placeholder", "file", [], { dtype: { type: "DT_FLOAT" } }),
				node("DecodeJpeg", "picture", ["file"], { channels: { i: 2 } }),
				constant("size", int32([8, 8])),
				constant("axis", int32([0], [])),
				node("Cast", "floats", ["picture"]),
				node("ExpandDims", "batch", ["floats", "axis"]),
				node("ResizeBilinear", "resized", ["batch", "size"], attributes),
				kernel,
				node("Conv2D", "convolution", ["resized", "kernel"], same),
			]);
		const chain = read({});
		expect(chain).toMatchObject({ size: 8, inputChannels: 2 });
		expect(chain.preprocessing).toEqual({ filter: "tf-bilinear-legacy", fit: "stretch" });
		expect(read({ align_corners: { b: true } }).preprocessing?.filter).toBe("tf-bilinear-align-corners");
		expect(read({ half_pixel_centers: { b: true } }).preprocessing?.filter).toBe("tf-bilinear");
	});

	test("a picture of any size: its pool says which, and that is an assumption", () => {
		const pool = {
			ksize: { numbers: [1, 3, 3, 1] },
			strides: { numbers: [1, 1, 1, 1] },
			padding: { s: "VALID" },
		};
		const strided = { ...same, strides: { numbers: [1, 2, 2, 1] } };
		const chain = inBinary([
			placeholder("picture", [-1, -1, -1, 2]),
			kernel,
			node("Conv2D", "convolution", ["picture", "kernel"], strided),
			node("AvgPool", "pool", ["convolution"], pool),
		]);
		expect(chain).toMatchObject({ size: 6, assumed: ["size"] });
	});

	test("of branches of training those run that run without it", () => {
		const layers = (training: readonly BuiltNode[]): readonly string[] =>
			kinds(
				inBinary(
					way(
						...[kernel, convolution, ...training],
						node("Switch", "switch", ["convolution", "training"]),
						node("RandomUniform", "noise", ["switch:1"]),
						node("Mul", "dropped", ["switch:1", "noise"]),
						node("Relu", "kept", ["switch"]),
						node("Merge", "merge", ["kept", "dropped"]),
						node("Softmax", "answer", ["merge"]),
					),
				).layers,
			);
		const expected = ["convolution", "activation", "softmax"];
		expect(layers([node("Placeholder", "training", [], { dtype: { type: "DT_BOOL" } })])).toEqual(expected);
		const no: Tensor = { dtype: "U8", shape: [], data: Uint8Array.of(0) };
		expect(
			layers([
				constant("no", no),
				node("PlaceholderWithDefault", "training", ["no"], { shape: { shape: [] } }),
			]),
		).toEqual(expected);
	});
});

describe("what is refused", () => {
	const after = (
		op: string,
		attributes: BuiltNode["attributes"] = {},
		...inputs: readonly string[]
	): string =>
		refusal(
			way(
				kernel,
				convolution,
				constant("numbers", int32([1, 1], [2])),
				node(op, "last", ["convolution", ...inputs], attributes),
			),
		);

	test("other operators, by name", () => {
		expect(after("HardSwish")).toContain("its operator HardSwish (last) is not one of MobileNet v1's");
		expect(after("MirrorPad", {}, "numbers")).toContain("its operator MirrorPad (last) is not one");
		expect(after("QuantizeV2")).toMatch(/^unsupported: .*TensorFlow's old tools for integers/);
		expect(after("StatefulPartitionedCall")).toMatch(/^unsupported: .*freeze the graph/);
		expect(refusal(way(node("QuantizedConv2D", "convolution", ["picture"])))).toContain(
			"old tools for integers",
		);
	});

	test("operators in ways that no layer has", () => {
		const pool = {
			ksize: { numbers: [1, 2, 2, 1] },
			strides: { numbers: [1, 2, 2, 1] },
			padding: { s: "VALID" },
		};
		expect(after("MaxPool", pool)).toContain(
			"its operator MaxPool (last) of 2×2 pixels does not take in the whole of 8×8",
		);
		expect(after("Mean", {}, "numbers")).toContain("is over the axes [1,1] where 1 and 2");
		expect(after("Pad", {}, "numbers")).toContain("pads by [1,1]");
		expect(after("FusedBatchNorm")).toContain("is in the form for training");
		const layer = (attributes: BuiltNode["attributes"]): string =>
			refusal(way(kernel, node("Conv2D", "convolution", ["picture", "kernel"], { ...same, ...attributes })));
		expect(layer({ dilations: { numbers: [1, 2, 2, 1] } })).toContain("is dilated");
		expect(layer({ data_format: { s: "NCHW" } })).toMatch(/^unsupported: .*"NCHW", and only NHWC is read/);
		expect(layer({ padding: { s: "EXPLICIT" } })).toContain('has the padding "EXPLICIT"');
		expect(layer({ fused_ops: { texts: ["Elu"] } })).toContain('is fused with "Elu"');
	});

	test("weights that are variables: the graph is not frozen", () => {
		const variable = [node("VariableV2", "kernel"), node("Identity", "read", ["kernel"])];
		expect(refusal(way(...variable, node("Conv2D", "convolution", ["picture", "read"], same)))).toMatch(
			/^unsupported: .*its weights are variables, which lie in a checkpoint: freeze the graph/,
		);
	});

	test("a graph that branches", () => {
		const noise = [node("RandomUniform", "noise"), node("Mul", "noisy", ["picture", "noise"])];
		const layer = node("Conv2D", "convolution", ["noisy", "kernel"], same);
		expect(refusal(way(kernel, ...noise, layer))).toContain(
			"its operator Mul (noisy) takes 2 that are computed",
		);
		const branch = [node("Relu", "one", ["convolution"]), node("AddV2", "sum", ["one", "convolution"])];
		expect(refusal(way(kernel, convolution, ...branch))).toContain(
			"where a chain was expected: its operator AddV2 (sum) takes 2",
		);
	});

	test("what is no picture", () => {
		expect(refusal([placeholder("picture", [-1, 8]), kernel, convolution])).toContain("is no picture");
		expect(inBinary([placeholder("picture", [-1, 8, 6, 2]), kernel, convolution])).toMatchObject({
			shape: [8, 6],
		});
	});

	test("nodes that are not there, twice there, or form a circle", () => {
		expect(refusal(way(convolution))).toContain("takes the output of kernel, which is not in the graph");
		expect(refusal(way(kernel, kernel, convolution))).toContain("two of its nodes are called kernel");
		const circle = way(
			node("Relu", "a", ["b"]),
			node("Relu", "b", ["a"]),
			kernel,
			node("Conv2D", "c", ["b", "kernel"], same),
		);
		expect(refusal(circle)).toContain("it has no convolutions that a picture leads to");
	});

	test("more numbers or nodes than the file's size explains", () => {
		const big = constant("kernel", filled([1, 1, 100, 100], 1));
		const layers = Array.from({ length: 20 }, (_, i) =>
			node("Conv2D", `layer${i}`, [i === 0 ? "picture" : `layer${i - 1}`, "kernel"], same),
		);
		expect(refusal([placeholder("picture"), big, ...layers])).toContain(
			"far more memory than its size accounts for",
		);
		const many = Array.from({ length: 5000 }, (_, i) => node("NoOp", `${i}`));
		expect(refusal(many)).toMatch(/^unsupported: .*more than \d+ nodes/);
	});

	test("constants within constants without end", () => {
		const deep = Array.from({ length: 200 }, (_, i) => node("Identity", `k${i + 1}`, [`k${i}`]));
		const first = { ...kernel, name: "k0" };
		expect(refusal(way(first, ...deep, node("Conv2D", "convolution", ["picture", "k200"], same)))).toContain(
			"is computed where constant numbers were expected",
		);
	});
});
