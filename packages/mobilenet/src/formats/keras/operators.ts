/**
 * Operators as layers of a Keras network: what Python's `x / 127.5 - 1` or `preprocess_input` becomes when it is written
 * between layers. Keras 3 has classes for them, Keras 2 names a function of TensorFlow's, and the Keras of TensorFlow 2.0
 * to 2.3 an operator of its graph. Those with a constant scale and shift the picture; the others do nothing to numbers.
 *
 * Source: Keras 3 `ops/numpy.py` and `ops/core.py`; Keras 2.15 `layers/core/tf_op_layer.py`; TensorFlow 2.3
 * `keras/engine/base_layer.py`, `TensorFlowOpLayer`.
 */
import { shown } from "../../base/error.ts";
import { isJson } from "../../base/json.ts";
import type { ChainLayer } from "../chain/chain.ts";
import { refuse } from "../chain/units.ts";
import { activation } from "./activations.ts";
import type { Context } from "./context.ts";
import { nameOf, numbersIn } from "./fields.ts";
import type { KerasLayer } from "./graph.ts";
import { globalPool } from "./pools.ts";
import { reversed } from "./preprocessing.ts";

type Operation = "add" | "subtract" | "multiply" | "divide" | "negative" | "same" | "reverse";

/** What each operator does, by all of its names. */
const operations: Readonly<Record<string, Operation>> = {
	...named("add", "Add", "math.add", "__operators__.add", "nn.bias_add", "AddV2", "BiasAdd"),
	...named("subtract", "Subtract", "math.subtract", "__operators__.sub", "Sub"),
	...named("multiply", "Multiply", "math.multiply", "__operators__.mul", "Mul"),
	...named(
		"divide",
		"TrueDivide",
		"Divide",
		"math.truediv",
		"math.divide",
		"__operators__.truediv",
		"RealDiv",
	),
	...named("negative", "Negative", "math.negative", "Neg"),
	...named("same", "Cast", "cast", "identity", "Identity", "stop_gradient", "convert_to_tensor"),
	...named("reverse", "Stack", "GetItem", "__operators__.getitem"),
};
/** Functions of TensorFlow that are activations. */
const activations: Readonly<Record<string, string>> = {
	...{ "nn.relu": "relu", "nn.relu6": "relu6", "nn.softmax": "softmax" },
	...{ "math.sigmoid": "sigmoid", "nn.sigmoid": "sigmoid", "math.tanh": "tanh" },
	...{ Sigmoid: "sigmoid", Tanh: "tanh", Relu: "relu", Relu6: "relu6" },
};
/** What the first operand and the second are called. */
const places = [
	["0", "x", "x1", "value"],
	["1", "y", "x2", "bias"],
] as const;

function named(operation: Operation, ...names: string[]): Record<string, Operation> {
	return Object.fromEntries(names.map((name) => [name, operation]));
}

/** The operator that a layer is; undefined for a layer of weights or another kind. */
export function operatorOf(layer: KerasLayer): string | undefined {
	const { className, config } = layer;
	if (className === "TFOpLambda" || className === "SlicingOpLambda") return String(config.function);
	if (className === "TensorFlowOpLayer") return operatorIn(config.node_def) ?? className;
	return Object.hasOwn(operations, className) ? className : undefined;
}

/** An operator's layers. */
export function operator(layer: KerasLayer, context: Context): readonly ChainLayer[] {
	const kind = operatorOf(layer) ?? "";
	const name = nameOf(layer);
	const operation = Object.hasOwn(operations, kind) ? operations[kind]! : undefined;
	if (Object.hasOwn(activations, kind))
		return activation({ ...layer, config: { activation: activations[kind] } }, context);
	if (kind === "math.reduce_mean" && isOverPicture(layer.given.get("axis")))
		return globalPool("average")(layer, context);
	if (operation === "same") return [];
	if (operation === "reverse") return reversed(layer, context);
	if (operation === "negative") return [{ kind: "affine", name, factor: [-1], offset: [0] }];
	if (operation === undefined)
		return refuse(
			context,
			`the layer ${name} is the operator ${shown(kind)} of TensorFlow, which no MobileNet v1 has`,
		);
	const given = new Map([...layer.given, ...constantsOf(layer)]);
	const [first, second] = places.map((names) =>
		names.find((place) => typeof given.get(place) !== "undefined"),
	);
	const place = second ?? first;
	if (place === undefined)
		return refuse(context, `the layer ${name} (${kind}) has no constant beside its input`, "broken-file");
	const numbers = numbersIn(layer, context, "constant", given.get(place));
	const isFirst = second === undefined;
	if (operation === "divide" && isFirst)
		return refuse(context, `the layer ${name} divides a constant by its input, which no MobileNet v1 does`);
	const inverse = numbers.map((number) => 1 / number);
	if (operation === "divide" && !inverse.every(Number.isFinite))
		return refuse(context, `the layer ${name} divides by ${shown(numbers)}`, "broken-file");
	const factor = {
		add: [1],
		subtract: [isFirst ? -1 : 1],
		multiply: numbers,
		divide: inverse,
	}[operation];
	const offset = {
		add: numbers,
		subtract: isFirst ? numbers : numbers.map((number) => -number),
		multiply: [0],
		divide: [0],
	}[operation];
	return [{ kind: "affine", name, factor, offset }];
}

/** The constants of a TensorFlowOpLayer stand in its configuration. */
function constantsOf({ className, config: { constants } }: KerasLayer): [string, unknown][] {
	return className === "TensorFlowOpLayer" && typeof constants === "object" && constants !== null
		? Object.entries(constants)
		: [];
}

/** The operator in a node of TensorFlow's graph: JSON, the text of it, or the bytes of a protobuf as text. */
function operatorIn(node: unknown): string | undefined {
	if (isJson(node)) return typeof node.op === "string" ? node.op : undefined;
	if (typeof node !== "string") return undefined;
	const [, written] = /"op":\s*"(\w{1,40})"/.exec(node) ?? [];
	// A protobuf has the field's number and the length before a text.
	return (
		written ??
		Object.keys(operations).find((op) => node.includes(`\u0012${String.fromCharCode(op.length)}${op}`))
	);
}

function isOverPicture(axes: unknown): boolean {
	return Array.isArray(axes) && axes.join() === "1,2";
}
