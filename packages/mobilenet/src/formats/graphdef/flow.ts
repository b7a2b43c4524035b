/**
 * The way of a picture through a graph: which input of a node the picture comes in by, where it starts, and at which node
 * the network ends. What only training needs, what measures accuracy and what feeds labels lies beside that way.
 */
import { refuse } from "../chain/units.ts";
import { brief, nodesTo } from "../graph.ts";
import type { Constants } from "./constants.ts";
import { described, type Graph, type GraphNode, inputOf, type Source, sourceAt } from "./graph.ts";
import { knownOperators } from "./layers.ts";
import { branching, foreign, foreignIfTold } from "./words.ts";

const starts: ReadonlySet<string> = new Set([
	"Placeholder",
	"DecodeJpeg",
	"DecodePng",
	"DecodeBmp",
	"DecodeImage",
]);
/** The picture comes by the input that is no constant. By all others it comes first, before weights and shapes. */
const ofTwo: ReadonlySet<string> = new Set([
	"Add",
	"AddV2",
	"Sub",
	"Mul",
	"RealDiv",
	"Div",
	"Maximum",
	"Minimum",
]);
const withWeights = /^(_?Fused)?(Conv2D|DepthwiseConv2dNative|MatMul)$/;
const answers: ReadonlySet<string> = new Set(["Softmax", "Sigmoid"]);

/** What takes a network's answers without being part of it: losses, measures, summaries. */
const aside =
	/^(ArgMax|TopK(V2)?|InTopK(V2)?|Equal|NotEqual|Greater(Equal)?|Less(Equal)?|Shape(N)?|Size|Rank|Log|\w*Summary(V2)?|Assert|Print(V2)?|NoOp|_Retval|\w*CrossEntropy\w*|\w*Grad)$/;

/** What is known of the way to a node. */
interface Reach {
	/** Layers with weights on it. */
	readonly layers: number;
	/** The last of those. */
	readonly last: GraphNode | undefined;
	readonly answers: number;
	readonly length: number;
}

/** The nodes from the picture to the network's answer, in order. */
export function wayThrough(graph: Graph, constants: Constants): readonly GraphNode[] {
	const reached = reachOf(graph, constants);
	const end = graph.output === undefined ? endOf(graph, reached) : sourceAt(graph, graph.output).node;
	return nodesTo({ node: end, port: 0 } as Source, {
		makerOf: ({ node, port }) => {
			if (!knownOperators.has(node.op)) foreign(graph, node);
			if (port > 0 && node.op !== "Switch")
				refuse(graph, `the output ${port} of ${described(node)} is used where only the first was expected`);
			return node;
		},
		sourceOf: (node) => {
			const source = sourceOf(graph, constants, node);
			if (!source && !isStart(graph, constants, node)) branching(graph, node, node.inputs.length);
			return source;
		},
		refuseCircle: () => refuse(graph, "its nodes form a circle", "broken-file"),
	});
}

/** By which input the picture comes; undefined where it starts here, or where there is no telling. */
function sourceOf(graph: Graph, constants: Constants, node: GraphNode): Source | undefined {
	const { op } = node;
	if (!knownOperators.has(op) || isStart(graph, constants, node)) return undefined;
	if (!ofTwo.has(op) && op !== "Merge") return inputOf(graph, node, 0);
	const inputs = node.inputs.slice(0, 2).map((input) => sourceAt(graph, input));
	// Of a merge's branches one runs when nothing is trained.
	const computed = inputs.filter((source) =>
		op === "Merge" ? isLive(graph, constants, source) : !constants.has(source),
	);
	return computed.length === 1 ? computed[0] : undefined;
}

function isStart(graph: Graph, constants: Constants, node: GraphNode): boolean {
	if (node.op === "PlaceholderWithDefault") return constants.has(inputOf(graph, node, 0));
	return starts.has(node.op);
}

/** A branch has at most so many nodes: a dropout, or a batch norm with what it takes apart. */
const largestBranch = 32;

/** Whether a value is computed when nothing is trained, as the switches say by which its branch is given its values. */
function isLive(graph: Graph, constants: Constants, source: Source): boolean {
	const met = new Set<GraphNode>();
	const open = [source];
	for (let at = open.pop(); at && met.size < largestBranch; at = open.pop()) {
		const { node, port } = at;
		// What a merge gives is computed, by one of its own branches.
		if (met.has(node) || node.op === "Merge") continue;
		met.add(node);
		const condition = node.op === "Switch" ? inputOf(graph, node, 1) : undefined;
		if (!condition) open.push(...node.inputs.slice(0, largestBranch).map((input) => sourceAt(graph, input)));
		else if (constants.has(condition) && port !== (constants.valueOf(condition).data[0] ? 1 : 0))
			return false;
	}
	return true;
}

/** The way to every node that the picture reaches; each node is gone over once. */
function reachOf(graph: Graph, constants: Constants): ReadonlyMap<GraphNode, Reach> {
	const reached = new Map<GraphNode, Reach | undefined>();
	for (const first of graph.nodes.values()) {
		const open: GraphNode[] = [];
		let node: GraphNode | undefined = first;
		while (node && !reached.has(node)) {
			reached.set(node, undefined);
			open.push(node);
			const source: Source | undefined = sourceOf(graph, constants, node);
			node = source && (source.port === 0 || source.node.op === "Switch") ? source.node : undefined;
		}
		let before = node && reached.get(node);
		for (let own = open.pop(); own; own = open.pop()) {
			if (isStart(graph, constants, own)) before = { layers: 0, last: undefined, answers: 0, length: 0 };
			else if (before) {
				const isLayer = withWeights.test(own.op);
				before = {
					layers: before.layers + (isLayer ? 1 : 0),
					last: isLayer ? own : before.last,
					answers: before.answers + (answers.has(own.op) ? 1 : 0),
					length: before.length + 1,
				};
			}
			reached.set(own, before);
		}
	}
	for (const [node, reach] of reached) if (!reach) reached.delete(node);
	return reached as ReadonlyMap<GraphNode, Reach>;
}

/** The node that ends the longest way: most layers, then an answer, then whatever follows. */
function endOf(graph: Graph, reached: ReadonlyMap<GraphNode, Reach>): GraphNode {
	const farther = (a: Reach, b: Reach): number => a.layers - b.layers || a.answers - b.answers;
	let [end, best]: [GraphNode | undefined, Reach | undefined] = [undefined, undefined];
	for (const [node, reach] of reached)
		if (!best || (farther(reach, best) || reach.length - best.length) > 0) [end, best] = [node, reach];
	if (!end || !best) {
		for (const node of graph.nodes.values()) foreignIfTold(graph, node);
		return refuse(graph, "it has no place for a picture (Placeholder)");
	}
	for (const [node, reach] of reached)
		if (best.layers > 0 && farther(reach, best) === 0 && reach.last !== best.last)
			refuse(
				graph,
				`it ends in several ways, ${brief(end.name)} and ${brief(node.name)}, where one output was expected`,
				"unsupported",
			);
	for (const node of graph.nodes.values())
		for (const input of node.inputs)
			if (input === end.name || input === `${end.name}:0`) checkFollower(graph, reached, node, end);
	if (best.layers === 0) refuse(graph, "it has no convolutions that a picture leads to");
	return end;
}

/** Whether what takes the answer may be left out: it measures, or it compares the answer with what is not of the picture. */
function checkFollower(
	graph: Graph,
	reached: ReadonlyMap<GraphNode, Reach>,
	node: GraphNode,
	end: GraphNode,
): void {
	if (aside.test(node.op)) return;
	if (!knownOperators.has(node.op)) foreign(graph, node);
	if (!ofTwo.has(node.op) && node.op !== "Merge") return;
	const others = node.inputs.map((input) => sourceAt(graph, input).node).filter((other) => other !== end);
	if (!others.every((other) => reached.get(other)?.layers === 0)) branching(graph, node, others.length + 1);
}
