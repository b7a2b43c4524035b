import { describe, expect, test } from "vitest";
import { MobileNetError } from "../base/error.ts";
import { configure } from "../network/configuration.ts";
import { dequantize } from "./dequantize.ts";
import { type Model, type Tensor, usualPreprocessing } from "./model.ts";

// 8 channels in every layer.
const configuration = configure({ alpha: 0.01, depth: "shallow", classes: 2, inputChannels: 1 });

function modelWith(tensors: Readonly<Record<string, Tensor>>): Model {
	return {
		configuration,
		tensors: new Map(Object.entries(tensors)),
		preprocessing: usualPreprocessing(1),
		source: { format: "test", assumed: [], notes: [] },
	};
}
const f32 = (...data: number[]): Tensor => ({
	dtype: "F32",
	shape: [data.length],
	data: Float32Array.from(data),
});
const i32 = (...data: number[]): Tensor => ({
	dtype: "I32",
	shape: [data.length],
	data: Int32Array.from(data),
});
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
				"blocks.0.depthwise.conv.bias": eight,
				"blocks.0.depthwise.conv.scale": f32(1, 2, 3, 4, 5, 6, 7, 8),
				"blocks.0.depthwise.conv.zero_point": i32(0),
				"blocks.0.depthwise.output.scale": f32(0.25),
				...quantized("blocks.0.pointwise.conv", 2),
			}),
		);
		expect(numbers(model, "stem.conv.bias")).toEqual(upTo(8).map((q) => 2 * q));
		expect(numbers(model, "blocks.0.depthwise.conv.bias")).toEqual(upTo(8).map((q) => 8 * (q + 1) * q));
		expect(numbers(model, "blocks.0.pointwise.conv.bias")).toEqual(upTo(8).map((q) => q / 2));
	});

	const classifier = {
		"blocks.7.pointwise.output.scale": f32(0.5),
		"classifier.bias": i32(3, -3),
		"classifier.scale": f32(4),
		"classifier.zero_point": i32(0),
	};

	test("the pool's own for the classifier, or where it has none the last convolution's", () => {
		expect(numbers(dequantize(modelWith(classifier)), "classifier.bias")).toEqual([6, -6]);
		const pooled = dequantize(modelWith({ ...classifier, "pool.output.scale": f32(0.25) }));
		expect(numbers(pooled, "classifier.bias")).toEqual([3, -3]);
	});

	test("a convolution that does not say its scale passes none on", () => {
		const model = modelWith({ "input.scale": f32(0.5), ...quantized("blocks.0.depthwise.conv", 1) });
		expect(() => dequantize(model)).toThrow(MobileNetError);
		expect(() => dequantize(model)).toThrow(/^blocks\.0\.depthwise\.conv\.bias is of integers, but .*\.$/);
	});
});

test("short floats are widened, float32 is shared, and no quantization is left", () => {
	const shared = f32(1, 2);
	const model = modelWith({
		"input.scale": f32(1),
		"input.zero_point": i32(0),
		"stem.output.scale": f32(1),
		"stem.output.zero_point": i32(0),
		"classifier.bias": shared,
		"stem.bn.weight": { dtype: "F16", shape: [2], data: Uint16Array.of(0x3c00, 0xc000) },
		"stem.bn.bias": { dtype: "BF16", shape: [1], data: Uint16Array.of(0x3fc0) },
	});
	const floats = dequantize(model);
	expect([...floats.tensors.keys()].sort()).toEqual(["classifier.bias", "stem.bn.bias", "stem.bn.weight"]);
	expect(numbers(floats, "stem.bn.weight")).toEqual([1, -2]);
	expect(numbers(floats, "stem.bn.bias")).toEqual([1.5]);
	expect(floats.tensors.get("classifier.bias")).toBe(shared);
	expect(model.tensors.size).toBe(7);
});
