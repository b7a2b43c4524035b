/**
 * The one way through a graph: from its output back to its input, whatever the order in which its nodes are listed. A
 * MobileNet v1 is a chain, so what does not lead to the output does not matter, and what branches is refused. What the
 * nodes mean is the business of each format.
 */

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
