/**
 * Reads ONNX files (.onnx): floats, codes between float operators ("QDQ"), and operators of codes ("QLinear"), as PyTorch,
 * tf2onnx, keras2onnx, Paddle and onnxruntime's quantization write them. A network is read by what its operators compute;
 * names only show in errors.
 */
import type { Chain } from "../chain/chain.ts";
import { refuse } from "../chain/units.ts";
import type { ModelFile } from "../file.ts";
import { brief, nodesTo } from "../graph.ts";
import { type Constants, constantsOf } from "./constants.ts";
import { described, type Graph, type GraphNode, openGraph, pathsBeside } from "./graph.ts";
import { layersOf, readers } from "./layers.ts";

/** Operators whose picture may come in by either input. */
const eithers: ReadonlySet<string> = new Set(["Add", "Sub", "Mul", "Div", "Min", "Max"]);
/** What exporters make of activations and blocks that other networks of the family have. */
const kin: readonly (readonly [operators: RegExp, what: string])[] = [
	[/^Hard(Swish|Sigmoid)$/, "; it looks like MobileNet v3"],
	[/^(NonMaxSuppression|TopK)$/, "; it looks like a detector"],
	[
		/^(MatMulInteger|ConvInteger|DynamicQuantizeLinear)$/,
		"; it is quantized as it runs, which is not read: take the network of floats",
	],
];

/**
 * What an ONNX file holds.
 *
 * @throws MobileNetError `broken-file` for a damaged file; `not-mobilenet` for a graph that is no chain of a MobileNet's
 * operators; `unsupported` for a way of storing one that is not read here
 * @example
 * const { layers } = await readOnnx({ name: "model.onnx", bytes, beside });
 */
export async function readOnnx(file: ModelFile): Promise<Chain> {
	const paths = pathsBeside(file);
	const parts = await Promise.all(paths.map((path) => file.beside(path)));
	const graph = openGraph(file, new Map(paths.map((path, i) => [path, parts[i]!])));
	const constants = constantsOf(graph);
	const { name, format, metadata } = graph;
	const [license, origin] = [metadata.get("license"), metadata.get("origin")];
	return {
		name,
		format,
		...(license && { license }),
		...(origin && { origin }),
		...layersOf(graph, constants, wayThrough(graph, constants)),
	};
}

/** The nodes from the picture to the output, in order. */
function wayThrough(graph: Graph, constants: Constants): readonly GraphNode[] {
	return nodesTo(graph.output, {
		makerOf: (value) => {
			const node = graph.makers.get(value);
			if (!node)
				return refuse(
					graph,
					`no node makes its value ${brief(value)}, and it is not the input`,
					"broken-file",
				);
			if (!Object.hasOwn(readers, node.operator)) foreign(graph, node);
			if (node.outputs[0] !== value)
				refuse(graph, `the second output of ${described(node)} is used where only the first was expected`);
			return node;
		},
		sourceOf: (node) => {
			const source = sourceOf(graph, constants, node);
			return source === graph.input.name ? undefined : source;
		},
		refuseCircle: () => refuse(graph, "its nodes form a circle", "broken-file"),
	});
}

function sourceOf(graph: Graph, constants: Constants, node: GraphNode): string {
	const [first, second] = node.inputs;
	if (!first) return refuse(graph, `${described(node)} has no inputs`, "broken-file", node.name);
	if (!eithers.has(node.operator) || !second) return first;
	const computed = [first, second].filter((input) => !constants.has(input));
	if (computed.length === 1) return computed[0]!;
	const operators = new Set(graph.nodes.map(({ operator }) => operator));
	const looks = operators.has("HardSwish") || operators.has("HardSigmoid") || node.operator === "Mul" ? 3 : 2;
	return refuse(
		graph,
		`its layers branch where a chain was expected: ${described(node)} takes ${computed.length} inputs that are computed; it looks like MobileNet v${looks}`,
		"not-mobilenet",
		node.name,
	);
}

function foreign(graph: Graph, node: GraphNode): never {
	const [, what = ""] = kin.find(([operators]) => operators.test(node.operator)) ?? [];
	return refuse(
		graph,
		`the file is sound, but ${described(node)} is not one of MobileNet v1's${what}`,
		"not-mobilenet",
		node.name,
	);
}
