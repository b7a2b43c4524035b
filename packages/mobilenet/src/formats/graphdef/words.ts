/** What a graph is that is refused for an operator, and what to do about it. */
import { refuse } from "../chain/units.ts";
import { described, type Graph, type GraphNode } from "./graph.ts";

const told: readonly { readonly ops: RegExp; readonly what: string }[] = [
	{
		ops: /^(Quantized?|Requantiz|Requantization)/,
		what: "is of TensorFlow's old tools for integers, which are not read: take the graph of floats that it was made from, or a TensorFlow Lite file",
	},
	{
		ops: /^(Stateful)?PartitionedCall$|^(Stateless)?(If|While)$/,
		what: "calls a function in which its layers lie: freeze the graph (convert_variables_to_constants_v2), or convert it to TensorFlow Lite",
	},
	{
		ops: /^(Variable|VariableV2|VarHandleOp|ReadVariableOp|RestoreV2|MergeV2Checkpoints)$/,
		what: "is of a graph whose weights lie in a checkpoint: freeze it (freeze_graph), or convert it to TensorFlow Lite",
	},
	{
		ops: /^TFLite_|^TPU|^TensorRT|^TRTEngineOp$/,
		what: "was made for one runtime only: take the graph that it was made from",
	},
];

/** Refuses a graph for an operator that a MobileNet v1 does not have. */
export function foreign(graph: Graph, node: GraphNode): never {
	foreignIfTold(graph, node);
	return refuse(
		graph,
		`the file is sound, but ${described(node)} is not one of MobileNet v1's`,
		"not-mobilenet",
		node.name,
	);
}

/** Refuses a graph for an operator that says what the graph is. */
export function foreignIfTold(graph: Graph, node: GraphNode): void {
	const known = told.find(({ ops }) => ops.test(node.op));
	if (known) refuse(graph, `${described(node)} ${known.what}`, "unsupported", node.name);
}

/** Refuses a graph that branches, with what it looks like then. */
export function branching(graph: Graph, node: GraphNode, inputs: number): never {
	// Of weights that are variables, or of codes, more comes into a node than the picture.
	for (const other of graph.nodes.values()) foreignIfTold(graph, other);
	const ops = new Set([...graph.nodes.values()].map(({ op }) => op));
	const kin = ![...ops].some((op) => op.includes("DepthwiseConv2d"))
		? ""
		: node.op === "Mul"
			? "; it looks like MobileNet v3"
			: node.op.startsWith("Add")
				? "; it looks like MobileNet v2"
				: "";
	return refuse(
		graph,
		`its layers branch where a chain was expected: ${described(node)} takes ${inputs} that are computed${kin}`,
		"not-mobilenet",
		node.name,
	);
}
