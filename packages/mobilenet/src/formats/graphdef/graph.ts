/**
 * TensorFlow's graphs as both of their files have them, the messages of a GraphDef and the JSON of TensorFlow.js: nodes
 * by name, each with an operator, inputs and attributes. What the operators mean is operators.ts's.
 */
import type { Budget } from "../../base/budget.ts";
import type { Tensor } from "../../weights/tensor.ts";
import type { Reading } from "../chain/chain.ts";
import { refuse } from "../chain/units.ts";
import { brief } from "../graph.ts";

export interface Graph extends Reading {
	readonly nodes: ReadonlyMap<string, GraphNode>;
	/** Whether nothing follows the nodes: a file that was cut short behind one of them does not show it. */
	readonly isOpenEnded?: boolean;
	/** The node whose output is the network's, where the file names one. */
	readonly output?: string;
	/** What the file's size still explains, in bytes of numbers. */
	readonly budget: Budget;
}

export interface GraphNode {
	readonly name: string;
	/** The operator, as TensorFlow calls it: `Conv2D`. */
	readonly op: string;
	/** `node` or `node:port`; without those that only say what runs first. */
	readonly inputs: readonly string[];
	/** Undefined where the file leaves it out: the operator's usual value. */
	readonly attribute: (name: string) => Attribute | undefined;
}

/** The value of an attribute: the one field that its kind has. */
export interface Attribute {
	readonly text?: string;
	readonly texts?: readonly string[];
	readonly number?: number;
	readonly numbers?: readonly number[];
	readonly flag?: boolean;
	/** Such as `DT_FLOAT`. */
	readonly type?: string;
	/** −1 where a length is open; left out where the number of axes is. */
	readonly shape?: readonly number[];
	/** Read when it is asked for: most of a file is this. */
	readonly tensor?: () => Tensor;
}

/** Where a value comes from: nearly all operators have one output, 0. */
export interface Source {
	readonly node: GraphNode;
	readonly port: number;
}

/** TensorFlow's types of numbers, by their number in a file. */
export const types = [
	...["DT_INVALID", "DT_FLOAT", "DT_DOUBLE", "DT_INT32", "DT_UINT8", "DT_INT16", "DT_INT8", "DT_STRING"],
	...["DT_COMPLEX64", "DT_INT64", "DT_BOOL", "DT_QINT8", "DT_QUINT8", "DT_QINT32", "DT_BFLOAT16"],
	...["DT_QINT16", "DT_QUINT16", "DT_UINT16", "DT_COMPLEX128", "DT_HALF"],
] as const;

/** The node and the port that an input names. */
export function sourceAt(graph: Graph, input: string): Source {
	const whole = graph.nodes.get(input);
	if (whole) return { node: whole, port: 0 };
	const [, name = input, port = "0"] = /^(.+):(\d{1,4})$/.exec(input) ?? [];
	const node = graph.nodes.get(name);
	if (!node)
		refuse(graph, `a node takes the output of ${brief(name)}, which is not in the graph`, "broken-file");
	return { node, port: Number(port) };
}

/** The input of a node by its number. */
export function inputOf(graph: Graph, node: GraphNode, number: number): Source {
	const input = node.inputs[number];
	if (input === undefined)
		refuse(
			graph,
			`${described(node)} has ${node.inputs.length} inputs where more were expected`,
			"broken-file",
		);
	return sourceAt(graph, input);
}

/** A node as errors show it. */
export function described({ op, name }: GraphNode): string {
	return `its operator ${brief(op)} (${brief(name)})`;
}

/** Nodes that a graph may have whatever its size; those of whole training runs have some ten thousand. */
const most = { nodes: 20_000, ofAnyFile: 1000 } as const;
/** Bytes of a file with weights that stand behind a node, at the least. */
const leastBytes = 256;

/** Fails for a graph of more nodes than the size of its file explains. */
export function checkCount(file: Pick<Reading, "name">, nodes: number, bytes: number): void {
	if (nodes > Math.min(most.nodes, most.ofAnyFile + bytes / leastBytes))
		refuse(
			file,
			`its graph has more than ${nodes - 1} nodes, far more than a network of its size`,
			"unsupported",
		);
}
