import { readdirSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { anyConfiguration, anyForm, made } from "../../../test/support/models.ts";
import { missing, shared } from "../../../test/support/shared-paths.ts";
import { random } from "../../base/random.ts";
import { type ConfigurationOptions, configure, type HeadActivation } from "../../network/configuration.ts";
import { quantize } from "../../quantization/quantize.ts";
import { dequantize } from "../../weights/dequantize.ts";
import { fold } from "../../weights/fold.ts";
import { initialize } from "../../weights/initialize.ts";
import type { Model } from "../../weights/model.ts";
import { partsOf, tensorsOf } from "../../weights/parts.ts";
import type { Tensor } from "../../weights/tensor.ts";
import { fileOf } from "../file.ts";
import { readModel } from "../read.ts";
import { writeAs } from "../write.ts";
import { childTable, float32s, int32, int64s, text } from "./flatbuffer.ts";
import { openGraph } from "./graph.ts";
import { fields } from "./schema.ts";

async function again(model: Model, batch?: number): Promise<Model> {
	const files = await writeAs(model, "TensorFlow Lite", { batch });
	expect([...files.keys()]).toEqual(["model.tflite"]);
	return readModel(files.get("model.tflite")!);
}

/** The pool of a file has codes of its own, if only those that it takes. */
function withPoolCodes(model: Model): Model {
	const { input, layers } = partsOf(model);
	const last = layers.findLast(({ layer }) => layer.kind === "pointwise")!.output;
	const filled = layers.map((own) => (own.weight ? own : { ...own, output: own.output ?? last }));
	return { ...model, tensors: tensorsOf({ input, layers: filled }) };
}

test("what is written is read as the same network: floats folded, integers as they are", async () => {
	await fc.assert(
		fc.asyncProperty(
			anyConfiguration,
			anyForm,
			fc.integer({ min: 1, max: 3 }),
			async (given, form, batch) => {
				// Dropout is nothing that a file for inference says.
				const model = made({ ...given, dropout: 0 }, form);
				const isInteger = /int8/.test(form) && given.activation !== "leakyRelu";
				const expected = isInteger ? withPoolCodes(model) : fold(dequantize(model));
				const read = await again(model, batch);
				expect(read.configuration).toEqual(expected.configuration);
				expect(read.tensors).toEqual(expected.tensors);
			},
		),
		{ numRuns: 60 },
	);
});

test("the picture's codes say how it was normalized", async () => {
	const model = made(configure({ alpha: 0.01, size: 32, classes: 2 }), "int8");
	const [scale] = model.tensors.get("input.scale")!.data;
	const [zeroPoint] = model.tensors.get("input.zero_point")!.data;
	const { preprocessing } = await again(model);
	expect(preprocessing.std).toEqual(new Array(3).fill(1 / scale!));
	expect(preprocessing.mean).toEqual(new Array(3).fill(zeroPoint! + 128));
});

const folder = "weights";
const isShared = missing([folder]) === undefined;
const names = isShared ? readdirSync(shared(folder)).filter((name) => name.endsWith(".tflite")) : [];
if (!isShared)
	console.warn("skipped: writing the networks of ../shared again, which is not beside the project");

test.each(names)("%s, written again, is the same network", async (name) => {
	const model = await readModel(shared(`${folder}/${name}`));
	const read = await again(model);
	// Half floats, and weights alone that are integers, are written as floats.
	const isWhole = model.tensors.has("input.scale");
	expect(read.tensors).toEqual((isWhole ? model : fold(dequantize(model))).tensors);
	expect({ ...read.configuration, dropout: 0 }).toEqual({ ...model.configuration, dropout: 0 });
});

test("scales and zero points are as many, and along the axis of the output channels where there are several", async () => {
	const { configuration } = made(configure({ alpha: 0.01, size: 32, classes: 2 }), "folded");
	const raw = async (form: "int8" | "int8 per channel") => {
		const bytes = [...(await writeAs(made(configuration, form), ".tflite")).values()][0]!;
		const graph = openGraph(fileOf(bytes, "model.tflite"));
		return graph.tensors.flatMap((table) => {
			const quantization = childTable(table, fields.tensor.quantization);
			if (!quantization) return [];
			const { scale, zeroPoint, quantizedDimension: axis } = fields.quantization;
			const counts = [float32s(quantization, scale).length, int64s(quantization, zeroPoint).length];
			return [[text(table, fields.tensor.name), ...counts, int32(quantization, axis)]];
		});
	};
	const weights = ["stem.conv.weight", "blocks.0.depthwise.conv.weight", "stem.conv.bias"];
	const found = (all: Awaited<ReturnType<typeof raw>>) =>
		weights.map((name) => all.find(([own]) => own === name));
	// TensorFlow Lite refuses other numbers of zero points, and XNNPACK another axis of a single scale.
	expect(found(await raw("int8"))).toEqual(weights.map((name) => [name, 1, 1, 0]));
	expect(found(await raw("int8 per channel"))).toEqual([
		["stem.conv.weight", 8, 8, 0],
		["blocks.0.depthwise.conv.weight", 8, 8, 3],
		["stem.conv.bias", 8, 8, 0],
	]);
});

const wide = { alpha: 0.01, size: 37, depth: "shallow", classes: 2 } as const;
const head = (...activations: readonly HeadActivation[]) => ({
	headLayers: activations.map((activation) => ({ units: 4, activation })),
});

/** The operators of a network's end, after its last convolution of a picture. */
async function ending(model: Model): Promise<readonly string[]> {
	const bytes = (await writeAs(model, "TensorFlow Lite")).get("model.tflite")!;
	const names = openGraph(fileOf(bytes, "model.tflite")).operators.map(({ name }) => name);
	// A depthwise convolution is never the last.
	return names.slice(names.lastIndexOf("DEPTHWISE_CONV_2D") + 2);
}

// As LiteRT 2.3 takes them: it answers as the engine does, within 2e-7 (floats).
test.each<readonly [ConfigurationOptions, readonly string[]]>([
	[{ pooling: "max" }, ["MAX_POOL_2D", "FULLY_CONNECTED", "SOFTMAX"]],
	[{ pooling: "none" }, ["RESHAPE", "FULLY_CONNECTED", "SOFTMAX"]],
	[
		head("relu", "tanh", "sigmoid"),
		["AVERAGE_POOL_2D", "FULLY_CONNECTED", "FULLY_CONNECTED", "TANH", "FULLY_CONNECTED", "LOGISTIC"].concat([
			"FULLY_CONNECTED",
			"SOFTMAX",
		]),
	],
	[{ output: "sigmoid" }, ["AVERAGE_POOL_2D", "FULLY_CONNECTED", "LOGISTIC"]],
	[{ output: "logits", binary: true }, ["AVERAGE_POOL_2D", "FULLY_CONNECTED"]],
])("a network of floats with %o ends with %o", async (options, operators) => {
	expect(await ending(made(configure({ ...wide, ...options }), "folded"))).toEqual(operators);
});

test("what is quantized stays integers, whatever the head", async () => {
	const { uniform } = random(1);
	const pixels = {
		data: Uint8Array.from({ length: 37 ** 2 * 3 }, () => 255 * uniform()),
		width: 37,
		height: 37,
	};
	const quantized = async (options: ConfigurationOptions) =>
		(await quantize(initialize(configure({ ...wide, ...options })), [{ ...pixels, channels: 3 }])).model;
	const last = ["CONV_2D", "DEQUANTIZE", "SOFTMAX"];
	expect(await ending(await quantized(head("relu", "relu6")))).toEqual(
		["AVERAGE_POOL_2D", "CONV_2D", "CONV_2D"].concat(last),
	);
	expect(await ending(await quantized(head("tanh", "sigmoid")))).toEqual(
		["AVERAGE_POOL_2D", "CONV_2D", "TANH", "CONV_2D", "LOGISTIC"].concat(last),
	);
	// A row of numbers first, then the one pixel that a convolution takes.
	expect(await ending(await quantized({ pooling: "none" }))).toEqual(["RESHAPE", "RESHAPE"].concat(last));
	expect(await ending(await quantized({ pooling: "max", output: "sigmoid" }))).toEqual([
		"MAX_POOL_2D",
		"CONV_2D",
		"DEQUANTIZE",
		"LOGISTIC",
	]);
});

test("Keras's zeros are laid by operators of their own", async () => {
	const model = made(configure({ ...wide, padding: "keras", stemPadding: "same" }), "folded");
	const bytes = (await writeAs(model, "TensorFlow Lite")).get("model.tflite")!;
	const names = openGraph(fileOf(bytes, "model.tflite")).operators.map(({ name }) => name);
	expect(names.slice(0, 5)).toEqual(["CONV_2D", "PAD", "DEPTHWISE_CONV_2D", "CONV_2D", "PAD"]);
	expect((await again(model)).configuration).toMatchObject({ padding: "keras", stemPadding: "same" });
});

test("layers of floats that end where codes did are refused, and tables from pixels to codes", async () => {
	const model = made(configure(wide), "folded");
	const bounds: Tensor = { dtype: "F32", shape: [2], data: Float32Array.of(0, 2.5) };
	const bounded = { ...model, tensors: new Map([...model.tensors, ["blocks.0.depthwise.bounds", bounds]]) };
	await expect(writeAs(bounded, "TensorFlow Lite")).rejects.toMatchObject({
		code: "unsupported",
		message:
			"the network cannot be written as TensorFlow Lite, because blocks.0.depthwise.activation keeps floats between 0 and 2.5, as the codes of integers did: write it as safetensors.",
	});
	const integers = made(configure(wide), "int8");
	const table: Tensor = { dtype: "I8", shape: [1, 256], data: new Int8Array(256) };
	const tabled = { ...integers, tensors: new Map([...integers.tensors, ["input.table", table]]) };
	await expect(writeAs(tabled, "TensorFlow Lite")).rejects.toThrow(
		"the network cannot be written as TensorFlow Lite, because pixels become codes by a table: write it as safetensors.",
	);
});
