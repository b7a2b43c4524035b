/** What a reader of an operator is given: the node, what comes into it, and the graph around it. */
import { shown } from "../../base/error.ts";
import { isFloat } from "../../weights/float.ts";
import type { Tensor } from "../../weights/tensor.ts";
import type { ChainLayer } from "../chain/chain.ts";
import { refuse } from "../chain/units.ts";
import type { Constants } from "./constants.ts";
import { described, type Graph, type GraphNode, inputOf } from "./graph.ts";

/** A layer without its name, which is the node's. */
type Bare<L> = L extends ChainLayer ? Omit<L, "name" | "output"> : never;
export type BareLayer = Bare<ChainLayer>;

/** What is known of the numbers between two nodes; undefined where the file leaves it open. */
export interface Form {
	height: number | undefined;
	width: number | undefined;
	channels: number | undefined;
	/** Whether height and width are gone. */
	isRow: boolean;
}

export interface Context {
	readonly graph: Graph;
	readonly constants: Constants;
	readonly node: GraphNode;
	/** Of what the node is given; readers make it that of what the node gives out. */
	readonly form: Form;
	/** The layers so far. */
	readonly layers: ChainLayer[];
	/** The nodes after this one, nearest first. */
	readonly following: readonly GraphNode[];
	/** Nodes that were read together with an earlier one. */
	readonly done: Set<GraphNode>;
	/** What the graph says beside its layers. */
	readonly said: Said;
}

/** What a graph says of its input and of itself. */
export interface Said {
	size?: readonly [height: number, width: number];
	isSizeAssumed?: boolean;
	channels?: number;
	filter?: "tf-bilinear" | "tf-bilinear-legacy" | "tf-bilinear-align-corners" | "nearest";
	readonly notes: Set<string>;
}

/** A constant input of floats, by its number. */
export function floatsAt({ graph, constants, node }: Context, number: number, axes?: number): Tensor {
	const tensor = constants.valueOf(inputOf(graph, node, number));
	const { shape, dtype } = tensor;
	if (!isFloat(tensor))
		refuse(
			graph,
			`${described(node)} has constants of the type ${dtype} where floats were expected`,
			"unsupported",
		);
	if (shape.includes(0) || (axes !== undefined && shape.length !== axes))
		refuse(
			graph,
			`${described(node)} has constants of the shape ${shown(shape)} where ${axes === undefined ? "numbers" : `${axes} axes`} were expected`,
			"broken-file",
		);
	return tensor;
}

/** One number for each of the layer's channels, as a row. */
export function rowAt(context: Context, number: number): Tensor {
	const tensor = floatsAt(context, number);
	const { shape } = tensor;
	if (shape.at(-1) !== tensor.data.length)
		refuse(
			context.graph,
			`${described(context.node)} has constants of the shape ${shown(shape)} where one number a channel was expected`,
			"unsupported",
		);
	return { ...tensor, shape: [tensor.data.length] };
}

/** Fails unless channels are the last axis, as this package has them, too. */
export function checkLayout({ graph, node }: Context): void {
	const layout = node.attribute("data_format")?.text ?? "NHWC";
	if (layout !== "NHWC")
		refuse(
			graph,
			`${described(node)} has its axes in the order ${shown(layout)}, and only NHWC is read: export the network with channels last`,
			"unsupported",
		);
}
