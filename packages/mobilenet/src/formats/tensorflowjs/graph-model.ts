/**
 * TensorFlow.js graph models: a `model.json` with the nodes of a GraphDef in JSON, whose constants lie in shards beside
 * it. The operators are those of graphdef/.
 *
 * Source: tfjs-converter's `data/compiled_api.ts` and `operations/operation_mapper.ts`.
 */
import { shown } from "../../base/error.ts";
import { isJson, type Json } from "../../base/json.ts";
import type { Tensor } from "../../weights/tensor.ts";
import type { Chain } from "../chain/chain.ts";
import { refuse } from "../chain/units.ts";
import { brief } from "../graph.ts";
import { type Attribute, checkCount, type GraphNode, types } from "../graphdef/graph.ts";
import { chainIn } from "../graphdef/read.ts";
import type { Opened } from "../opened.ts";
import { readWeights } from "./manifest.ts";

const most = { listed: 64, axes: 16 } as const;
/** Bytes of numbers a byte of the shards: every weight once more, in the order of a model. */
const copies = 2;

/**
 * The layers of a TensorFlow.js graph model.
 *
 * @param file its `model.json`
 * @throws MobileNetError `broken-file`; `not-mobilenet` for a graph that is no chain of a MobileNet's operators;
 * `unsupported` for a way of storing one that is not read here
 */
export async function readGraphModel(file: Opened): Promise<Chain> {
	const { name, json = {} } = file;
	const topology = json.modelTopology;
	if (!isJson(topology) || !Array.isArray(topology.node) || !Array.isArray(json.weightsManifest))
		return refuse(
			file,
			"it is JSON without the nodes and the weightsManifest of a TensorFlow.js graph model",
			"broken-file",
		);
	checkCount(file, topology.node.length, file.bytes.length);
	const weights = await readWeights(file, json.weightsManifest);
	const nodes = new Map<string, GraphNode>();
	for (const value of topology.node as readonly unknown[]) {
		const node = nodeOf(value, weights, name);
		if (nodes.has(node.name)) refuse(file, `two of its nodes are called ${brief(node.name)}`, "broken-file");
		nodes.set(node.name, node);
	}
	const stored = [...weights.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
	const output = outputOf(json);
	return chainIn({
		name,
		format: "TensorFlow.js graph model",
		nodes,
		...(output !== undefined && { output }),
		budget: { left: copies * (stored + file.bytes.length) },
	});
}

/** The output that the file names, if it names one; of several the graph tells which. */
function outputOf({ signature, userDefinedMetadata }: Json): string | undefined {
	const inner = isJson(userDefinedMetadata) ? userDefinedMetadata.signature : undefined;
	const { outputs } = isJson(signature) ? signature : isJson(inner) ? inner : {};
	if (!isJson(outputs)) return undefined;
	const [output, ...others] = Object.values(outputs);
	return others.length === 0 && isJson(output) && typeof output.name === "string" ? output.name : undefined;
}

function nodeOf(value: unknown, weights: ReadonlyMap<string, Tensor>, file: string): GraphNode {
	const { name, op, input = [], attr } = isJson(value) ? value : {};
	const isNamed = typeof name === "string" && typeof op === "string";
	if (!isNamed || !Array.isArray(input) || !input.every((one) => typeof one === "string"))
		return refuse(
			{ name: file },
			`its graph has ${shown(value)} where a node with a name, an op and inputs was expected`,
			"broken-file",
		);
	const attributes = isJson(attr) ? attr : {};
	return {
		name,
		op,
		// "^node" says only what runs first.
		inputs: input.filter((one) => !one.startsWith("^")),
		attribute: (key) => {
			const given = Object.hasOwn(attributes, key) ? attributes[key] : undefined;
			if (op === "Const" && key === "value") return constantOf(name, weights, file);
			return isJson(given) ? attributeOf(given) : undefined;
		},
	};
}

function constantOf(node: string, weights: ReadonlyMap<string, Tensor>, file: string): Attribute {
	const tensor = weights.get(node);
	if (!tensor)
		return refuse(
			{ name: file },
			`its weightsManifest has no numbers for the constant ${brief(node)}`,
			"broken-file",
		);
	return { tensor: () => tensor };
}

/** As Protocol Buffers are written in JSON: bytes in base64, whole numbers of 64 bits as texts. */
function attributeOf({ s, i, f, b, type, shape, list }: Json): Attribute {
	const number = numberOf(i ?? f);
	const text = textOf(s);
	return {
		...(text !== undefined && { text }),
		...(number !== undefined && { number }),
		...(typeof b === "boolean" && { flag: b }),
		...(type !== undefined && {
			type: typeof type === "number" ? (types[type] ?? "") : String(shown(type)).slice(1, -1),
		}),
		...(isJson(shape) && shapeOf(shape)),
		...(isJson(list) && listOf(list)),
	};
}

function shapeOf({ dim, unknownRank }: Json): Pick<Attribute, "shape"> {
	if (unknownRank === true) return {};
	const lengths = Array.isArray(dim) ? dim.slice(0, most.axes) : [];
	return { shape: lengths.map((one: unknown) => (isJson(one) ? (numberOf(one.size) ?? 0) : 0)) };
}

function listOf({ s, i }: Json): Pick<Attribute, "texts" | "numbers"> {
	const some = (values: unknown): readonly unknown[] =>
		Array.isArray(values) ? values.slice(0, most.listed) : [];
	return {
		texts: some(s).map((one) => textOf(one) ?? ""),
		numbers: some(i).map((one) => numberOf(one) ?? Number.NaN),
	};
}

function numberOf(value: unknown): number | undefined {
	const number = typeof value === "string" && value !== "" ? Number(value) : value;
	return typeof number === "number" ? number : undefined;
}

/** Old converters wrote the codes of the characters. */
function textOf(value: unknown): string | undefined {
	if (Array.isArray(value))
		return String.fromCharCode(...value.slice(0, most.listed).map((code: unknown) => Number(code)));
	if (typeof value !== "string") return undefined;
	try {
		return atob(value);
	} catch {
		return value;
	}
}
