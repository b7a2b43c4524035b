/**
 * What the readers of Keras and TensorFlow Lite make of ../shared/wild: the layers before the first convolution and after
 * the last, and what the file says of its input. The answers of these files are wild.test.ts's.
 */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Chain, ChainLayer } from "../../src/formats/chain/chain.ts";
import { readKerasHdf5 } from "../../src/formats/keras/read.ts";
import { readTensorFlowLite } from "../../src/formats/tflite/read.ts";
import { describeWithShared, shared } from "../support/shared.ts";

interface Expected {
	readonly path: string;
	readonly size?: number;
	readonly inputChannels?: number;
	/** Outputs of the first and of the last convolution of the trunk. */
	readonly channels?: readonly [number, number];
	/** Activation of the trunk; none where it is left to the codes. */
	readonly activation?: "relu6" | "none";
	readonly before?: readonly string[];
	readonly after: readonly string[];
	readonly input?: Chain["input"];
}

const quarter = [8, 256] as const;
const usual = { size: 224, inputChannels: 3, channels: quarter, activation: "relu6", before: [] } as const;
const uint8 = (scale: number, zeroPoint: number) => ({
	dtype: "U8" as const,
	quantization: { scale: [Math.fround(scale)], zeroPoint: [zeroPoint] },
});

const files: readonly Expected[] = [
	{ path: "heads/v04_hidden_dense.h5", after: ["pool", "64", "relu", "dropout", "5", "softmax"] },
	{ path: "heads/v04_hidden_dense_float.tflite", after: ["pool", "64", "relu", "5", "softmax"] },
	{ path: "heads/v05_sigmoid1.h5", after: ["pool", "1", "sigmoid"] },
	{ path: "odd_sizes/v08_undefined_size.h5", size: 0, after: ["pool", "5", "softmax"] },
	{
		path: "odd_sizes/v25_imagenet_150.h5",
		size: 150,
		after: ["pool", "dropout", "convolution", "shape", "softmax"],
	},
	{ path: "small_alpha/v11_alpha0.1.h5", size: 96, channels: [3, 102], after: ["pool", "5", "softmax"] },
	{
		path: "preprocess_in_graph/v02_tutorial_preprocess_ops.h5",
		before: ["0.007843 x + 0", "1 x + -1"],
		after: ["pool", "dropout", "5"],
	},
	{
		path: "preprocess_in_graph/v02_tutorial_preprocess_ops_int8uint8.tflite",
		before: ["shape", "0.007843 x + 0, table", "1 x + -1, table"],
		after: ["pool", "5", "shape"],
		input: uint8(1, 0),
	},
	{
		path: "preprocess_in_graph/v03_aug_rescaling.h5",
		before: ["0.007843 x + -1"],
		after: ["pool", "dropout", "5", "softmax"],
	},
	{
		path: "hub_input/flower_model.tflite",
		size: 128,
		before: ["2 x + 0", "1 x + -1"],
		after: ["pool", "shape", "5", "softmax"],
	},
	{
		path: "int8_tf221/v14_cut_full_int8.tflite",
		after: ["pool", "shape", "5", "softmax"],
		input: { dtype: "I8", quantization: { scale: [Math.fround(0.007843137718737125)], zeroPoint: [-1] } },
	},
	...[
		["0_25", 8, 256],
		["0_5", 16, 512],
	].map(
		([alpha, first, last]): Expected => ({
			path: `official_quant/mobilenet_v1_${alpha}_128_quant.tflite`,
			size: 128,
			channels: [first as number, last as number],
			activation: "none",
			after: ["pool", "convolution", "shape", "softmax"],
			input: uint8(1 / 128, 128),
		}),
	),
	{
		path: "toco_ranges/rune_person_gray_uint8.tflite",
		size: 96,
		inputChannels: 1,
		activation: "none",
		after: ["pool", "convolution"],
		input: uint8(0.007874015718698502, 128),
	},
	{
		path: "teachable_machine/vww_96_grayscale_quantized.tflite",
		size: 96,
		inputChannels: 1,
		// The last convolution has no activation.
		after: ["flatten", "100", "relu", "2", "softmax"],
	},
];

function read(path: string): Chain | Promise<Chain> {
	const bytes = readFileSync(shared(`wild/${path}`));
	const beside = (other: string): Promise<Uint8Array> => Promise.reject(new Error(`asked for ${other}`));
	return path.endsWith(".h5")
		? readKerasHdf5({ name: path, bytes })
		: readTensorFlowLite({ name: path, bytes, beside });
}

const short = (number: number): string => String(Math.round(number * 1e6) / 1e6);

/** A layer as the table above writes it. */
function word(layer: ChainLayer): string {
	if (layer.kind === "dense") return String(layer.weight.tensor.shape[0]);
	if (layer.kind === "activation") return layer.activation;
	if (layer.kind !== "affine") return layer.kind;
	const table = layer.table ? ", table" : "";
	return `${layer.factor.map(short).join()} x + ${layer.offset.map(short).join()}${table}`;
}

describeWithShared(
	"networks as people hold them",
	files.map(({ path }) => `wild/${path}`),
	() => {
		test.each(files)("$path", async (given) => {
			const { path, size, inputChannels, channels, activation, before, after, input } = {
				...usual,
				...given,
			};
			const chain = await read(path);
			expect(chain.size ?? 0).toBe(size);
			expect(chain).toMatchObject({ inputChannels, name: path });
			expect(chain.input).toEqual(input);
			// LiteRT runs all of those that are integers by XNNPACK.
			expect(chain).not.toHaveProperty("rounding");
			const { layers } = chain;
			const start = layers.findIndex(({ kind }) => kind === "convolution");
			const end = layers.findIndex(({ kind }) => kind === "pool" || kind === "flatten");
			expect(layers.slice(0, start).map(word)).toEqual(before);
			expect(layers.slice(end).map(word)).toEqual(after);
			const trunk = layers.slice(start, end);
			const convolutions = trunk.filter((layer) => layer.kind === "convolution");
			expect(convolutions.length).toBe(27);
			expect([convolutions[0], convolutions[26]].map((layer) => layer?.weight.tensor.shape[0])).toEqual(
				channels,
			);
			const active = trunk.filter((layer) => layer.kind === "activation" && layer.activation === activation);
			const bare = path.startsWith("teachable_machine") ? 1 : 0;
			expect(active.length).toBe(activation === "none" ? 0 : 27 - bare);
			// Integers have the codes that they give out.
			if (input)
				expect(convolutions.filter(({ output }) => output).length).toBe(activation === "none" ? 27 : 0);
		});

		test("the picture's codes go through the network's own arithmetic to those of LiteRT", async () => {
			const { layers } = await read("preprocess_in_graph/v02_tutorial_preprocess_ops_int8uint8.tflite");
			const [scaled, moved] = layers.flatMap((layer) => (layer.kind === "affine" ? [layer.table!] : []));
			const codes = Array.from({ length: 256 }, (_, pixel) => moved![scaled![pixel]! + 128]!);
			// x / 127.5 − 1 in steps of 2/255 is the pixel less 128, but for what is lost on the way through 2/3 of a code.
			expect(Math.max(...codes.map((code, pixel) => Math.abs(code - (pixel - 128))))).toBeLessThanOrEqual(1);
			expect([codes[0], codes[255]]).toEqual([-128, 127]);
			expect(new Set(codes).size).toBeLessThan(256);
		});
	},
);
