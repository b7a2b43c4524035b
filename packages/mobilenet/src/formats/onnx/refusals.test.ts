/** What the reader refuses, and in which words: one sentence each, which begins with the file's name. */
import { describe, expect, test } from "vitest";
import {
	longs,
	node,
	type OnnxGraph,
	type OnnxNode,
	type OnnxTensor,
	onnx,
} from "../../../test/support/onnx-builder.ts";
import { MobileNetError } from "../../base/error.ts";
import { float32, int32, type Tensor } from "../../weights/tensor.ts";
import { fileOf } from "../file.ts";
import { message } from "../protobuf.ts";
import { readOnnx } from "./read.ts";

const filled = (...shape: readonly number[]): Tensor =>
	float32(new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1), shape);
const uint8 = (...data: readonly number[]): Tensor => ({
	dtype: "U8",
	shape: [],
	data: Uint8Array.from(data),
});

const constants: Readonly<Record<string, OnnxTensor>> = {
	...{
		filter: filled(2, 3, 3, 3),
		line: filled(2, 3, 3),
		w: filled(3, 2),
		b: filled(2),
		table: filled(2, 2),
	},
	...{
		one: float32([1], []),
		s: float32([0.5], []),
		pair: float32([0.5, 0.25]),
		z: uint8(3),
		whole: int32([1]),
	},
	...{
		pads: longs(0, 0, 1, 1, 0, 0, 1, 1),
		deep: longs(0, 1, 1, 1, 0, 0, 1, 1),
		few: longs(1, 1),
		axes: longs(1),
	},
	codes: { dtype: "I8", shape: [2, 2], data: Int8Array.of(1, 2, 3, 4) },
};

async function refusalOf(bytes: Uint8Array): Promise<string> {
	try {
		await readOnnx(fileOf(bytes, "net.onnx"));
	} catch (error) {
		if (!(error instanceof MobileNetError)) throw error;
		const sentence = error.message.replace(/^net\.onnx/, "");
		expect(sentence).not.toBe(error.message);
		expect(sentence).toMatch(/^[^\n]*[^.]\.$/);
		return `${error.code}${sentence}`;
	}
	return "read";
}
const graphRefusal = (graph: Partial<OnnxGraph> & Pick<OnnxGraph, "nodes">): Promise<string> =>
	refusalOf(onnx({ ...graph, constants: { ...constants, ...graph.constants } }));

const foreign = "not-mobilenet holds no MobileNet v1: the file is sound, but its operator";

describe("an operator is refused with its name and what it does", () => {
	const refused: readonly (readonly [string, readonly string[], OnnxNode["attributes"], string])[] = [
		["Conv", ["filter"], { dilations: [2, 2] }, `${foreign} Conv (y) is dilated (2×2).`],
		[
			"Conv",
			["line"],
			{},
			"unsupported: its operator Conv (y) has weights of the shape [2,3,3] where four axes were expected.",
		],
		[
			"Conv",
			["filter"],
			{ auto_pad: "SAME_LOWER" },
			'unsupported: its operator Conv (y) has the padding "SAME_LOWER".',
		],
		[
			"Conv",
			["filter"],
			{ pads: [-1, 0, 0, 0] },
			"unsupported: its operator Conv (y) has the padding [-1,0,0,0].",
		],
		["Conv", ["filter"], { pads: [1, 1] }, "unsupported: its operator Conv (y) has the padding [1,1]."],
		["Conv", [], {}, "broken-file: its operator Conv (y) has 1 inputs where more were expected."],
		["Conv", ["input"], {}, `${foreign} Conv (y) takes what is computed where a constant was expected.`],
		[
			"Gemm",
			["w"],
			{ transA: 1 },
			"unsupported: its operator Gemm (y) has alpha 1, beta 1, transA true where 1, 1 and false were expected.",
		],
		[
			"Gemm",
			["w", "b"],
			{ beta: { float: 2 } },
			"unsupported: its operator Gemm (y) has alpha 1, beta 2, transA false where 1, 1 and false were expected.",
		],
		["Clip", ["b"], {}, "unsupported: its operator Clip (y) has 2 constants where one number was expected."],
		[
			"Clip",
			["whole"],
			{},
			"unsupported: its operator Clip (y) has constants of the type I32 where floats were expected.",
		],
		[
			"Mul",
			["table"],
			{},
			"unsupported: its operator Mul (y) has a constant of the shape [2,2] where one number a channel was expected.",
		],
		[
			"Pad",
			["deep"],
			{},
			"unsupported: its operator Pad (y) pads by [0,1,1,1,0,0,1,1] where only height and width were expected to be padded.",
		],
		[
			"Pad",
			["few"],
			{},
			"unsupported: its operator Pad (y) pads by [1,1] where only height and width were expected to be padded.",
		],
		["Pad", ["pads"], { mode: "reflect" }, `${foreign} Pad (y) pads with reflect.`],
		["Pad", ["pads", "one"], {}, `${foreign} Pad (y) pads with 1.`],
		[
			"AveragePool",
			[],
			{ kernel_shape: [2, 2] },
			`${foreign} AveragePool (y) pools 2×2 pixels where the whole picture (8×8) was expected.`,
		],
		[
			"MaxPool",
			[],
			{ kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] },
			`${foreign} MaxPool (y) pools 3×3 pixels where the whole picture (8×8) was expected.`,
		],
		[
			"ReduceMean",
			["axes"],
			{},
			`${foreign} ReduceMean (y) reduces the axes [1] where 2,3, height and width, were expected.`,
		],
		[
			"ReduceMean",
			[],
			{},
			`${foreign} ReduceMean (y) reduces the axes [] where 2,3, height and width, were expected.`,
		],
		[
			"Transpose",
			[],
			{ perm: [0, 1, 3, 2] },
			`${foreign} Transpose (y) brings the axes into the order 0,1,3,2.`,
		],
		["QuantizeLinear", [], {}, "broken-file: its operator QuantizeLinear (y) has no scale."],
		["QuantizeLinear", ["z"], {}, "broken-file: its operator QuantizeLinear (y) has scales of the type U8."],
		[
			"QuantizeLinear",
			["pair"],
			{},
			"unsupported: its operator QuantizeLinear (y) has 2 scales of activations where one was expected.",
		],
		[
			"QuantizeLinear",
			["s", "codes"],
			{},
			"broken-file: its operator QuantizeLinear (y) has 1 scales and 4 zero points.",
		],
		["Selu", [], {}, `${foreign} Selu (y) is not one of MobileNet v1's.`],
		[
			"HardSwish",
			[],
			{},
			`${foreign} HardSwish (y) is not one of MobileNet v1's; it looks like MobileNet v3.`,
		],
		["TopK", ["few"], {}, `${foreign} TopK (y) is not one of MobileNet v1's; it looks like a detector.`],
		[
			"ConvInteger",
			["codes"],
			{},
			`${foreign} ConvInteger (y) is not one of MobileNet v1's; it is quantized as it runs, which is not read: take the network of floats.`,
		],
		["constructor", [], {}, `${foreign} constructor (y) is not one of MobileNet v1's.`],
	];
	test.each(refused)("%s %j %j", async (operator, inputs, attributes, sentence) => {
		expect(await graphRefusal({ nodes: [node(operator, "y", ["input", ...inputs], attributes)] })).toBe(
			sentence,
		);
	});

	test.each<readonly [string, readonly OnnxNode[], string]>([
		[
			"division by what is computed",
			[node("Div", "y", ["one", "input"])],
			`${foreign} Div (y) divides by what is computed.`,
		],
		[
			"an operator of a domain of its own",
			[{ ...node("Conv", "y", ["input", "filter"]), domain: "ai.example" }],
			`${foreign} ai.example.Conv (y) is not one of MobileNet v1's.`,
		],
		[
			"a convolution over channels that lie behind the pixels",
			[node("Transpose", "last", ["input"], { perm: [0, 2, 3, 1] }), node("Conv", "y", ["last", "filter"])],
			"unsupported: its operator Conv (y) takes a picture whose channels are not where ONNX has them.",
		],
		[
			"batch norm of whole numbers",
			[node("BatchNormalization", "y", ["input", "whole", "whole", "whole", "whole"])],
			"unsupported: its operator BatchNormalization (y) has constants of the type I32 where floats were expected.",
		],
		[
			"codes of floats",
			[node("DequantizeLinear", "codes32", ["w", "s"]), node("Gemm", "y", ["input", "codes32"])],
			"broken-file: its operator DequantizeLinear (codes32) takes floats where codes were expected.",
		],
		[
			"scales along the inputs of a layer",
			[
				node("DequantizeLinear", "real", ["codes", "pair"], { axis: 1 }),
				node("Gemm", "y", ["input", "real"], { transB: 1 }),
			],
			"unsupported: the weights of the layer y have scales along the axis 1 where their outputs were expected.",
		],
		[
			"a constant without a value",
			[node("Constant", "none", []), node("Mul", "y", ["input", "none"])],
			"unsupported: its operator Constant (none) has no value that is read.",
		],
		[
			"arithmetic on codes",
			[
				node("DequantizeLinear", "real", ["codes", "s"]),
				node("Add", "sum", ["real", "one"]),
				node("Mul", "y", ["input", "sum"]),
			],
			"unsupported: its operator Mul (y) has constants of the type I32 where floats were expected.",
		],
	])("%s", async (_, nodes, sentence) => {
		expect(await graphRefusal({ nodes })).toBe(sentence);
	});
});

describe("a graph is refused", () => {
	const branch = (operator: string) => [node("Relu", "a", ["input"]), node(operator, "y", ["a", "input"])];
	test.each<readonly [string, Partial<OnnxGraph> & Pick<OnnxGraph, "nodes">, string]>([
		[
			"that branches and adds",
			{ nodes: branch("Add") },
			"not-mobilenet holds no MobileNet v1: its layers branch where a chain was expected: its operator Add (y) takes 2 inputs that are computed; it looks like MobileNet v2.",
		],
		[
			"that branches and multiplies",
			{ nodes: branch("Mul") },
			"not-mobilenet holds no MobileNet v1: its layers branch where a chain was expected: its operator Mul (y) takes 2 inputs that are computed; it looks like MobileNet v3.",
		],
		[
			"that goes in a circle",
			{ nodes: [node("Relu", "a", ["y"]), node("Relu", "y", ["a"])] },
			"broken-file: its nodes form a circle.",
		],
		[
			"whose way begins nowhere",
			{ nodes: [node("Relu", "y", ["nothing"])] },
			"broken-file: no node makes its value nothing, and it is not the input.",
		],
		[
			"with a node without inputs",
			{ nodes: [node("Relu", "y", [])] },
			"broken-file: its operator Relu (y) has no inputs.",
		],
		[
			"that takes a second output",
			{
				nodes: [{ ...node("Dropout", "d", ["input"]), outputs: ["d", "mask"] }, node("Relu", "y", ["mask"])],
			},
			"not-mobilenet holds no MobileNet v1: the second output of its operator Dropout (d) is used where only the first was expected.",
		],
		[
			"with two nodes for one value",
			{ nodes: [node("Relu", "y", ["input"]), node("Tanh", "y", ["input"])] },
			"broken-file: two nodes make its value y.",
		],
		[
			"of old operators",
			{ nodes: [node("Relu", "y", ["input"])], opset: 6 },
			"unsupported: it is of opset 6, and those from 7 on are read: export it anew.",
		],
		[
			"with a constant of a type that no network has",
			{
				nodes: [node("Mul", "y", ["input", "odd"])],
				constants: { odd: { ...float32([1]), dtype: "X" } as unknown as Tensor },
			},
			"unsupported: its constant odd is of the type 0.",
		],
		[
			"with a constant of too few bytes",
			{
				nodes: [node("Mul", "y", ["input", "short"])],
				constants: { short: { ...float32([1]), shape: [3] } },
			},
			"broken-file: its constant short should take 12 bytes, but there are 4.",
		],
		[
			"with a constant of many axes",
			{
				nodes: [node("Mul", "y", ["input", "deep"])],
				constants: { deep: float32([1], new Array<number>(17).fill(1)) },
			},
			"broken-file: its constant deep has more than 16 axes.",
		],
		[
			"with a constant of an impossible shape",
			{ nodes: [node("Mul", "y", ["input", "deep"])], constants: { deep: float32([1], [-1]) } },
			"broken-file: its constant deep has the shape [-1].",
		],
	])("%s", async (_, graph, sentence) => {
		expect(await graphRefusal(graph)).toBe(sentence);
	});

	test("with several outputs", async () => {
		const bytes = message((model) =>
			model.message(7, (graph) => {
				graph.message(11, (value) => value.text(1, "input"));
				for (const name of ["scores", "boxes"]) graph.message(12, (value) => value.text(1, name));
			}),
		);
		expect(await refusalOf(bytes)).toBe(
			"not-mobilenet holds no MobileNet v1: it has 1 inputs and 2 outputs (scores, boxes) where one of each was expected.",
		);
	});

	test("that is none", async () => {
		const bytes = message((model) => model.integer(1, 8));
		expect(await refusalOf(bytes)).toBe("broken-file: it is of ONNX's form, but has no graph.");
	});
});
