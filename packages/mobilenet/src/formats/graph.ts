/**
 * The one way through a graph: from its output back to its input, whatever the order in which its nodes are listed. A
 * MobileNet v1 is a chain, so what does not lead to the output does not matter, and what branches is refused. What the
 * nodes mean is the business of each format.
 */

import { type Budget, spend } from "../base/budget.ts";
import { refuse } from "./chain/units.ts";

/** How a format's graph is walked; each function refuses the file in its format's words. */
export interface Walk<Value, Node> {
	/** The node that makes a value. */
	readonly makerOf: (value: Value) => Node;
	/** The value that a node computes from; undefined where the walk is at the graph's input. */
	readonly sourceOf: (node: Node) => Value | undefined;
	readonly refuseCircle: () => never;
}

/**
 * The nodes that lead to a graph's output, from the input on.
 *
 * @example
 * nodesTo("softmax", { makerOf: (name) => layers.get(name)!, sourceOf: ({ input }) => input, refuseCircle })
 */
export function nodesTo<Value, Node>(
	output: Value,
	{ makerOf, sourceOf, refuseCircle }: Walk<Value, Node>,
): Node[] {
	const met = new Set<Node>();
	for (let value: Value | undefined = output; value !== undefined; ) {
		const node = makerOf(value);
		if (met.has(node)) refuseCircle();
		met.add(node);
		value = sourceOf(node);
	}
	return [...met].reverse();
}

/** Characters of a node's name that errors show: converters join many names into one. */
const longestName = 80;

/** A name in a graph as errors show it. */
export function brief(name: string): string {
	return name.length > longestName ? `${name.slice(0, longestName)}…` : name;
}

/** Takes bytes from what a file's size explains: one constant may be the weights of any number of layers. */
export function charge(graph: { readonly name: string; readonly budget: Budget }, bytes: number): void {
	if (!spend(graph.budget, bytes))
		refuse(graph, "its numbers would take far more memory than its size accounts for", "broken-file");
}
