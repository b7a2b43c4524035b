/**
 * Every TensorFlow Lite file of ../shared, read and recognized; and the same network in several files compared. The files
 * damaged are test/fuzz/formats.test.ts's.
 */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Chain } from "../../src/formats/chain/chain.ts";
import { recognize } from "../../src/formats/chain/recognize.ts";
import { openFile } from "../../src/formats/opened.ts";
import { readTensorFlowJs } from "../../src/formats/tensorflowjs/read.ts";
import { readTensorFlowLite } from "../../src/formats/tflite/read.ts";
import { layers as networkLayers } from "../../src/network/layers.ts";
import { dequantize } from "../../src/weights/dequantize.ts";
import { float32Of, isFloat } from "../../src/weights/float.ts";
import { fold } from "../../src/weights/fold.ts";
import type { Model } from "../../src/weights/model.ts";
import type { DType } from "../../src/weights/tensor.ts";
import { describeWithShared, shared } from "../support/shared.ts";

interface Expected {
	readonly path: string;
	readonly alpha: number;
	readonly size: number;
	readonly classes: number;
	readonly inputChannels?: number;
	readonly activation?: "relu";
	/** Layers found: a stem and 26 convolutions with an activation each, pool, classifier, shape, softmax are 58. */
	readonly layers?: number;
	readonly weights: DType;
	/** The stem's, where they are others. */
	readonly stemWeights?: DType;
	readonly biases: DType;
	/** How many scales the weights of the stem and of the last pointwise layer have; none where there is nothing. */
	readonly scales?: readonly [stem: number, last: number];
	readonly input?: DType;
	/** What takes a pixel's value to the network's, where the file says it. */
	readonly mean?: number;
	readonly std?: number;
	readonly labels?: number;
}

const float = { weights: "F32", biases: "F32" } as const;
const uint8 = {
	weights: "U8",
	biases: "I32",
	scales: [1, 1],
	input: "U8",
	mean: 128,
	std: 128,
	classes: 1001,
} as const;
const int8 = { weights: "I8", biases: "I32", scales: [8, 256], input: "I8" } as const;
// Their graphs have 4 PAD layers more than the others.
const golden = { alpha: 0.25, size: 64, classes: 5, layers: 62 } as const;

const files: readonly Expected[] = [
	{ path: "weights/mobilenet_v1_0.25_224.tflite", alpha: 0.25, size: 224, classes: 1001, ...float },
	{
		path: "weights/mobilenet_v1_0.25_224_fp16.tflite",
		alpha: 0.25,
		size: 224,
		classes: 1001,
		weights: "F16",
		biases: "F16",
	},
	{
		path: "weights/mobilenet_v1_0.25_224_int8.tflite",
		alpha: 0.25,
		size: 224,
		classes: 1001,
		...int8,
		mean: 127,
		std: 127.5,
	},
	{ path: "weights/mobilenet_v1_1.0_224_quant.tflite", alpha: 1, size: 224, ...uint8 },
	{ path: "weights/mobilenet_v1_0.5_160_quant.tflite", alpha: 0.5, size: 160, ...uint8, labels: 1001 },
	{ path: "weights/mobilenet_v1_0.25_128_quant.tflite", alpha: 0.25, size: 128, ...uint8, labels: 1001 },
	{ path: "weights/glasses_v1_0.25_224.tflite", alpha: 0.25, size: 224, classes: 2, ...float },
	{ path: "weights/vww_v1_0.25_96.tflite", alpha: 0.25, size: 96, classes: 2, activation: "relu", ...float },
	{
		path: "weights/vww_v1_0.25_96_int8.tflite",
		alpha: 0.25,
		size: 96,
		classes: 2,
		activation: "relu",
		...int8,
		mean: 0,
		std: 255,
	},
	{
		path: "weights/person_detect_v1_0.25_96_gray_int8.tflite",
		...{ alpha: 0.25, size: 96, classes: 2, inputChannels: 1, ...int8, mean: 127, std: 127.5 },
	},
	{ path: "golden/formats/tflite_float32.tflite", ...golden, ...float },
	{ path: "golden/formats/tflite_float16.tflite", ...golden, weights: "F16", biases: "F16" },
	{
		path: "golden/formats/tflite_dynamic_range.tflite",
		// Tensors of fewer than 1024 numbers stay floats.
		...{ ...golden, weights: "I8", stemWeights: "F32", biases: "F32", scales: [0, 256] },
	},
	{ path: "golden/formats/tflite_int8_per_channel.tflite", ...golden, ...int8, mean: 128, std: 127.5 },
	// QUANTIZE at both ends.
	{
		path: "golden/formats/tflite_int8_uint8_io.tflite",
		...golden,
		layers: 64,
		...int8,
		input: "U8",
		mean: 128,
		std: 127.5,
	},
];

function modelFile(name: string, bytes: Uint8Array) {
	return {
		name,
		bytes,
		beside: (path: string): Promise<Uint8Array> => Promise.reject(new Error(`asked for ${path}`)),
	};
}

const read = (path: string): Promise<Chain> =>
	readTensorFlowLite(modelFile(path, readFileSync(shared(path))));
const floatsOf = async (path: string): Promise<Model> => fold(dequantize(recognize(await read(path))));

function float32(model: Model, name: string): Float32Array {
	const tensor = model.tensors.get(name);
	if (!tensor || !isFloat(tensor)) throw new Error(`${name} is not there as floats`);
	return float32Of(tensor);
}

/** Largest difference of two tensors, and the largest number of the first. */
function difference(a: Float32Array, b: Float32Array): { readonly most: number; readonly scale: number } {
	expect(b.length).toBe(a.length);
	let [most, scale] = [0, 0];
	for (let i = 0; i < a.length; i++) {
		most = Math.max(most, Math.abs(a[i]! - b[i]!));
		scale = Math.max(scale, Math.abs(a[i]!));
	}
	return { most, scale };
}

describeWithShared(
	"TensorFlow Lite files",
	files.map(({ path }) => path),
	() => {
		test.each(files)("$path", async (expected) => {
			const {
				path,
				alpha,
				size,
				classes,
				inputChannels = 3,
				activation = "relu6",
				weights,
				biases,
			} = expected;
			const found = await read(path);
			expect(found).toMatchObject({ name: path, format: "TensorFlow Lite", size, inputChannels });
			expect(found.layers.length).toBe(expected.layers ?? 58);
			expect(found.input?.dtype).toBe(expected.input);

			const { configuration, tensors, preprocessing, labels, source } = recognize(found);
			expect(configuration).toMatchObject({
				...{ alpha, size, classes, inputChannels, activation },
				...{
					padding: path.startsWith("golden") ? "keras" : "same",
					lastBlock: "stride1",
					depth: "full",
					head: true,
					output: "softmax",
				},
			});
			const [stemScales = 0, lastScales = 0] = expected.scales ?? [];
			for (const [layer, type, scales] of [
				["stem", expected.stemWeights ?? weights, stemScales],
				["blocks.12.pointwise", weights, lastScales],
			] as const) {
				expect(tensors.get(`${layer}.conv.weight`)?.dtype).toBe(type);
				expect(tensors.get(`${layer}.conv.bias`)?.dtype).toBe(biases);
				expect(tensors.get(`${layer}.conv.scale`)?.data.length ?? 0).toBe(scales);
				// Integer activations have a scale after every layer.
				expect(tensors.has(`${layer}.output.scale`)).toBe(expected.input !== undefined);
			}
			expect(labels?.length).toBe(expected.labels);
			if (expected.mean !== undefined)
				expect(preprocessing.mean).toEqual(new Array(inputChannels).fill(expected.mean));
			if (expected.std !== undefined)
				for (const std of preprocessing.std) expect(std).toBeCloseTo(expected.std, 3);
			expect(source.assumed.includes("mean")).toBe(expected.mean === undefined);
		});

		test("the label files that two of them carry are ImageNet's", async () => {
			const { labels } = await read("weights/mobilenet_v1_0.5_160_quant.tflite");
			expect(labels?.[0]).toEqual({ name: "background" });
			expect(labels?.[1]?.name).toBe("tench");
			expect(labels?.[1000]?.name).toBe("toilet tissue");
		});

		test("a first convolution stored as depthwise and biases with an axis too many are said to be unusual", async () => {
			const { source } = recognize(await read("weights/person_detect_v1_0.25_96_gray_int8.tflite"));
			expect(source.notes).toEqual([
				expect.stringMatching(/biases are quantized along an axis that they do not have/),
				expect.stringMatching(/stored as a depthwise one/),
			]);
		});
	},
);

describeWithShared(
	"the same network in TensorFlow Lite and TensorFlow.js",
	[
		"weights/mobilenet_v1_0.25_224_tfjs/model.json",
		"weights/mobilenet_v1_0.25_224.tflite",
		"weights/glasses_v1_0.25_224.tflite",
	],
	() => {
		const tfjs = async (): Promise<Model> => {
			const folder = "weights/mobilenet_v1_0.25_224_tfjs";
			const bytes = readFileSync(shared(`${folder}/model.json`));
			const beside = async (path: string): Promise<Uint8Array> => readFileSync(shared(`${folder}/${path}`));
			return fold(recognize(await readTensorFlowJs(await openFile({ name: folder, bytes, beside }))));
		};

		test.each(["weights/mobilenet_v1_0.25_224.tflite", "weights/glasses_v1_0.25_224.tflite"])(
			"%s",
			async (path) => {
				const [a, b] = [await tfjs(), await floatsOf(path)];
				for (const { name, kind } of networkLayers(a.configuration))
					for (const part of ["weight", "bias"])
						if (kind !== "pool" && kind !== "dense") {
							const { most, scale } = difference(
								float32(a, `${name}.conv.${part}`),
								float32(b, `${name}.conv.${part}`),
							);
							expect(most / scale, `${name} ${part}`).toBeLessThan(1e-5);
						}
			},
		);

		test("the classifier of 1001 classes is the one of 1000 with a background class in front", async () => {
			const [a, b] = [await tfjs(), await floatsOf("weights/mobilenet_v1_0.25_224.tflite")];
			expect(float32(b, "classifier.weight").subarray(256)).toEqual(float32(a, "classifier.weight"));
			expect(float32(b, "classifier.bias").subarray(1)).toEqual(float32(a, "classifier.bias"));
		});
	},
);

describeWithShared(
	"the same network in floats and in integers",
	files.map(({ path }) => path),
	() => {
		// Weights are rounded to half a step at most; a half float has 11 bits.
		const within = { integers: 0.501, halves: 2 ** -11 };

		test.each([
			["golden/formats/tflite_float32.tflite", "golden/formats/tflite_dynamic_range.tflite"],
			["golden/formats/tflite_float32.tflite", "golden/formats/tflite_int8_per_channel.tflite"],
			["golden/formats/tflite_float32.tflite", "golden/formats/tflite_int8_uint8_io.tflite"],
			["weights/mobilenet_v1_0.25_224.tflite", "weights/mobilenet_v1_0.25_224_int8.tflite"],
			["weights/vww_v1_0.25_96.tflite", "weights/vww_v1_0.25_96_int8.tflite"],
		])("%s and %s", async (floats, integers) => {
			const exact = await floatsOf(floats);
			const quantized = recognize(await read(integers));
			const rounded = fold(dequantize(quantized));
			for (const { name, kind, outputChannels } of networkLayers(exact.configuration)) {
				if (kind === "pool") continue;
				const prefix = kind === "dense" ? name : `${name}.conv`;
				const [a, b] = [float32(exact, `${prefix}.weight`), float32(rounded, `${prefix}.weight`)];
				const scales = quantized.tensors.has(`${prefix}.scale`)
					? float32(quantized, `${prefix}.scale`)
					: undefined;
				const filter = a.length / outputChannels;
				for (let i = 0; i < a.length; i++) {
					const scale = scales?.[scales.length === 1 ? 0 : Math.floor(i / filter)] ?? 0;
					if (!(Math.abs(a[i]! - b[i]!) <= within.integers * scale + 1e-6))
						throw new Error(
							`${name}: weight ${i} is ${b[i]}, more than half a step of ${scale} from ${a[i]}`,
						);
				}
				const bias = difference(float32(exact, `${prefix}.bias`), float32(rounded, `${prefix}.bias`));
				expect(bias.most / bias.scale, `${name} bias`).toBeLessThan(1e-3);
			}
		});

		test.each([
			["golden/formats/tflite_float32.tflite", "golden/formats/tflite_float16.tflite"],
			["weights/mobilenet_v1_0.25_224.tflite", "weights/mobilenet_v1_0.25_224_fp16.tflite"],
		])("%s and %s", async (floats, halves) => {
			const [a, b] = [await floatsOf(floats), await floatsOf(halves)];
			expect([...b.tensors.keys()].toSorted()).toEqual([...a.tensors.keys()].toSorted());
			for (const name of a.tensors.keys()) {
				const { most, scale } = difference(float32(a, name), float32(b, name));
				expect(most, name).toBeLessThanOrEqual(scale * within.halves);
			}
		});
	},
);
