import { describe, expect, test } from "vitest";
import { MobileNetError } from "../base/error.ts";
import { configure } from "../network/configuration.ts";
import { dequantize } from "./dequantize.ts";
import { initialize } from "./initialize.ts";
import type { Model } from "./model.ts";
import { float32, int32, type Tensor } from "./tensor.ts";

// 8 channels in every layer.
const configuration = configure({ alpha: 0.01, depth: "shallow", classes: 2, inputChannels: 1 });

const random = initialize(configuration);

/** A network of floats with some tensors changed. */
function modelWith(tensors: Readonly<Record<string, Tensor>>): Model {
	return { ...random, tensors: new Map([...random.tensors, ...Object.entries(tensors)]) };
}
const f32 = (...data: number[]): Tensor => float32(data);
const i32 = (...data: number[]): Tensor => int32(data);
const numbers = (model: Model, name: string) => {
	const tensor = model.tensors.get(name)!;
	expect(tensor.dtype).toBe("F32");
	return [...tensor.data];
};
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

describe("weights", () => {
	const codes: Tensor = { dtype: "U8", shape: [8, 1, 3, 3], data: Uint8Array.from(upTo(72)) };

	test("with one scale and one zero point", () => {
		const model = modelWith({
			"stem.conv.weight": codes,
			"stem.conv.scale": f32(0.5),
			"stem.conv.zero_point": i32(10),
		});
		expect(numbers(dequantize(model), "stem.conv.weight")).toEqual(upTo(72).map((q) => 0.5 * (q - 10)));
		expect(dequantize(model).tensors.get("stem.conv.weight")?.shape).toEqual([8, 1, 3, 3]);
	});

	test("with a scale and a zero point per output channel", () => {
		const model = modelWith({
			"stem.conv.weight": codes,
			"stem.conv.scale": f32(1, 2, 4, 8, 16, 32, 64, 128),
			"stem.conv.zero_point": i32(...upTo(8)),
		});
		const expected = upTo(72).map((q, i) => 2 ** Math.floor(i / 9) * (q - Math.floor(i / 9)));
		expect(numbers(dequantize(model), "stem.conv.weight")).toEqual(expected);
	});

	test("with a scale per output channel and one zero point, signed", () => {
		const data = Int8Array.of(-128, 127, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13);
		const model = modelWith({
			"classifier.weight": { dtype: "I8", shape: [2, 8], data },
			"classifier.scale": f32(1, 0.25),
			"classifier.zero_point": i32(0),
		});
		expect(numbers(dequantize(model), "classifier.weight")).toEqual(
			[...data].map((q, i) => (i < 8 ? q : q / 4)),
		);
	});

	test("whose scale is missing or of another length are refused", () => {
		const bare = { "stem.conv.weight": codes, "stem.conv.zero_point": i32(0) };
		expect(() => dequantize(modelWith(bare))).toThrow(
			"stem.conv.scale must hold one number or 8, but it is missing.",
		);
		expect(() => dequantize(modelWith({ ...bare, "stem.conv.scale": f32(1, 2, 3) }))).toThrow(
			"stem.conv.scale must hold one number or 8, but it has the shape [3].",
		);
	});
});

describe("biases have the scale of their input times that of their weights", () => {
	const eight = i32(...upTo(8));
	const quantized = (prefix: string, scale: number): Record<string, Tensor> => ({
		[`${prefix}.bias`]: eight,
		[`${prefix}.scale`]: f32(scale),
		[`${prefix}.zero_point`]: i32(0),
	});

	test("the picture's for the stem, the layer before's for the others", () => {
		const model = dequantize(
			modelWith({
				"input.scale": f32(0.5),
				"input.zero_point": i32(7),
				...quantized("stem.conv", 4),
				"stem.output.scale": f32(8),
				"stem.output.zero_point": i32(0),
				"blocks.0.depthwise.conv.bias": eight,
				"blocks.0.depthwise.conv.scale": f32(1, 2, 3, 4, 5, 6, 7, 8),
				"blocks.0.depthwise.conv.zero_point": i32(0),
				"blocks.0.depthwise.output.scale": f32(0.25),
				"blocks.0.depthwise.output.zero_point": i32(0),
				...quantized("blocks.0.pointwise.conv", 2),
			}),
		);
		expect(numbers(model, "stem.conv.bias")).toEqual(upTo(8).map((q) => 2 * q));
		expect(numbers(model, "blocks.0.depthwise.conv.bias")).toEqual(upTo(8).map((q) => 8 * (q + 1) * q));
		expect(numbers(model, "blocks.0.pointwise.conv.bias")).toEqual(upTo(8).map((q) => q / 2));
	});

	const classifier = {
		"blocks.7.pointwise.output.scale": f32(0.5),
		"blocks.7.pointwise.output.zero_point": i32(0),
		"classifier.bias": i32(3, -3),
		"classifier.scale": f32(4),
		"classifier.zero_point": i32(0),
	};

	test("the pool's own for the classifier, or where it has none the last convolution's", () => {
		expect(numbers(dequantize(modelWith(classifier)), "classifier.bias")).toEqual([6, -6]);
		const pooled = dequantize(
			modelWith({
				...classifier,
				"pool.output.scale": f32(0.25),
				"pool.output.zero_point": i32(0),
			}),
		);
		expect(numbers(pooled, "classifier.bias")).toEqual([3, -3]);
	});

	test("a convolution that does not say its scale passes none on", () => {
		const model = modelWith({
			"input.scale": f32(0.5),
			"input.zero_point": i32(0),
			...quantized("blocks.0.depthwise.conv", 1),
		});
		expect(() => dequantize(model)).toThrow(MobileNetError);
		expect(() => dequantize(model)).toThrow(/^blocks\.0\.depthwise\.conv\.bias has integers, but .*\.$/);
	});
});

test("short floats are widened, float32 is shared, and no quantization is left", () => {
	const model = modelWith({
		"input.scale": f32(1),
		"input.zero_point": i32(0),
		"stem.output.scale": f32(1),
		"stem.output.zero_point": i32(0),
		"classifier.weight": { dtype: "I8", shape: [2, 8], data: new Int8Array(16) },
		"classifier.scale": f32(1),
		"classifier.zero_point": i32(0),
		"stem.bn.weight": {
			dtype: "F16",
			shape: [8],
			data: Uint16Array.of(0x3c00, 0xc000, 0, 0, 0, 0, 0, 0x3555),
		},
		"stem.bn.bias": { dtype: "BF16", shape: [8], data: new Uint16Array(8).fill(0x3fc0) },
	});
	const floats = dequantize(model);
	expect([...floats.tensors.keys()].sort()).toEqual([...random.tensors.keys()].sort());
	// IEEE 754's own examples; 0x3555 is the half next to 1/3.
	expect(numbers(floats, "stem.bn.weight")).toEqual([1, -2, 0, 0, 0, 0, 0, 0.333251953125]);
	expect(numbers(floats, "stem.bn.bias")).toEqual(new Array(8).fill(1.5));
	for (const name of ["stem.conv.weight", "stem.bn.running_mean", "classifier.bias"])
		expect(floats.tensors.get(name)).toBe(random.tensors.get(name));
	expect(model.tensors.size).toBe(random.tensors.size + 6);
});
