import { describe, expect, test } from "vitest";
import { configure } from "../network/configuration.ts";
import { checkTensors } from "./check.ts";
import { fold } from "./fold.ts";
import { initialize } from "./initialize.ts";
import type { Model } from "./model.ts";
import type { Tensor } from "./tensor.ts";

const model = initialize(configure({ preset: "torch", alpha: 0.25, classes: 5 }));
const folded = fold(model);

function changed({ configuration, tensors }: Model, changes: Readonly<Record<string, Tensor | undefined>>) {
	const result = new Map(tensors);
	for (const [name, tensor] of Object.entries(changes))
		if (tensor) result.set(name, tensor);
		else result.delete(name);
	return { configuration, tensors: result };
}
const i8 = (...shape: number[]): Tensor => ({
	dtype: "I8",
	shape,
	data: new Int8Array(shape.reduce((a, b) => a * b, 1)),
});
const f32 = (...shape: number[]): Tensor => ({
	dtype: "F32",
	shape,
	data: new Float32Array(shape.reduce((a, b) => a * b, 1)),
});

describe("what will do", () => {
	test("batch norm, with and without a bias before it, or folded", () => {
		checkTensors(model);
		checkTensors(folded);
		checkTensors(changed(model, { "stem.conv.bias": f32(8) }));
	});

	test("a layer quantized, with one scale or one a channel", () => {
		const integer = {
			"stem.conv.weight": i8(8, 3, 3, 3),
			"stem.conv.scale": f32(1),
			"stem.conv.zero_point": i8(1),
			"stem.output.scale": f32(),
			"stem.output.zero_point": i8(),
		};
		checkTensors(changed(folded, integer));
		checkTensors(changed(folded, { ...integer, "stem.conv.scale": f32(8) }));
	});

	test("a network without a classifier", () => {
		checkTensors(initialize(configure({ head: false, alpha: 0.25 })));
	});

	test("tensors of somebody else's beside it", () => {
		checkTensors(changed(model, { "optimizer.step": f32(1) }));
	});
});

test.each([
	[
		"a missing weight",
		changed(model, { "stem.conv.weight": undefined }),
		"the tensor stem.conv.weight must have the shape [8,3,3,3] in this network, but it is missing.",
	],
	[
		"a misshapen weight",
		changed(model, { "blocks.0.depthwise.conv.weight": f32(8, 8, 3, 3) }),
		"the tensor blocks.0.depthwise.conv.weight must have the shape [8,1,3,3] in this network, but it has the shape [8,8,3,3], the type F32 and 576 numbers.",
	],
	[
		"the first of two",
		changed(model, { "classifier.weight": undefined, "blocks.3.pointwise.bn.bias": undefined }),
		"blocks.3.pointwise.bn.bias must have the shape [64] of float type",
	],
	[
		"neither batch norm nor bias",
		changed(folded, { "stem.conv.bias": undefined }),
		"stem.conv.bias must have the shape [8]",
	],
	[
		"a classifier of other classes",
		changed(model, { "classifier.weight": f32(6, 256) }),
		"classifier.weight must have the shape [5,256]",
	],
	[
		"a classifier without bias",
		changed(model, { "classifier.bias": undefined }),
		"classifier.bias must have the shape [5]",
	],
	[
		"integers without a scale",
		changed(folded, { "stem.conv.weight": i8(8, 3, 3, 3) }),
		"stem.conv.scale must have one number or 8 of float type in this network, but it is missing",
	],
	[
		"integers with a scale of integers",
		changed(folded, { "stem.conv.weight": i8(8, 3, 3, 3), "stem.conv.scale": i8(1) }),
		"stem.conv.scale must have one number or 8 of float type",
	],
	[
		"integers with too many scales",
		changed(folded, { "stem.conv.weight": i8(8, 3, 3, 3), "stem.conv.scale": f32(9) }),
		"stem.conv.scale must have",
	],
	[
		"a picture's scale without its zero point",
		changed(model, { "input.scale": f32(1) }),
		"input.zero_point must have one number of integer type",
	],
	[
		"a layer's output of many scales",
		changed(model, { "pool.output.scale": f32(4), "pool.output.zero_point": i8(1) }),
		"pool.output.scale must have one number of float type",
	],
	[
		"fewer numbers than the shape says",
		changed(model, { "stem.bn.bias": { dtype: "F32", shape: [8], data: new Float32Array(7) } }),
		"stem.bn.bias must have the shape [8] of float type in this network, but it has the shape [8], the type F32 and 7 numbers",
	],
] as const)("%s is refused", (_, model, message) => {
	expect(() => checkTensors(model, "file.bin")).toThrow(message);
	expect(() => checkTensors(model, "file.bin")).toThrow(/^file\.bin: .*\.$/);
});

test("a network that flattens its last feature map says that its size cannot be changed", () => {
	const { tensors, ...rest } = initialize(configure({ alpha: 0.01, size: 64, classes: 2, pooling: "none" }));
	const at = (size: number) => ({ ...rest, tensors, configuration: { ...rest.configuration, size } });
	expect(() => checkTensors(at(64))).not.toThrow();
	expect(() => checkTensors(at(96))).toThrow(
		"the model flattens its last feature map, so it runs only at the size it was made for and not at 96 pixels: leave out the size.",
	);
});
