/**
 * The constants of a graph: what nodes compute from constants alone, as TensorFlow would before it sees a picture. Old
 * graphs write batch norm, quantized weights and much else that way. Every node is computed once.
 */
import { shown } from "../../base/error.ts";
import { float32Of, isFloat } from "../../weights/float.ts";
import { sizeOf, type Tensor } from "../../weights/tensor.ts";
import { refuse } from "../chain/units.ts";
import { charge } from "../graph.ts";
import { described, type Graph, type GraphNode, inputOf, type Source, sourceAt } from "./graph.ts";

export interface Constants {
	/** Whether a value is one, without computing it. */
	readonly has: (source: Source) => boolean;
	/** The value of one. */
	readonly valueOf: (source: Source) => Tensor;
}

type Fold = (
	context: { readonly graph: Graph; readonly node: GraphNode },
	...inputs: readonly Tensor[]
) => Tensor;

/** Nothing needs a tenth of this; a circle is as deep as one likes. */
const deepest = 64;
const mostAxes = 8;

const same: Fold = (_, tensor) => tensor!;
/** Only the numbers count: what takes a constant knows its shape, or asks for one of another. */
const folds: Readonly<Record<string, readonly [inputs: number, fold: Fold]>> = {
	Identity: [1, same],
	StopGradient: [1, same],
	GuaranteeConst: [1, same],
	PlaceholderWithDefault: [1, same],
	Switch: [1, same],
	Cast: [1, cast],
	Reshape: [2, reshaped],
	Squeeze: [1, (_, tensor) => ({ ...tensor!, shape: tensor!.shape.filter((length) => length !== 1) })],
	Add: [2, binary((a, b) => a + b)],
	AddV2: [2, binary((a, b) => a + b)],
	Sub: [2, binary((a, b) => a - b)],
	Mul: [2, binary((a, b) => a * b)],
	RealDiv: [2, binary((a, b) => a / b)],
	Div: [2, binary((a, b) => a / b)],
	Maximum: [2, binary(Math.max)],
	Minimum: [2, binary(Math.min)],
	Rsqrt: [1, unary((x) => 1 / Math.sqrt(x))],
	Sqrt: [1, unary(Math.sqrt)],
	Square: [1, unary((x) => x * x)],
	Neg: [1, unary((x) => -x)],
	Reciprocal: [1, unary((x) => 1 / x)],
	Dequantize: [3, dequantized],
	FakeQuantWithMinMaxVars: [3, fakeQuantized],
	FakeQuantWithMinMaxVarsPerChannel: [3, fakeQuantized],
};

export function constantsOf(graph: Graph): Constants {
	const known = new Map<GraphNode, boolean>();
	const values = new Map<GraphNode, Tensor>();

	const isConstant = (node: GraphNode, depth: number): boolean => {
		const before = known.get(node);
		if (before !== undefined) return before;
		if (depth > deepest) return false;
		const is =
			node.op === "Const" ||
			isSwitchOfTraining(node) ||
			(Object.hasOwn(folds, node.op) &&
				!isPicture(node) &&
				node.inputs.length > 0 &&
				node.inputs.every((input) => isConstant(sourceAt(graph, input).node, depth + 1)));
		known.set(node, is);
		return is;
	};
	const folded = (node: GraphNode): Tensor => {
		const [inputs, fold] = folds[node.op]!;
		const given = Array.from({ length: inputs }, (_, i) => compute(inputOf(graph, node, i).node));
		return fold({ graph, node }, ...given);
	};
	const compute = (node: GraphNode): Tensor => {
		const before = values.get(node);
		if (before) return before;
		const value = isSwitchOfTraining(node)
			? no
			: node.op === "Const"
				? constantIn(graph, node)
				: folded(node);
		values.set(node, value);
		return value;
	};
	return {
		has: ({ node }) => isConstant(node, 0),
		valueOf: ({ node }) => {
			if (isConstant(node, 0)) return compute(node);
			return refuse(
				graph,
				`${described(node)} is computed where constant numbers were expected${frozen(graph, node)}`,
				"unsupported",
			);
		},
	};
}

/** Whole numbers, such as axes and paddings. */
export function wholeNumbers(graph: Graph, constants: Constants, source: Source): readonly number[] {
	const { dtype, data } = constants.valueOf(source);
	if (dtype !== "I32" || data.length > deepest)
		refuse(
			graph,
			`the constant of ${described(source.node)} is ${data.length} numbers of the type ${dtype} where a few whole ones were expected`,
			"broken-file",
		);
	return [...data];
}

/** Old graphs of Keras ask on every run whether it is one of training. It is none. */
function isSwitchOfTraining(node: GraphNode): boolean {
	return node.op === "Placeholder" && node.attribute("dtype")?.type === "DT_BOOL";
}

const no: Tensor = { dtype: "U8", shape: [], data: Uint8Array.of(0) };

/** A picture may have a constant in its place where none is given; a switch of training has a single number. */
function isPicture(node: GraphNode): boolean {
	return node.op === "PlaceholderWithDefault" && (node.attribute("shape")?.shape?.length ?? 1) > 1;
}

function constantIn(graph: Graph, node: GraphNode): Tensor {
	const value = node.attribute("value")?.tensor?.();
	return value ?? refuse(graph, `${described(node)} has no value`, "broken-file");
}

/** What to do where weights lie in variables, as they do until a graph is frozen. */
function frozen(graph: Graph, node: GraphNode): string {
	let from = node;
	for (let i = 0; i < deepest && /^(Identity|ReadVariableOp)$/.test(from.op) && from.inputs.length > 0; i++)
		from = inputOf(graph, from, 0).node;
	return /^(Variable|VariableV2|VarHandleOp|ReadVariableOp)$/.test(from.op)
		? ": its weights are variables, which lie in a checkpoint: freeze the graph (freeze_graph, convert_variables_to_constants), or convert it to TensorFlow Lite"
		: "";
}

function cast(context: Parameters<Fold>[0], tensor?: Tensor): Tensor {
	const type = context.node.attribute("DstT")?.type;
	// Half floats stay as they are: every one is a float.
	if (tensor && (type === "DT_FLOAT" || type === "DT_HALF" || type === "DT_BFLOAT16"))
		return isFloat(tensor) ? tensor : unary((x) => x)(context, tensor);
	const { graph, node } = context;
	if (tensor && (type === "DT_INT32" || type === "DT_INT64") && !isFloat(tensor)) {
		charge(graph, 4 * tensor.data.length);
		return { dtype: "I32", shape: tensor.shape, data: Int32Array.from(tensor.data) };
	}
	return refuse(graph, `${described(node)} makes constants of the type ${type}`, "unsupported");
}

function reshaped({ graph, node }: Parameters<Fold>[0], tensor?: Tensor, shape?: Tensor): Tensor {
	const asked = [...(shape?.data.subarray(0, mostAxes) ?? [])];
	const size = sizeOf(tensor!.shape);
	const rest = asked.reduce((product, length) => (length === -1 ? product : product * length), 1);
	const result = asked.map((length) => (length === -1 ? size / rest : length));
	if (sizeOf(result) !== size || !result.every((length) => Number.isInteger(length) && length >= 0))
		refuse(
			graph,
			`${described(node)} makes ${shown(asked)} of the shape ${shown(tensor!.shape)}`,
			"broken-file",
		);
	return { ...tensor!, shape: result };
}

function numbersOf(tensor: Tensor): ArrayLike<number> {
	return isFloat(tensor) ? float32Of(tensor) : tensor.data;
}

function unary(f: (x: number) => number): Fold {
	return ({ graph }, tensor) => {
		const { shape } = tensor!;
		const numbers = numbersOf(tensor!);
		charge(graph, 4 * numbers.length);
		return { dtype: "F32", shape, data: Float32Array.from(numbers, f) };
	};
}

/** As NumPy: whole numbers stay such; axes from the last on are alike, or one of them is 1. */
function binary(f: (a: number, b: number) => number): Fold {
	return ({ graph, node }, first, second) => {
		const [a, b] = [first!, second!];
		const axes = Math.max(a.shape.length, b.shape.length);
		const [left, right] = [aligned(a.shape, axes), aligned(b.shape, axes)];
		const shape = left.map((length, axis) => (length === 1 ? right[axis]! : length));
		if (axes > mostAxes || !shape.every((length, axis) => [1, length].includes(right[axis]!)))
			refuse(
				graph,
				`${described(node)} takes constants of the shapes ${shown(a.shape)} and ${shown(b.shape)}`,
				"broken-file",
			);
		const [x, y] = [numbersOf(a), numbersOf(b)];
		const size = sizeOf(shape);
		charge(graph, 4 * size);
		const [stepsLeft, stepsRight] = [stepsOf(left), stepsOf(right)];
		const at = shape.map(() => 0);
		let [i, j] = [0, 0];
		const next = (): void => {
			for (let axis = axes - 1; axis >= 0; axis--) {
				i += stepsLeft[axis]!;
				j += stepsRight[axis]!;
				if (++at[axis]! < shape[axis]!) return;
				i -= stepsLeft[axis]! * shape[axis]!;
				j -= stepsRight[axis]! * shape[axis]!;
				at[axis] = 0;
			}
		};
		const isWhole = a.dtype === "I32" && b.dtype === "I32";
		const data = new (isWhole ? Int32Array : Float32Array)(size);
		for (let n = 0; n < size; n++, next()) data[n] = f(x[i]!, y[j]!);
		return { dtype: isWhole ? "I32" : "F32", shape, data } as Tensor;
	};
}

function aligned(shape: readonly number[], axes: number): readonly number[] {
	return [...new Array<number>(axes - shape.length).fill(1), ...shape];
}

/** How far the next number along an axis is; an axis of 1 stands for any length. */
function stepsOf(shape: readonly number[]): readonly number[] {
	const steps: number[] = [];
	let step = 1;
	for (let axis = shape.length - 1; axis >= 0; axis--) {
		steps.unshift(shape[axis] === 1 ? 0 : step);
		step *= shape[axis]!;
	}
	return steps;
}

/** Weights that TensorFlow's graph transforms made codes of: the least code is `min`, the greatest `max`. */
function dequantized({ graph, node }: Parameters<Fold>[0], ...inputs: readonly Tensor[]): Tensor {
	const [codes, min, max] = inputs;
	const mode = node.attribute("mode")?.text ?? "MIN_COMBINED";
	if (codes?.dtype !== "U8" || (mode !== "MIN_COMBINED" && mode !== "MIN_FIRST"))
		return refuse(
			graph,
			`${described(node)} dequantizes ${codes?.dtype} in the mode ${shown(mode)}, and only quint8 in MIN_COMBINED or MIN_FIRST are read`,
			"unsupported",
		);
	const [low, high] = [numbersOf(min!)[0] ?? 0, numbersOf(max!)[0] ?? 0];
	const step = (high - low) / 255;
	// So that some code stands for 0 exactly.
	const first = mode === "MIN_FIRST" && step > 0 ? Math.round(low / step) * step : low;
	return unary((code) => first + code * step)({ graph, node }, codes);
}

/**
 * Weights as networks have them that were trained for integers: what the codes nearest to them stand for.
 *
 * Source: tensorflow/core/kernels/fake_quant_ops_functor.h
 */
function fakeQuantized({ graph, node }: Parameters<Fold>[0], ...inputs: readonly Tensor[]): Tensor {
	const [tensor, min, max] = inputs as [Tensor, Tensor, Tensor];
	const bits = node.attribute("num_bits")?.number ?? 8;
	const least = node.attribute("narrow_range")?.flag ? 1 : 0;
	const greatest = 2 ** bits - 1;
	const [lows, highs] = [numbersOf(min), numbersOf(max)];
	const numbers = numbersOf(tensor);
	const channels = lows.length;
	if (
		!(bits >= 2 && bits <= 16) ||
		highs.length !== channels ||
		(channels !== 1 && channels !== tensor.shape.at(-1))
	)
		refuse(
			graph,
			`${described(node)} has ${bits} bits and ranges of the shapes ${shown(min.shape)} and ${shown(max.shape)}`,
			"broken-file",
		);
	charge(graph, 4 * numbers.length);
	// The range is moved so that 0 has a code of its own. In float32, as there: halves would be rounded otherwise.
	const { fround } = Math;
	const ranges = Array.from(lows, (low, c) => {
		const scale = fround(fround(highs[c]! - low) / (greatest - least));
		const zero = Math.max(least, Math.min(greatest, Math.round(fround(least - fround(low / scale)))));
		return {
			scale,
			inverse: fround(1 / scale),
			min: fround((least - zero) * scale),
			max: fround((greatest - zero) * scale),
		};
	});
	const data = Float32Array.from(numbers, (x, i) => {
		const { scale, inverse, min: first, max: last } = ranges[i % channels]!;
		const shifted = fround(Math.max(first, Math.min(last, x)) - first);
		return fround(Math.floor(fround(fround(shifted * inverse) + 0.5)) * scale) + first;
	});
	return { dtype: "F32", shape: tensor.shape, data };
}
