/**
 * Operators between layers, as Keras 3.15, Keras 2.21 and the Keras of TensorFlow 2.3 write them: the JSON is theirs, but for
 * names.
 */
import { describe, expect, test } from "vitest";
import type { Chain } from "../chain/chain.ts";
import { kerasChain } from "./layers.ts";

type Layer = Record<string, unknown>;

const about = { name: "model.h5", format: "Test" };
const input: Layer = {
	class_name: "InputLayer",
	config: { name: "in", batch_shape: [null, 32, 32, 3] },
	name: "in",
	inbound_nodes: [],
};

/** A functional model of an input and these layers, of which the last one is its output. */
function read(...layers: readonly Layer[]): Chain {
	const config = {
		layers: [...layers.toReversed(), input],
		input_layers: [["in", 0, 0]],
		output_layers: [[layers.at(-1)!.name, 0, 0]],
	};
	return kerasChain({ class_name: "Functional", config }, () => undefined, about);
}

const refusal = (...layers: readonly Layer[]): string => {
	try {
		read(...layers);
	} catch (error) {
		return `${(error as { code: string }).code}: ${(error as Error).message}`;
	}
	throw new Error("it was read");
};

/** A tensor of Keras 3. */
const from = (name: string) => ({
	class_name: "__keras_tensor__",
	config: { shape: [null, 32, 32, 3], dtype: "float32", keras_history: [name, 0, 0] },
});
const keras3 = (className: string, name: string, ...args: readonly unknown[]): Layer => ({
	class_name: className,
	config: { name },
	name,
	inbound_nodes: [{ args, kwargs: {} }],
});
/** An operator of Keras 2, with its inputs as they stand in the file. */
const keras2 = (fn: string, name: string, node: readonly unknown[]): Layer => ({
	class_name: fn === "__operators__.getitem" ? "SlicingOpLambda" : "TFOpLambda",
	config: { name, trainable: true, dtype: "float32", function: fn },
	name,
	inbound_nodes: [node],
});
const affine = (factor: readonly number[], offset: readonly number[]) => ({ kind: "affine", factor, offset });

describe("Keras 3", () => {
	test("x / 127.5 - 1", () => {
		expect(
			read(
				keras3("TrueDivide", "true_divide", from("in"), 127.5),
				keras3("Subtract", "subtract", from("true_divide"), 1),
			),
		).toMatchObject({
			size: 32,
			inputChannels: 3,
			layers: [affine([1 / 127.5], [0]), affine([1], [-1])],
		});
	});

	test("constants before the picture, and a cast", () => {
		const { layers } = read(
			keras3("Multiply", "multiply", 2, from("in")),
			keras3("Add", "add", from("multiply"), 3),
			keras3("Subtract", "subtract", 1, from("add")),
			{ ...keras3("Cast", "cast", from("subtract")), config: { name: "cast", dtype: "float32" } },
			keras3("Negative", "negative", from("cast")),
		);
		expect(layers).toMatchObject([affine([2], [0]), affine([1], [3]), affine([-1], [1]), affine([-1], [0])]);
	});

	test("a number a channel", () => {
		const mean = {
			class_name: "__tensor__",
			config: { value: [[[[-0.5, -0.25, -0.125]]]], dtype: "float32" },
		};
		const std = { class_name: "__tensor__", config: { value: [0.25, 0.5, 2], dtype: "float32" } };
		expect(
			read(keras3("Add", "add", from("in"), mean), keras3("TrueDivide", "divide", from("add"), std)).layers,
		).toMatchObject([affine([1], [-0.5, -0.25, -0.125]), affine([4, 2, 0.5], [0])]);
	});

	test("colors taken apart and put together in the opposite order", () => {
		const channel = (i: number) =>
			keras3("GetItem", `item${i}`, from("scaled"), [{ class_name: "__ellipsis__", config: {} }, i]);
		const stack = (...order: readonly number[]): Layer => ({
			...keras3(
				"Stack",
				"stack",
				order.map((i) => from(`item${i}`)),
			),
			config: { name: "stack", axis: -1 },
		});
		const scaled = keras3("Multiply", "scaled", from("in"), [1, 2, 3]);
		const parts = [0, 1, 2].map(channel);
		expect(read(scaled, ...parts, stack(2, 1, 0))).toMatchObject({
			preprocessing: { channelOrder: "bgr" },
			// The numbers are those of the order that the network goes on with.
			layers: [affine([3, 2, 1], [0])],
		});
		expect(refusal(scaled, ...parts, stack(0, 2, 1))).toMatch(/^not-mobilenet: .*its layers branch/);
	});
});

describe("Keras 2", () => {
	test("x / 127.5 - 1", () => {
		expect(
			read(
				keras2("math.truediv", "a", ["in", 0, 0, { y: 127.5, name: null }]),
				keras2("math.subtract", "b", ["a", 0, 0, { y: 1.0, name: null }]),
			).layers,
		).toMatchObject([affine([1 / 127.5], [0]), affine([1], [-1])]);
	});

	test("constants before the picture, a cast, and a number a channel", () => {
		const { layers } = read(
			keras2("cast", "a", ["in", 0, 0, { dtype: "float32" }]),
			keras2("math.multiply", "b", ["_CONSTANT_VALUE", -1, 2.0, { y: ["a", 0, 0], name: null }]),
			keras2("__operators__.add", "c", ["b", 0, 0, { y: 3, name: null }]),
			keras2("math.subtract", "d", ["_CONSTANT_VALUE", -1, 1.0, { y: ["c", 0, 0], name: null }]),
			keras2("nn.bias_add", "e", ["d", 0, 0, { bias: [-1, -2, -3], data_format: "NHWC" }]),
		);
		expect(layers).toMatchObject([
			affine([2], [0]),
			affine([1], [3]),
			affine([-1], [1]),
			affine([1], [-1, -2, -3]),
		]);
	});

	test("colors in the opposite order", () => {
		const slice = (step: number | null) =>
			keras2("__operators__.getitem", "a", [
				"in",
				0,
				0,
				{ slice_spec: [{ class_name: "__ellipsis__" }, { start: null, stop: null, step }] },
			]);
		expect(read(slice(-1))).toMatchObject({ layers: [], preprocessing: { channelOrder: "bgr" } });
		expect(refusal(slice(null))).toMatch(/takes parts of the picture/);
		expect(refusal(slice(-2))).toMatch(/takes parts of the picture/);
	});

	test("functions that are activations or a pool", () => {
		expect(
			read(
				keras2("math.reduce_mean", "a", ["in", 0, 0, { axis: [1, 2], keepdims: false }]),
				keras2("math.tanh", "b", ["a", 0, 0, { name: null }]),
				keras2("nn.softmax", "c", ["b", 0, 0, { axis: -1 }]),
			).layers,
		).toMatchObject([{ kind: "pool" }, { kind: "activation", activation: "tanh" }, { kind: "softmax" }]);
	});
});

describe("the Keras of TensorFlow 2.0 to 2.3", () => {
	const layer = (name: string, source: string, node: unknown, constants: unknown): Layer => ({
		class_name: "TensorFlowOpLayer",
		config: { name, trainable: true, dtype: "float32", node_def: node, constants },
		name: `tf_op_layer_${name}`,
		inbound_nodes: [[[source, 0, 0, {}]]],
	});

	test("x / 127.5 - 1, its operators as JSON, as text of it, and as a protobuf", () => {
		const node = {
			name: "truediv",
			op: "RealDiv",
			input: ["in", "truediv/y"],
			attr: { T: { type: "DT_FLOAT" } },
		};
		for (const written of [
			node,
			JSON.stringify(node, undefined, 2),
			"\n\u0007truediv\u0012\u0007RealDiv\u001a\u0002in",
		])
			expect(
				read(
					layer("truediv", "in", written, { "1": 127.5 }),
					layer("sub", "tf_op_layer_truediv", { op: "Sub" }, { "1": 1.0 }),
				).layers,
			).toMatchObject([affine([1 / 127.5], [0]), affine([1], [-1])]);
		expect(read(layer("sub", "in", { op: "Sub" }, { "0": 1.0 })).layers).toMatchObject([affine([-1], [1])]);
	});

	test("of another kind are refused by name", () => {
		expect(refusal(layer("conv", "in", { op: "Conv3D" }, {}))).toMatch(
			/^not-mobilenet: .*the layer tf_op_layer_conv is the operator "Conv3D" of TensorFlow/,
		);
		expect(refusal(layer("conv", "in", 7, {}))).toMatch(/"TensorFlowOpLayer" of TensorFlow/);
	});
});

describe("operators that no MobileNet v1 has are refused", () => {
	test.each([
		[/no constant beside its input/, keras3("Add", "add", from("in"))],
		[/the constant "x" where a number/, keras3("Add", "add", from("in"), "x")],
		[/the constant null where a number/, keras3("Add", "add", from("in"), null)],
		[/has 0 numbers as its constant/, keras3("Add", "add", from("in"), [])],
		[/the constant \[1\] where a number/, keras3("Add", "add", from("in"), [[1], [2]])],
		[/divides by \[0\]/, keras3("TrueDivide", "divide", from("in"), 0)],
		[/divides a constant by its input/, keras3("TrueDivide", "divide", 1, from("in"))],
		[
			/the operator "math\.reduce_mean" of TensorFlow/,
			keras2("math.reduce_mean", "a", ["in", 0, 0, { axis: [3] }]),
		],
		[/the operator "toString" of TensorFlow/, keras2("toString", "a", ["in", 0, 0, {}])],
		[/its layers branch.*takes 2 inputs/, keras3("Add", "add", from("in"), from("in"))],
	])("%s", (says, layer) => {
		expect(refusal(layer)).toMatch(says);
	});
});
