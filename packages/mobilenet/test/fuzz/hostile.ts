/**
 * Model files that nobody's file damaged at random becomes: brackets within brackets, keys and names of megabytes,
 * millions of small things, archives of bombs. None holds a network.
 */
import { zipSync } from "fflate";
import { float32 } from "../../src/weights/tensor.ts";
import { type BuiltNode, constant, graphDef, node, placeholder } from "../support/graph-builder.ts";
import { bytesOf, hdf5Of } from "../support/hdf5-builder.ts";

const million = 1_000_000;
/** Nodes of a graph, each as large as a reader asks of so many. */
const deepest = 4000;

/** By name, the file as it would lie on a disk; all are made the same every time. */
export const hostileFiles: Readonly<Record<string, () => Uint8Array>> = {
	"lists.json": () => utf8(`{"modelTopology":${"[".repeat(6 * million)}`),
	"closed-lists.json": () => utf8(`{"modelTopology":${"[".repeat(3 * million)}${"]".repeat(3 * million)}}`),
	"objects.json": () => utf8('{"modelTopology":'.repeat(400_000)),
	"empty-lists.json": () => utf8(`{"modelTopology":[${"[],".repeat(2 * million)}[]]}`),
	"empty-objects.json": () => utf8(`{"modelTopology":{},"weightsManifest":[${"{},".repeat(2 * million)}{}]}`),
	"long-key.json": () => utf8(`{"modelTopology":{"${"k".repeat(6 * million)}":1},"weightsManifest":[]}`),
	"long-class.json": () =>
		utf8(`{"modelTopology":{"class_name":"${"c".repeat(6 * million)}"},"weightsManifest":[]}`),
	"many-weights.json": () => {
		const entry = '{"name":"a","shape":[],"dtype":"float32"}';
		return utf8(`{"modelTopology":{},"weightsManifest":[{"paths":[],"weights":[${many(entry, 200_000)}]}]}`);
	},
	"many-layers.json": () => {
		const layers = many('{"name":"z"}', 50_000);
		const config = `{"input_layers":[["a",0,0]],"output_layers":[["a",0,0]],"layers":[${layers}]}`;
		return utf8(`{"modelTopology":{"class_name":"Model","config":${config}},"weightsManifest":[]}`);
	},
	// One layer that takes its own output, said at the end of a long list of numbers.
	"one-circle.json": () => {
		const history = `{"class_name":"__keras_tensor__","config":{"keras_history":["a",0,0]}}`;
		const loop = `{"name":"a","inbound_nodes":[{"args":[[${many("0", 15_000)}],${history}]}]}`;
		const layers = `${many('{"name":"z"}', 15_000)},${loop}`;
		const config = `{"input_layers":[["in",0,0]],"output_layers":[["a",0,0]],"layers":[${layers}]}`;
		return utf8(`{"modelTopology":{"class_name":"Functional","config":${config}},"weightsManifest":[]}`);
	},
	"lists.safetensors": () => safetensors(`{"a":${"[".repeat(6 * million)}`),
	"long-key.safetensors": () => safetensors(`{"${"k".repeat(6 * million)}":{"dtype":"F32","shape":[-1]}}`),
	"many-tensors.safetensors": () => {
		const entry = (i: number): string => `"a${i}":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`;
		return safetensors(`{${Array.from({ length: 300_000 }, (_, i) => entry(i)).join()}}`);
	},
	"lists-in-metadata.safetensors": () =>
		safetensors(`{"__metadata__":{"mobilenet":"${"[".repeat(3 * million)}"}}`),
	"lists-in-attribute.h5": () => hdf5Of({ attributes: { model_config: "[".repeat(60_000) } }),
	"many-files.keras": () =>
		zipSync(Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`${i}`, new Uint8Array(0)]))),
	"bomb.keras": () => zipSync({ "model.weights.h5": new Uint8Array(20 * million) }),
	"long-path.pt": () =>
		zipSync({ ["p".repeat(65_000)]: new Uint8Array(1), "archive/data.pkl": new Uint8Array(1) }),
	"no-end.pb": () => Uint8Array.from([...graphDef(way([])), 0x0a, 0xff, 0xff, 0xff, 0xff, 0x07]),
	"many-nodes.pb": () => graphDef(way(Array.from({ length: 200_000 }, (_, i) => node("A", `${i}`)))),
	"same-name.pb": () => graphDef(new Array<BuiltNode>(200_000).fill(node("A", "a"))),
	"many-inputs.pb": () => graphDef(way([node("A", "b", new Array<string>(million).fill("a"))])),
	// One number for ten thousand million of them.
	"one-number.pb": () => {
		const weights = constant("k", { ...float32([1]), shape: [1, 1, 100_000, 100_000] });
		return graphDef(way([weights, layer("picture", "k")]));
	},
	"deep.pb": () => chain("Identity", 1, layer(`${deepest}`, "picture")),
	"deep-constants.pb": () => chain("AddV2", 2, layer("picture", `${deepest}`)),
	"branches.pb": () => chain("Merge", 3, layer(`${deepest}`, "picture")),
	// Each number times each other.
	"products.pb": () => {
		const numbers = new Float32Array(20_000);
		const factors = [
			constant("row", float32(numbers, [1, 20_000])),
			constant("k", float32(numbers, [20_000, 1])),
		];
		return graphDef(way([...factors, node("Mul", "m", ["row", "k"]), layer("picture", "m")]));
	},
	"many-nodes-graph.json": () =>
		utf8(`{"modelTopology":{"node":[${many('{"name":"a","op":"b"}', 200_000)}]},"weightsManifest":[]}`),
	"deep-graph.json": () =>
		utf8(
			`{"modelTopology":{"node":[{"name":"a","op":"Const","attr":${"[".repeat(90)}${"]".repeat(90)}}]},"weightsManifest":[]}`,
		),
};

/** A graph with a picture, and nodes after it. */
function way(nodes: readonly BuiltNode[]): readonly BuiltNode[] {
	return [placeholder("picture", [-1, 32, 32, 3]), ...nodes];
}

function layer(input: string, weights: string): BuiltNode {
	return node("Conv2D", "layer", [input, weights], {
		strides: { numbers: [1, 1, 1, 1] },
		padding: { s: "SAME" },
	});
}

/** A graph of nodes that are called 1, 2, …, each over the one before. */
function chain(op: string, inputs: number, last: BuiltNode): Uint8Array {
	const padding = { padding: { s: "p".repeat(256) } };
	const nodes = Array.from({ length: deepest }, (_, i) =>
		node(op, `${i + 1}`, new Array<string>(inputs).fill(i === 0 ? "picture" : `${i}`), padding),
	);
	return graphDef(way([...nodes, last]));
}

function many(text: string, count: number): string {
	return new Array<string>(count).fill(text).join();
}

function utf8(text: string): Uint8Array {
	return new TextEncoder().encode(text);
}

function safetensors(header: string): Uint8Array {
	return bytesOf([header.length, 8], header);
}
