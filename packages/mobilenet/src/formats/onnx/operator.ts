/** What a reader of an operator is given: the node, what comes into it, and the graph around it. */
import { shown } from "../../base/error.ts";
import { float32Of, isFloat } from "../../weights/float.ts";
import { perChannel } from "../../weights/parts.ts";
import type { Chain, ChainLayer } from "../chain/chain.ts";
import { refuse } from "../chain/units.ts";
import type { Constant, Constants } from "./constants.ts";
import { described, type Graph, type GraphNode } from "./graph.ts";

/** A layer without its name, which is the node's. */
type Bare<L> = L extends ChainLayer ? Omit<L, "name"> : never;
export type BareLayer = Bare<ChainLayer>;

/** Where channels lie in a picture: before height and width, or behind them. */
export type Layout = "nchw" | "nhwc";

/** What is known of the numbers between two nodes. */
export interface Form {
	layout: Layout | undefined;
	/** That of the network's input, once it is known. */
	inputLayout: Layout | undefined;
	/** Height and width, if the file says so. */
	picture: readonly [height: number, width: number] | undefined;
	/** Whether they are gone. */
	isRow: boolean;
}

/** What the nodes before the first layer say. */
export interface Said {
	/** What the codes of the picture stand for, as if they were signed. */
	input?: NonNullable<Chain["input"]>["quantization"];
	preprocessing?: Chain["preprocessing"] & object;
}

export interface Context {
	readonly graph: Graph;
	readonly constants: Constants;
	readonly node: GraphNode;
	readonly form: Form;
	/** The layers so far. */
	readonly layers: ChainLayer[];
	readonly said: Said;
}

export function foreignNode(context: Context, what: string): never {
	const { graph, node } = context;
	return refuse(graph, `the file is sound, but ${described(node)} ${what}`, "not-mobilenet", node.name);
}

export function unsupportedNode({ graph, node }: Context, what: string): never {
	return refuse(graph, `${described(node)} ${what}`, "unsupported", node.name);
}

/** The constant input of a node by its number. */
export function constantIn(context: Context, number: number): Constant {
	const { graph, constants, node } = context;
	const input = node.inputs[number];
	if (!input)
		return refuse(
			graph,
			`${described(node)} has ${node.inputs.length} inputs where more were expected`,
			"broken-file",
			node.name,
		);
	if (!constants.has(input))
		return foreignNode(context, "takes what is computed where a constant was expected");
	return constants.constantAt(input);
}

/** Whether a node has an input of this number. */
export function hasInput({ node }: Context, number: number): boolean {
	return Boolean(node.inputs[number]);
}

/** The numbers of a constant of floats. */
export function floatsIn(context: Context, number: number): Float32Array {
	const { tensor, quantization } = constantIn(context, number);
	if (isFloat(tensor)) return float32Of(tensor);
	if (quantization && (quantization.scale.length === 1 || quantization.scale.length === tensor.data.length)) {
		const { scale, zeroPoint } = quantization;
		return Float32Array.from(
			tensor.data,
			(code, i) => perChannel(scale, i) * (code - perChannel(zeroPoint, i)),
		);
	}
	return unsupportedNode(context, `has constants of the type ${tensor.dtype} where floats were expected`);
}

/** The only number of a constant. */
export function numberIn(context: Context, number: number): number {
	const values = floatsIn(context, number);
	if (values.length !== 1)
		unsupportedNode(context, `has ${values.length} constants where one number was expected`);
	return values[0]!;
}

export function integersIn(context: Context, number: number): readonly number[] {
	return Array.from(constantIn(context, number).tensor.data);
}

/** A constant that is one number for all channels, or one a channel. */
export function rowIn(context: Context, number: number): readonly number[] {
	const { shape } = constantIn(context, number).tensor;
	const values = floatsIn(context, number);
	if (shape.filter((length) => length !== 1).length > 1)
		unsupportedNode(
			context,
			`has a constant of the shape ${shown(shape)} where one number a channel was expected`,
		);
	return Array.from(values);
}

export function integerAttribute({ node }: Context, name: string, usual: number): number {
	return node.attributes.get(name)?.number ?? usual;
}

export function integersAttribute({ node }: Context, name: string): readonly number[] | undefined {
	return node.attributes.get(name)?.numbers;
}
