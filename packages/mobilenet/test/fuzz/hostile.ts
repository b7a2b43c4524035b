/**
 * Model files that nobody's file damaged at random becomes: brackets within brackets, keys and names of megabytes,
 * millions of small things, archives of bombs, pickles of programs. None holds a network.
 */
import { zipSync } from "fflate";
import { type GraphWriter, graphWriter } from "../../src/formats/onnx/graph-writer.ts";
import { float32 } from "../../src/weights/tensor.ts";
import { type BuiltNode, constant, graphDef, node, placeholder } from "../support/graph-builder.ts";
import { bytesOf, hdf5Of } from "../support/hdf5-builder.ts";
import { type Built, opcodes, rebuilt, torchBuilder } from "../support/torch-builder.ts";

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
	"long-names.safetensors": () => {
		const entry = (i: number): string =>
			`"${"1.".repeat(million / 2)}${i}.weight":{"dtype":"F32","shape":[1,1,1,1],"data_offsets":[${4 * i},${4 * i + 4}]}`;
		const file = safetensors(`{${[0, 1, 2].map(entry).join()}}`);
		const whole = new Uint8Array(file.length + 12);
		whole.set(file);
		return whole;
	},
	"lists-in-metadata.safetensors": () =>
		safetensors(`{"__metadata__":{"mobilenet":"${"[".repeat(3 * million)}"}}`),
	"lists-in-attribute.h5": () => hdf5Of({ attributes: { model_config: "[".repeat(60_000) } }),
	"many-files.keras": () =>
		zipSync(Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`${i}`, new Uint8Array(0)]))),
	"bomb.keras": () => zipSync({ "model.weights.h5": new Uint8Array(20 * million) }),
	"long-path.pt": () =>
		zipSync({ ["p".repeat(65_000)]: new Uint8Array(1), "archive/data.pkl": new Uint8Array(1) }),
	// Pickles: of code to be run, of lengths of gigabytes, of millions of small things, of lists in each other.
	"calls.pt": () =>
		torchBuilder().file(
			new Map<Built, Built>([
				["a", { call: "os.system", with: ["touch /tmp/harm"] }],
				["b", { call: "builtins.eval", with: ["1"], state: new Map([["_modules", 1]]) }],
			]),
		),
	"gigabytes.pt": () => pickleFile([0x8e, 0xff, 0xff, 0xff, 0x7f, 0, 0, 0, 0]),
	"marks.pt": () => pickleFile(new Array<number>(million).fill(code("("))),
	"nothings.pt": () => pickleFile(new Array<number>(million).fill(code("N"))),
	"lists.pt": () => pickleFile(Array.from({ length: 2 * million }, (_, i) => code(i % 2 ? "0" : "]"))),
	"memo.pt": () => pickleFile([code("N"), ...new Array<number>(million).fill(0x94)]),
	"long-list.pt": () =>
		pickleFile([code("]"), ...Array.from({ length: 2 * million }, (_, i) => code(i % 2 ? "a" : "N"))]),
	"long-text.pt": () =>
		pickleFile([code("X"), 0, 0, 0x5b, 0, ...new Array<number>(0x5b_0000).fill(code("t")), code(".")]),
	"texts.pt": () =>
		pickleFile(Array.from({ length: 2 * million }, (_, i) => [0x8c, 0, code("0"), code("N")][i % 4]!)),
	// Fifty lists, each of two of the one before, and one that holds itself.
	"doubled.pt": () =>
		pickleFile([
			...[code("]"), 0x94, code("h"), 0, code("a")],
			...Array.from({ length: 50 }, () => [code("2"), 0x86]).flat(),
			code("."),
		]),
	"tuples.pt": () => pickleFile([code("N"), ...new Array<number>(60_000).fill(0x85), code(".")]),
	// Every tensor is all of one storage the other way round.
	"one-storage.pt": () => {
		const builder = torchBuilder();
		const storage = builder.storage("FloatStorage", new Uint8Array(400_000), 100_000);
		const tensor = rebuilt(storage, 0, [300, 1, 3, 3], [1, 1, 300, 900]);
		const stem = rebuilt(storage, 0, [300, 3, 3, 3], [1, 300, 900, 2700]);
		const point = rebuilt(storage, 0, [300, 300, 1, 1], [1, 300, 1, 1]);
		const blocks = Array.from({ length: 13 }, (_, i): [string, Built][] => [
			[`${i}.d.weight`, tensor],
			[`${i}.p.weight`, point],
		]);
		return builder.file(new Map<Built, Built>([["stem.weight", stem], ...blocks.flat()]));
	},
	"expanded.pt": () => {
		const builder = torchBuilder();
		const storage = builder.storage("FloatStorage", new Uint8Array(4), 1);
		const huge = rebuilt(storage, 0, [2 ** 31 - 1, 3, 3, 3], [0, 0, 0, 0]);
		return builder.file(new Map([["stem.weight", huge]]));
	},
	"many-tensors.pt": () => {
		const builder = torchBuilder();
		const storage = builder.storage("FloatStorage", new Uint8Array(4), 1);
		const tensors = Array.from({ length: 20_000 }, (_, i): [string, Built] => [
			`${i}.weight`,
			rebuilt(storage, 0, [1, 1, 1, 1], [1, 1, 1, 1]),
		]);
		return builder.file(new Map(tensors));
	},
	"many-storages.pth": () => {
		const builder = torchBuilder("row");
		for (let i = 0; i < 20_000; i++) builder.storage("FloatStorage", new Uint8Array(4), 1);
		return builder.file(null);
	},
	"script-in-itself.pt": () => {
		const object = (of: Built): Built => ({ call: "__torch__.M", with: [], state: new Map([["m", of]]) });
		let all: Built = new Map();
		for (let i = 0; i < 100; i++) all = object(all);
		return torchBuilder().file(all, { "code/__torch__.py": new Uint8Array(1) });
	},
	"script-circle.pt": () => {
		// An object whose only attribute, of a long name, is itself.
		const name = opcodes("m".repeat(1000));
		const itself = [...opcodes({ call: "__torch__.M", with: [] }), 0x94, code("}"), ...name];
		const root = Uint8Array.from([...itself, code("h"), 0, code("s"), code("b")]);
		return torchBuilder().file(root, { "code/__torch__.py": new Uint8Array(1) });
	},
	"bomb.pt": () => zipSync({ "archive/data.pkl": new Uint8Array(20 * million).fill(code("N")) }),
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
	// Source files in C of nothing but beginnings of arrays, of comments, of models.
	"braces.h": () => utf8(`// x\n${"const unsigned char a[] = {".repeat(40_000)}`),
	"comments.h": () => utf8(`// x\n${"{/*".repeat(million / 2)}*/x`),
	"beginnings.h": () => utf8(`// x\n${"{28,0,0,0,84,70,76,51,".repeat(40_000)}`),
	// Constants of ONNX that are computed in the graph: rows of nothing, steps of nearly nothing, each of two of the one before.
	"rows-of-nothing.onnx": () =>
		onnx(({ constant, addAside, add }) => {
			constant("rows", { dtype: "I32", shape: [2 ** 50, 0], data: new Int32Array(0) });
			constant("start", { dtype: "I32", shape: [1], data: Int32Array.of(0) });
			constant("end", { dtype: "I32", shape: [1], data: Int32Array.of(2 ** 31 - 1) });
			addAside("Slice", "sliced", ["rows", "start", "end"]);
			add("Pad", "padded", ["sliced"]);
		}),
	"small-steps.onnx": () =>
		onnx(({ constant, addAside, add }) => {
			constant("list", { dtype: "I32", shape: [2], data: Int32Array.of(1, 2) });
			constant("zero", { dtype: "I32", shape: [1], data: Int32Array.of(0) });
			constant("end", { dtype: "I32", shape: [1], data: Int32Array.of(2) });
			constant("step", { dtype: "F32", shape: [1], data: Float32Array.of(1e-30) });
			addAside("Slice", "sliced", ["list", "zero", "end", "zero", "step"]);
			add("Pad", "padded", ["sliced"]);
		}),
	"doubled.onnx": () =>
		onnx(({ addAside, add }) => {
			addAside("Constant", "0", [], { value_int: 1 });
			addAside("Unsqueeze", "1", ["0"], { axes: [0] });
			for (let i = 1; i < 23; i++) addAside("Reshape", `${i + 1}`, [`${i}`, `${i}`]);
			for (let i = 0; i < 100; i++) add("Mul", `by ${i}`, ["23"]);
		}),
	"many-axes.onnx": () =>
		onnx(({ constant, addAside, add }) => {
			const data = Int32Array.from({ length: 200_000 }, (_, i) => i);
			constant("axes", { dtype: "I32", shape: [data.length], data });
			constant("number", { dtype: "F32", shape: [], data: Float32Array.of(1) });
			addAside("Unsqueeze", "more", ["number", "axes"]);
			addAside("Squeeze", "fewer", ["more", "axes"]);
			add("Mul", "by", ["fewer"]);
		}),
	"joined.onnx": () =>
		onnx(({ addAside, add }) => {
			const list = "list".repeat(10);
			addAside("Constant", list, [], { value_ints: new Array<number>(64).fill(1) });
			addAside("Concat", "joined", new Array<string>(50_000).fill(list), { axis: 0 });
			add("Pad", "padded", ["joined"]);
		}),
	"many-nodes-graph.json": () =>
		utf8(`{"modelTopology":{"node":[${many('{"name":"a","op":"b"}', 200_000)}]},"weightsManifest":[]}`),
	"deep-graph.json": () =>
		utf8(
			`{"modelTopology":{"node":[{"name":"a","op":"Const","attr":${"[".repeat(90)}${"]".repeat(90)}}]},"weightsManifest":[]}`,
		),
};

function onnx(build: (graph: GraphWriter) => void): Uint8Array {
	const graph = graphWriter();
	build(graph);
	return graph.finish([1, 3, 8, 8], [1, 2], {});
}

/** The archive of PyTorch with these opcodes. */
function pickleFile(body: readonly number[]): Uint8Array {
	return torchBuilder().file(Uint8Array.from(body));
}

function code(character: string): number {
	return character.charCodeAt(0);
}

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
