import { describe, expect, test } from "vitest";
import { made } from "../../../test/support/models.ts";
import { type ByteReader, readBytes, readerAt, readFloat32 } from "../../base/byte-reader.ts";
import { binaryFile } from "../../base/bytes.ts";
import { type ConfigurationOptions, configure } from "../../network/configuration.ts";
import { layers } from "../../network/layers.ts";
import { dequantize } from "../../weights/dequantize.ts";
import { fold } from "../../weights/fold.ts";
import { namesOf } from "../../weights/names.ts";
import { partsOf, tensorsOf } from "../../weights/parts.ts";
import { fieldsOf, packedVarints, text } from "../protobuf.ts";
import { readModel } from "../read.ts";
import { writeAs } from "../write.ts";
import { graphWriter } from "./graph-writer.ts";
import { fields } from "./schema.ts";

const small = { alpha: 0.01, size: 33, classes: 3 } as const;

async function written(options: ConfigurationOptions, form: Parameters<typeof made>[1], batch = 1) {
	const model = made(configure(options), form);
	const files = await writeAs(model, "network.onnx", { batch });
	expect([...files.keys()]).toEqual(["network.onnx"]);
	return { model, bytes: files.get("network.onnx")! };
}

/** The values of a field in a message. */
function all(message: ByteReader, number: number): ByteReader[] {
	return [...fieldsOf({ ...message })].flatMap((field) =>
		field.number === number && typeof field.value !== "number" ? [field.value] : [],
	);
}
const texts = (message: ByteReader, number: number): string[] =>
	all(message, number).map((value) => text({ ...value }));

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
	return new Uint8Array(buffer, byteOffset, byteLength).slice();
}

function float32sOf(bytes: Uint8Array): Float32Array {
	return new Float32Array(bytes.slice().buffer);
}

/** What a file holds, by ONNX's own words. */
function opened(bytes: Uint8Array) {
	const model = readerAt(binaryFile(bytes, "x"), 0, bytes.length, "x");
	const [graph] = all(model, fields.model.graph);
	const [set] = all(model, fields.model.operatorSets);
	const integerOf = (message: ByteReader, number: number): number | undefined => {
		const field = [...fieldsOf({ ...message })].find((one) => one.number === number);
		return typeof field?.value === "number" ? field.value : undefined;
	};
	const floatOf = (message: ByteReader, number: number): number | undefined => {
		const [value] = all(message, number);
		return value && readFloat32(value);
	};
	const described = (value: ByteReader) => {
		const [type] = all(value, fields.value.type);
		const [tensor] = all(type!, fields.type.tensor);
		const [shape] = all(tensor!, fields.tensorType.shape);
		return {
			name: texts(value, fields.value.name)[0],
			type: integerOf(tensor!, fields.tensorType.elements),
			shape: all(shape!, fields.shape.lengths).map((length) => integerOf(length, fields.length.value)),
		};
	};
	return {
		versions: {
			ir: integerOf(model, fields.model.irVersion),
			operators: integerOf(set!, fields.operatorSet.version),
			domain: texts(set!, fields.operatorSet.domain)[0],
		},
		nodes: all(graph!, fields.graph.nodes).map((node) => ({
			operator: texts(node, fields.node.operator)[0]!,
			inputs: texts(node, fields.node.inputs),
			output: texts(node, fields.node.outputs)[0]!,
			attributes: Object.fromEntries(
				all(node, fields.node.attributes).map((attribute) => {
					const [integers] = all(attribute, fields.attribute.integers);
					return [
						texts(attribute, fields.attribute.name)[0]!,
						integers
							? [...packedVarints({ ...integers })]
							: (integerOf(attribute, fields.attribute.integer) ??
								floatOf(attribute, fields.attribute.float)),
					];
				}),
			),
		})),
		constants: new Map(
			all(graph!, fields.graph.initializers).map((tensor) => {
				const [shape] = all(tensor, fields.tensor.shape);
				const [data] = all(tensor, fields.tensor.data);
				return [
					texts(tensor, fields.tensor.name)[0]!,
					{
						type: integerOf(tensor, fields.tensor.type),
						shape: [...packedVarints({ ...shape! })],
						data: readBytes({ ...data! }, data!.end - data!.offset),
					},
				];
			}),
		),
		inputs: all(graph!, fields.graph.inputs).map(described),
		outputs: all(graph!, fields.graph.outputs).map(described),
	};
}

describe("a file of floats", () => {
	test("has every layer's weights, folded, and its zeros at this size", async () => {
		const { model, bytes } = await written({ ...small, padding: "same" }, "batch norm", 2);
		const { versions, nodes, constants, inputs, outputs } = opened(bytes);
		// Operator set 13 is of IR version 7 and later (docs/Versioning.md of ONNX); 1 is float, by onnx.proto.
		expect(versions).toEqual({ ir: 8, operators: 13, domain: "" });
		expect(inputs).toEqual([{ name: "input", type: 1, shape: [2, 3, 33, 33] }]);
		expect(outputs).toEqual([{ name: "probabilities", type: 1, shape: [2, 3] }]);
		const operators = nodes.map(({ operator }) => operator);
		expect(operators.filter((operator) => operator === "Conv")).toHaveLength(27);
		expect(operators.filter((operator) => operator === "Clip")).toHaveLength(27);
		expect(operators.slice(-4)).toEqual(["GlobalAveragePool", "Flatten", "Gemm", "Softmax"]);
		// 33 pixels at stride 2 are 17 with a zero on each side, and 17 at stride 1 take one on each side.
		expect(nodes[0]!.attributes).toMatchObject({ pads: [1, 1, 1, 1], strides: [2, 2], group: 1 });
		// Every node takes the output of the one before it.
		for (const [i, { inputs }] of nodes.entries())
			expect(inputs[0]).toBe(i === 0 ? "input" : nodes[i - 1]!.output);
		for (const { layer, weight, bias } of partsOf(fold(dequantize(model))).layers) {
			if (!weight) continue;
			const names = namesOf(layer);
			for (const [name, tensor] of [
				[names.weight, weight],
				[names.bias, bias!],
			] as const)
				expect(constants.get(name)).toEqual({ type: 1, shape: tensor.shape, data: bytesOf(tensor.data) });
			// As they come in: the weights, then the bias.
			const node = nodes.find(({ inputs }) => inputs[1] === names.weight)!;
			expect(node.inputs.slice(2)).toEqual([names.bias]);
		}
	});

	test.each([
		[{ activation: "relu" }, "Relu", {}],
		[{ activation: "leakyRelu", leakySlope: 0.25 }, "LeakyRelu", { alpha: 0.25 }],
	] as const)("with %j has %s", async (options, operator, attributes) => {
		const { bytes } = await written({ ...small, ...options }, "folded");
		const found = opened(bytes).nodes.filter((node) => node.operator === operator);
		expect(found).toHaveLength(27);
		for (const node of found) expect(node.attributes).toEqual(attributes);
	});

	test("with the tutorial's conventions has their zeros", async () => {
		const { bytes } = await written({ ...small, preset: "tutorial" }, "folded");
		const convolutions = opened(bytes).nodes.filter(({ operator }) => operator === "Conv");
		const [depthwise, pointwise] = convolutions.slice(-2);
		// PyTorch's padding is on all sides; the paper's table has a last block of stride 2 with a padding of 4.
		expect(convolutions[0]!.attributes.pads).toEqual([1, 1, 1, 1]);
		expect(depthwise!.attributes).toMatchObject({ pads: [4, 4, 4, 4], strides: [2, 2], group: 10 });
		expect(pointwise!.attributes).toMatchObject({ pads: [0, 0, 0, 0], strides: [1, 1], group: 1 });
	});

	test("with TensorFlow's conventions has the odd zero at the bottom and on the right", async () => {
		const { bytes } = await written({ ...small, size: 32, padding: "same" }, "folded");
		expect(opened(bytes).nodes[0]!.attributes.pads).toEqual([0, 0, 1, 1]);
	});

	test("that ends with features ends with them as a row", async () => {
		const { bytes } = await written({ ...small, head: false }, "folded");
		const { nodes, outputs } = opened(bytes);
		expect(nodes.at(-1)!.operator).toBe("Flatten");
		expect(outputs).toEqual([{ name: "output", type: 1, shape: [1, 10] }]);
	});
});

describe("a file of integers", () => {
	// By onnx.proto: 2 is uint8, 3 is int8, 6 is int32.
	test.each([
		["int8", 3, 128],
		["int8 per channel", 3, 128],
		["uint8", 2, 0],
	] as const)("of %s has the model's codes and what they stand for", async (form, type, offset) => {
		const { model, bytes } = await written(small, form);
		const { constants, nodes } = opened(bytes);
		const { input, layers } = partsOf(model);
		const scaleOf = (name: string): number[] => [...float32sOf(constants.get(`${name}.scale`)!.data)];
		let taken = input!;
		for (const { layer, weight, bias, codes, output } of layers) {
			if (weight) {
				const names = namesOf(layer);
				// The classifier is a convolution of one pixel.
				const shape = [...weight.shape, 1, 1].slice(0, 4);
				expect(constants.get(`${names.weight}.codes`)).toEqual({ type, shape, data: bytesOf(weight.data) });
				expect(constants.get(`${names.bias}.codes`)).toEqual({
					...{ type: 6, shape: bias!.shape },
					data: bytesOf(bias!.data),
				});
				expect(scaleOf(names.weight)).toEqual(codes!.scale);
				expect(scaleOf(names.bias)).toEqual(codes!.scale.map((own) => Math.fround(own * taken.scale)));
				const zeros = constants.get(`${names.weight}.zero_point`)!;
				expect(zeros).toMatchObject({ type, shape: codes!.scale.length > 1 ? [shape[0]] : [] });
				expect(new Set(zeros.data)).toEqual(new Set([type === 3 ? 0 : 128]));
			}
			taken = output ?? taken;
		}
		// What layers give out is in unsigned codes, whatever the model has.
		const zeroPoint = constants.get(nodes[0]!.inputs[2]!)!;
		expect(zeroPoint).toEqual({ type: 2, shape: [], data: Uint8Array.of(input!.zeroPoint + offset) });
	});

	test("keeps to the activation by a node only where codes reach beyond it", async () => {
		const bare = made(configure(small), "int8");
		const count = async (zeroPoint: number, scale: number): Promise<number> => {
			const { input, layers } = partsOf(bare);
			const limited = layers.map((own) => (own.weight ? { ...own, output: { scale, zeroPoint } } : own));
			const model = { ...bare, tensors: tensorsOf({ input, layers: limited }) };
			const bytes = [...(await writeAs(model, ".onnx")).values()][0]!;
			return opened(bytes).nodes.filter(({ operator }) => operator === "Clip").length;
		};
		// 256 codes from 0 to 6, from 0 to 12, and from −3 to 3.
		expect(await count(-128, 6 / 255)).toBe(0);
		expect(await count(-128, 12 / 255)).toBe(27);
		expect(await count(0, 6 / 255)).toBe(27);
	});

	test("has codes of every layer between its float operators", async () => {
		const { bytes } = await written(small, "int8 per channel");
		const { nodes, constants } = opened(bytes);
		const count = (operator: string): number => nodes.filter((node) => node.operator === operator).length;
		// The picture, 27 convolutions, the pool, the classifier.
		expect(count("QuantizeLinear")).toBe(30);
		expect(count("Conv")).toBe(28);
		// As many for activations, and two for the weights and the bias of each layer.
		expect(count("DequantizeLinear")).toBe(30 + 2 * 28);
		expect(constants.get("stem.conv.weight.scale")!.shape).toEqual([8]);
		expect(nodes.at(-1)!.operator).toBe("Softmax");
	});
});

test("a network that ONNX has no room for is refused before it is laid out", () => {
	const { add, constant, finish } = graphWriter();
	// 2 GiB of numbers, which are the same 64 MiB again and again.
	const values = { dtype: "F32", shape: [2 ** 24], data: new Float32Array(2 ** 24) } as const;
	for (let i = 0; i < 32; i++) add("Add", `sum.${i}`, [constant(`${i}`, values)]);
	expect(() => finish([1], [1], {})).toThrow(
		"an ONNX file holds at most 2 GiB, but the weights of this network take 2.0 GiB: write it as safetensors.",
	);
});

test.each(["folded", "int8 per channel"] as const)(
	"what is written %s is read as the same network",
	async (form) => {
		const { model, bytes } = await written(small, form);
		const read = await readModel(bytes, { name: "m" });
		expect(layers(read.configuration)).toEqual(layers(model.configuration));
		const expected = form === "folded" ? fold(dequantize(model)) : model;
		for (const { layer, weight, bias } of partsOf(expected).layers) {
			if (!weight) continue;
			const names = namesOf(layer);
			expect(read.tensors.get(names.weight)).toEqual(weight);
			expect(read.tensors.get(names.bias)).toEqual(bias);
		}
	},
);
