/**
 * Arithmetic on short lists of whole numbers: how PyTorch's old exporter writes the amounts of a padding into the graph,
 * some dozen operators that compute what was known before.
 *
 * Source: onnx/docs/Operators.md.
 */
import { int32, type Tensor } from "../../weights/tensor.ts";
import { refuse } from "../chain/units.ts";
import { described, type Graph, type GraphNode } from "./graph.ts";

/** Lists of shapes and paddings are not longer. */
const longest = 64;

type Operator = (lists: readonly Tensor[], node: GraphNode) => readonly number[] | undefined;

const numbers = ({ data }: Tensor): number[] => Array.from(data);
/** One by one; a single number goes with each of a list. */
const each =
	(operation: (a: number, b: number) => number): Operator =>
	([a, b]) => {
		const [left, right] = [numbers(a!), numbers(b!)];
		const length = Math.max(left.length, right.length);
		if (![1, length].includes(left.length) || ![1, length].includes(right.length)) return undefined;
		const at = (list: readonly number[], i: number): number => list[list.length === 1 ? 0 : i]!;
		return Array.from({ length }, (_, i) => operation(at(left, i), at(right, i)));
	};

/** What each operator makes of lists; undefined where it does something else than these. */
const operators: Readonly<Record<string, Operator>> = {
	Add: each((a, b) => a + b),
	Sub: each((a, b) => a - b),
	Mul: each((a, b) => a * b),
	Div: each((a, b) => Math.trunc(a / b)),
	Concat: (lists) => lists.flatMap(numbers),
	Shape: ([list]) => list!.shape,
	Gather: ([list, places]) => {
		const from = numbers(list!);
		return numbers(places!).map((place) => from[place < 0 ? place + from.length : place] ?? Number.NaN);
	},
	ConstantOfShape: ([shape], node) => {
		const [length = 1, ...more] = numbers(shape!);
		// Whatever the value is stored as, exporters mean zeros here.
		return more.length > 0 || !(length >= 0 && length <= longest) || node.attributes.get("value")?.number
			? undefined
			: new Array<number>(length).fill(0);
	},
};

/** Whether an operator is one of those. */
export function computesShapes({ operator }: GraphNode): boolean {
	return Object.hasOwn(operators, operator) || operator === "Slice";
}

/**
 * The list that a node makes of lists.
 *
 * @param inputs of the node, without those that are left out
 * @throws MobileNetError `unsupported` where they are long, or the operator does more than is read
 */
export function shapeThrough(graph: Graph, node: GraphNode, inputs: readonly Tensor[]): Tensor {
	const what = (why: string): never =>
		refuse(
			graph,
			`${described(node)} computes with constants in a way that is not read: ${why}`,
			"unsupported",
		);
	if (inputs.some(({ data }) => data.length > longest)) what(`they have more than ${longest} numbers`);
	if (node.operator === "Slice") return sliced(inputs, what);
	const made = operators[node.operator]!(inputs, node);
	if (!made?.every((value) => Number.isSafeInteger(value))) return what("they do not fit together");
	// A number that is gathered or computed of numbers is a number.
	const isNumber = made.length === 1 && node.operator !== "Concat" && inputs.at(-1)?.shape.length === 0;
	return int32(made, isNumber && node.operator !== "Shape" ? [] : [made.length]);
}

/** Part of the first axis, every so many, backwards too. */
function sliced(
	[list, starts, ends, axes, steps]: readonly Tensor[],
	refuse: (why: string) => never,
): Tensor {
	const one = (tensor: Tensor | undefined, usual: number): number => {
		if (tensor && tensor.data.length !== 1) refuse("it slices several axes");
		const place = tensor ? tensor.data[0]! : usual;
		return Number.isInteger(place) ? place : refuse("it slices between whole numbers");
	};
	const [rows = 0, ...rest] = list!.shape;
	if (one(axes, 0) !== 0) refuse("it slices another axis than the first");
	const step = one(steps, 1);
	const width = rest[0] ?? 1;
	// Rows of nothing may be any number of rows.
	if (step === 0 || rest.length > 1 || width === 0) refuse("it slices a list in a way of its own");
	const within = (place: number, least: number, most: number): number =>
		Math.min(most, Math.max(least, place < 0 ? place + rows : place));
	const start = within(one(starts, 0), step < 0 ? -1 : 0, step < 0 ? rows - 1 : rows);
	const end = within(one(ends, rows), step < 0 ? -1 : 0, rows);
	const kept: number[] = [];
	let count = 0;
	for (let row = start; step < 0 ? row > end : row < end; row += step, count++)
		for (let i = 0; i < width; i++) kept.push(list!.data[row * width + i]!);
	return int32(kept, [count, ...rest]);
}
