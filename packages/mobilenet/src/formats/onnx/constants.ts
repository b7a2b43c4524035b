/**
 * What a graph's values are where they do not depend on the picture: constants, and what exporters do to them in the graph
 * instead of before (reshaping, transposing, making codes of them or numbers of codes).
 */
import { float32Of, isFloat } from "../../weights/float.ts";
import { perChannel, type Quantization } from "../../weights/parts.ts";
import { float32, sizeOf, type Tensor } from "../../weights/tensor.ts";
import type { ChainTensor } from "../chain/chain.ts";
import { nearestEven, refuse } from "../chain/units.ts";
import { brief, charge } from "../graph.ts";
import { described, type Graph, type GraphNode } from "./graph.ts";
import { computesShapes, shapeThrough } from "./shape-arithmetic.ts";
import { readTensor } from "./tensors.ts";

/** A constant, and where it is of codes, what they stand for and along which axis. */
export interface Constant {
	readonly tensor: Tensor;
	readonly quantization?: Quantization;
	/** Where there are several scales. */
	readonly axis?: number;
}

export interface Constants {
	/** Whether a value does not depend on the picture. */
	readonly has: (value: string) => boolean;
	/** @throws MobileNetError `broken-file` for a value that is none, `unsupported` for arithmetic on constants */
	readonly constantAt: (value: string) => Constant;
}

/** What is done to constants in a graph; more in a row is a mistake. */
const mostSteps = 24;
/** Constants of so few numbers are kept. Others take from what the file's size explains each time that they are read. */
const fewNumbers = 64;
/** A tensor has no more axes. */
const mostAxes = 8;
const folded: ReadonlySet<string> = new Set([
	...["Constant", "Identity", "Cast", "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Flatten"],
	...["QuantizeLinear", "DequantizeLinear"],
]);

export function constantsOf(graph: Graph): Constants {
	const known = new Map<string, boolean>();
	const has = (value: string, depth = 0): boolean => {
		// A stack of its own: a chain of a million nodes must not be recursion.
		const way: string[] = [];
		let at = value;
		for (;;) {
			const found =
				known.get(at) ?? isKnown(graph, at, (input) => depth < mostSteps && has(input, depth + 1));
			if (found !== undefined) {
				for (const name of way) known.set(name, found);
				known.set(at, found);
				return found;
			}
			if (way.length > graph.nodes.length) return false;
			way.push(at);
			at = graph.makers.get(at)!.inputs[0]!;
		}
	};
	const computed = new Map<string, Constant>();
	const constantAt = (value: string, depth = 0): Constant => {
		if (depth > mostSteps)
			refuse(
				graph,
				`the constant ${brief(value)} is made by more than ${mostSteps} operators`,
				"unsupported",
			);
		const message = graph.constants.get(value);
		if (message) return { tensor: readTensor(graph, message, value) };
		const node = graph.makers.get(value);
		if (!node || !has(value))
			return refuse(graph, `its value ${brief(value)} is none of its constants`, "broken-file");
		// One that several take is computed once: they may be many, and their makers, too.
		const made = computed.get(value) ?? valueThrough(graph, node, (input) => constantAt(input, depth + 1));
		if (computesShapes(node) || made.tensor.data.length <= fewNumbers) computed.set(value, made);
		return made;
	};
	return { has: (value) => has(value), constantAt: (value) => constantAt(value) };
}

/** Whether a value is constant, as far as that shows at once; undefined where its maker's input decides. */
function isKnown(graph: Graph, value: string, has: (input: string) => boolean): boolean | undefined {
	if (graph.constants.has(value)) return true;
	const node = graph.makers.get(value);
	if (node && computesShapes(node)) return node.inputs.every((input) => input === "" || has(input));
	if (!node || !folded.has(node.operator)) return false;
	if (node.operator === "Constant") return true;
	return node.inputs[0] === undefined || node.inputs[0] === "" ? false : undefined;
}

function valueThrough(graph: Graph, node: GraphNode, constantAt: (input: string) => Constant): Constant {
	if (node.operator === "Constant") return constantOf(graph, node);
	if (computesShapes(node)) {
		if (node.inputs.length > fewNumbers)
			refuse(graph, `${described(node)} takes ${node.inputs.length} constants`, "unsupported");
		const inputs = node.inputs.filter((input) => input !== "").map((input) => constantAt(input).tensor);
		return { tensor: shapeThrough(graph, node, inputs) };
	}
	const given = constantAt(node.inputs[0]!);
	const { tensor } = given;
	switch (node.operator) {
		case "Identity":
		case "Cast":
			return given;
		case "Transpose":
			return transposedBy(graph, node, given);
		case "QuantizeLinear":
			return quantized(graph, node, given, constantAt);
		case "DequantizeLinear":
			return dequantized(graph, node, given, constantAt);
		default: {
			const shape = reshaped(graph, node, tensor, constantAt);
			if (sizeOf(shape) !== tensor.data.length)
				refuse(graph, `${described(node)} makes another number of numbers of a constant`, "broken-file");
			return { ...given, tensor: { ...tensor, shape } as Tensor };
		}
	}
}

function constantOf(graph: Graph, node: GraphNode): Constant {
	const tensor = node.attributes.get("value")?.tensor;
	if (tensor) return { tensor: readTensor(graph, tensor, node.name) };
	const single = node.attributes.get("value_float") ?? node.attributes.get("value_int");
	if (single?.number !== undefined) return { tensor: float32([single.number], []) };
	const list = node.attributes.get("value_ints")?.numbers;
	if (list) {
		charge(graph, 4 * list.length);
		return { tensor: float32(list, [list.length]) };
	}
	return refuse(graph, `${described(node)} has no value that is read`, "unsupported", node.name);
}

function reshaped(
	graph: Graph,
	node: GraphNode,
	{ shape, data }: Tensor,
	constantAt: (input: string) => Constant,
): readonly number[] {
	const few = (axes: ArrayLike<number>): readonly number[] => {
		if (axes.length > mostAxes)
			refuse(graph, `${described(node)} is given ${axes.length} axes`, "unsupported");
		return Array.from(axes);
	};
	const axesOf = (): readonly number[] =>
		few(
			node.attributes.get("axes")?.numbers ?? (node.inputs[1] ? constantAt(node.inputs[1]).tensor.data : []),
		);
	if (node.operator === "Squeeze") {
		const axes = axesOf().map((axis) => (axis < 0 ? axis + shape.length : axis));
		return shape.filter((length, i) => (axes.length > 0 ? !axes.includes(i) : length !== 1));
	}
	if (node.operator === "Unsqueeze") {
		const axes = axesOf();
		const rank = shape.length + axes.length;
		const places = new Set(axes.map((axis) => (axis < 0 ? axis + rank : axis)));
		const rest = [...shape];
		return Array.from({ length: rank }, (_, i) => (places.has(i) ? 1 : (rest.shift() ?? 1)));
	}
	if (node.operator === "Flatten") {
		const axis = node.attributes.get("axis")?.number ?? 1;
		return [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis))];
	}
	const wanted = node.inputs[1]
		? Array.from(constantAt(node.inputs[1]).tensor.data)
		: (node.attributes.get("shape")?.numbers ?? []);
	if (wanted.length > 8) refuse(graph, `${described(node)} makes ${wanted.length} axes`, "unsupported");
	const lengths = wanted.map((length, i) => (length === 0 ? (shape[i] ?? 1) : length));
	const rest = lengths.reduce((product, length) => (length === -1 ? product : product * length), 1);
	return lengths.map((length) => (length === -1 ? data.length / rest : length));
}

function transposedBy(graph: Graph, node: GraphNode, { tensor, quantization, axis }: Constant): Constant {
	const { shape } = tensor;
	const order = node.attributes.get("perm")?.numbers ?? shape.map((_, i) => shape.length - 1 - i);
	if (order.length !== shape.length || order.toSorted((a, b) => a - b).some((from, i) => from !== i))
		refuse(graph, `${described(node)} has the order ${order.join(", ")} of axes`, "broken-file");
	charge(graph, tensor.data.byteLength);
	return {
		tensor: transposed(tensor, order),
		...(quantization && { quantization }),
		...(axis !== undefined && { axis: order.indexOf(axis) }),
	};
}

/** The same numbers with the axes in another order: the axis `order[i]` becomes axis i. */
export function transposed(tensor: Tensor, order: readonly number[]): Tensor {
	const { shape, data } = tensor;
	const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
	const lengths = order.map((axis) => shape[axis]!);
	const steps = order.map((axis) => strides[axis]!);
	const result = data.slice();
	const place = lengths.map(() => 0);
	let from = 0;
	for (let to = 0; to < data.length; to++) {
		result[to] = data[from]!;
		for (let axis = lengths.length - 1; axis >= 0; axis--) {
			from += steps[axis]!;
			if (++place[axis]! < lengths[axis]!) break;
			from -= steps[axis]! * lengths[axis]!;
			place[axis] = 0;
		}
	}
	return { ...tensor, shape: lengths, data: result } as Tensor;
}

/** What codes stand for, from the scale and the zero point that a node names. */
export function meaningOf(
	graph: Graph,
	node: GraphNode,
	scaleInput: string | undefined,
	zeroInput: string | undefined,
	constantAt: (input: string) => Constant,
): { readonly quantization: Quantization; readonly dtype: Tensor["dtype"] | undefined } {
	if (!scaleInput) return refuse(graph, `${described(node)} has no scale`, "broken-file", node.name);
	const { tensor: scales } = constantAt(scaleInput);
	if (!isFloat(scales))
		return refuse(
			graph,
			`${described(node)} has scales of the type ${scales.dtype}`,
			"broken-file",
			node.name,
		);
	const scale = Array.from(float32Of(scales));
	const zeros = zeroInput ? constantAt(zeroInput).tensor : undefined;
	const given = zeros && !isFloat(zeros) ? Array.from(zeros.data) : [];
	if (scale.length === 0 || (given.length > 1 && given.length !== scale.length))
		refuse(
			graph,
			`${described(node)} has ${scale.length} scales and ${given.length} zero points`,
			"broken-file",
			node.name,
		);
	const zeroPoint = scale.map((_, i) => (given.length > 0 ? perChannel(given, i) : 0));
	return { quantization: { scale, zeroPoint }, dtype: zeros?.dtype };
}

function dequantized(
	graph: Graph,
	node: GraphNode,
	{ tensor }: Constant,
	constantAt: (input: string) => Constant,
): Constant {
	if (isFloat(tensor))
		return refuse(
			graph,
			`${described(node)} takes floats where codes were expected`,
			"broken-file",
			node.name,
		);
	const { quantization } = meaningOf(graph, node, node.inputs[1], node.inputs[2], constantAt);
	const axis = node.attributes.get("axis")?.number ?? 1;
	return {
		tensor,
		quantization,
		...(quantization.scale.length > 1 && { axis: axis < 0 ? axis + tensor.shape.length : axis }),
	};
}

/** Codes of floats, where a graph makes them as it runs. */
function quantized(
	graph: Graph,
	node: GraphNode,
	{ tensor }: Constant,
	constantAt: (input: string) => Constant,
): Constant {
	const { quantization, dtype } = meaningOf(graph, node, node.inputs[1], node.inputs[2], constantAt);
	if (!isFloat(tensor) || (dtype !== undefined && dtype !== "I8" && dtype !== "U8"))
		return refuse(
			graph,
			`${described(node)} makes codes of constants in a way that is not read`,
			"unsupported",
			node.name,
		);
	const values = float32Of(tensor);
	const { scale, zeroPoint } = quantization;
	const given = node.attributes.get("axis")?.number ?? 1;
	const axis = given < 0 ? given + tensor.shape.length : given;
	const run = sizeOf(tensor.shape.slice(axis + 1));
	const [least, most] = dtype === "I8" ? [-128, 127] : [0, 255];
	const codes = Array.from(values, (x, i) => {
		const c = scale.length > 1 ? Math.floor(i / run) % scale.length : 0;
		return Math.min(most, Math.max(least, nearestEven(x / scale[c]!) + zeroPoint[c]!));
	});
	const { shape } = tensor;
	return {
		tensor:
			dtype === "I8"
				? { dtype: "I8", shape, data: Int8Array.from(codes) }
				: { dtype: "U8", shape, data: Uint8Array.from(codes) },
	};
}

/** A constant whose first axis is its layer's outputs, as a chain has it. */
export function chainTensor(
	graph: Graph,
	{ tensor, quantization, axis }: Constant,
	name: string,
): ChainTensor {
	if (quantization && quantization.scale.length > 1 && axis !== 0 && tensor.shape.length > 1)
		refuse(
			graph,
			`the weights of the layer ${brief(name)} have scales along the axis ${axis} where their outputs were expected`,
			"unsupported",
			name,
		);
	return quantization ? { tensor, quantization } : { tensor };
}
