import { describe, expect, test } from "vitest";
import { made } from "../../../test/support/models.ts";
import { type ByteReader, readBytes, readerAt } from "../../base/byte-reader.ts";
import { binaryFile } from "../../base/bytes.ts";
import { type ConfigurationOptions, configure } from "../../network/configuration.ts";
import { dequantize } from "../../weights/dequantize.ts";
import { fold } from "../../weights/fold.ts";
import { namesOf } from "../../weights/names.ts";
import { partsOf } from "../../weights/parts.ts";
import { fieldsOf, packedVarints, text } from "../protobuf.ts";
import { readModel } from "../read.ts";
import { writeAs } from "../write.ts";
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

/** What a file holds, by ONNX's own words. */
function opened(bytes: Uint8Array) {
	const [graph] = all(readerAt(binaryFile(bytes, "x"), 0, bytes.length, "x"), fields.model.graph);
	const shapeOf = (value: ByteReader): number[] => {
		const [type] = all(value, fields.value.type);
		const [tensor] = all(type!, fields.type.tensor);
		const [shape] = all(tensor!, fields.tensorType.shape);
		return all(shape!, fields.shape.lengths).map((length) => {
			const [field] = fieldsOf({ ...length });
			return field!.value as number;
		});
	};
	return {
		nodes: all(graph!, fields.graph.nodes).map((node) => ({
			operator: texts(node, fields.node.operator)[0]!,
			inputs: texts(node, fields.node.inputs),
			output: texts(node, fields.node.outputs)[0]!,
			attributes: Object.fromEntries(
				all(node, fields.node.attributes).map((attribute) => {
					const [integers] = all(attribute, fields.attribute.integers);
					const integer = [...fieldsOf({ ...attribute })].find(
						({ number }) => number === fields.attribute.integer,
					);
					return [
						texts(attribute, fields.attribute.name)[0]!,
						integers ? [...packedVarints({ ...integers })] : integer?.value,
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
						shape: [...packedVarints({ ...shape! })],
						data: readBytes({ ...data! }, data!.end - data!.offset),
					},
				];
			}),
		),
		input: shapeOf(all(graph!, fields.graph.inputs)[0]!),
		output: shapeOf(all(graph!, fields.graph.outputs)[0]!),
	};
}

describe("a file of floats", () => {
	test("has every layer's weights, folded, and its zeros at this size", async () => {
		const { model, bytes } = await written({ ...small, padding: "same" }, "batch norm", 2);
		const { nodes, constants, input, output } = opened(bytes);
		expect(input).toEqual([2, 3, 33, 33]);
		expect(output).toEqual([2, 3]);
		const operators = nodes.map(({ operator }) => operator);
		expect(operators.filter((operator) => operator === "Conv")).toHaveLength(27);
		expect(operators.filter((operator) => operator === "Clip")).toHaveLength(27);
		expect(operators.slice(-4)).toEqual(["GlobalAveragePool", "Flatten", "Gemm", "Softmax"]);
		// 33 pixels at stride 2 are 17 with a zero on each side, and 17 at stride 1 take one on each side.
		expect(nodes[0]!.attributes).toMatchObject({ pads: [1, 1, 1, 1], strides: [2, 2], group: 1 });
		// Every node takes the output of the one before it.
		for (const [i, { inputs }] of nodes.entries())
			expect(inputs[0]).toBe(i === 0 ? "input" : nodes[i - 1]!.output);
		for (const { layer, weight } of partsOf(fold(dequantize(model))).layers) {
			if (!weight) continue;
			const names = namesOf(layer);
			const constant = constants.get(names.weight)!;
			expect(constant.shape).toEqual(layer.weightShape);
			expect(constant.data).toEqual(new Uint8Array(weight.data.buffer.slice(0)));
		}
	});

	test.each([
		[{ activation: "relu" }, "Relu"],
		[{ activation: "leakyRelu" }, "LeakyRelu"],
	] as const)("with %j has %s", async (options, operator) => {
		const { bytes } = await written({ ...small, ...options }, "folded");
		expect(opened(bytes).nodes.filter((node) => node.operator === operator)).toHaveLength(27);
	});

	test("that ends with features ends with them as a row", async () => {
		const { bytes } = await written({ ...small, head: false }, "folded");
		const { nodes, output } = opened(bytes);
		expect(nodes.at(-1)!.operator).toBe("Flatten");
		expect(output).toEqual([1, 10]);
	});
});

describe("a file of integers", () => {
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

test("is written, but not read", async () => {
	const { bytes } = await written(small, "folded");
	await expect(readModel(bytes, { name: "m" })).rejects.toThrow(
		/^m is of the format ONNX, which is written but not read: take the network in another format/,
	);
});
