/**
 * The nodes of a GraphDef, TensorFlow's own file of a graph. Each is read as far as the way through the graph needs;
 * attributes are looked for in its message when they are asked for.
 *
 * Source: tensorflow/core/framework/graph.proto, node_def.proto, attr_value.proto.
 */
import type { Budget } from "../../base/budget.ts";
import { type ByteReader, readerAt, readFloat32 } from "../../base/byte-reader.ts";
import { binaryFile } from "../../base/bytes.ts";
import type { Tensor } from "../../weights/tensor.ts";
import { refuse } from "../chain/units.ts";
import type { ModelFile } from "../file.ts";
import { brief } from "../graph.ts";
import { fieldsOf, packedVarints, text } from "../protobuf.ts";
import { type Attribute, checkCount, type Graph, type GraphNode } from "./graph.ts";
import { readShape, readTensor, typeOf } from "./tensors.ts";

const fields = {
	graph: { node: 1 },
	node: { name: 1, op: 2, input: 3, attribute: 5 },
	entry: { key: 1, value: 2 },
	value: { list: 1, text: 2, integer: 3, float: 4, flag: 5, type: 6, shape: 7, tensor: 8 },
	list: { text: 2, integer: 3 },
} as const;

const most = { inputs: 200_000, inputsOfNode: 2000, listed: 64 } as const;
/**
 * Bytes of numbers a byte of the file: a copy of every weight, and another in the order of a model. Where weights are
 * computed there are more, and codes of a byte become floats.
 */
const copies = {
	usual: 3,
	FakeQuantWithMinMaxVars: 5,
	FakeQuantWithMinMaxVarsPerChannel: 5,
	Dequantize: 10,
} as const;

/** @throws MobileNetError `broken-file` where the file is damaged */
export function openGraphDef({ name, bytes }: ModelFile, format: string): Graph {
	const nodes = new Map<string, GraphNode>();
	const budget: Budget = { left: copies.usual * bytes.length };
	let inputs = 0;
	let isOpenEnded = true;
	for (const { number, value } of fieldsOf(readerAt(binaryFile(bytes, name), 0, bytes.length, "the graph"))) {
		if (number !== fields.graph.node || typeof value === "number") {
			isOpenEnded = false;
			continue;
		}
		const node = nodeOf({ name, budget }, value);
		if (nodes.has(node.name))
			refuse({ name }, `two of its nodes are called ${brief(node.name)}`, "broken-file");
		nodes.set(node.name, node);
		inputs += node.inputs.length;
		checkCount({ name }, nodes.size, bytes.length);
		if (inputs > most.inputs)
			refuse({ name }, `its nodes have more than ${most.inputs} inputs`, "unsupported");
	}
	const more = [...nodes.values()].map(({ op }) =>
		Object.hasOwn(copies, op) ? copies[op as keyof typeof copies] : 0,
	);
	budget.left = Math.max(copies.usual, ...more) * bytes.length;
	return { name, format, nodes, budget, isOpenEnded };
}

function nodeOf(graph: Pick<Graph, "name" | "budget">, message: ByteReader): GraphNode {
	let [name, op] = ["", ""];
	const inputs: string[] = [];
	for (const { number, value } of fieldsOf({ ...message })) {
		if (typeof value === "number") continue;
		if (number === fields.node.name) name = text(value);
		else if (number === fields.node.op) op = text(value);
		else if (number === fields.node.input) {
			// "^node" says only what runs first.
			if (value.file.bytes[value.offset] === "^".charCodeAt(0)) continue;
			if (inputs.push(text(value)) > most.inputsOfNode)
				refuse(graph, `its node ${brief(name)} has more than ${most.inputsOfNode} inputs`, "unsupported");
		}
	}
	return { name, op, inputs, attribute: (key) => attributeOf(graph, message, key, name) };
}

function attributeOf(
	graph: Pick<Graph, "name" | "budget">,
	message: ByteReader,
	key: string,
	node: string,
): Attribute | undefined {
	for (const { number, value } of fieldsOf({ ...message })) {
		if (number !== fields.node.attribute || typeof value === "number") continue;
		let [isAsked, found]: [boolean, ByteReader | undefined] = [false, undefined];
		for (const { number: field, value: part } of fieldsOf(value)) {
			if (typeof part === "number") continue;
			if (field === fields.entry.key) isAsked = text(part) === key;
			else if (field === fields.entry.value) found = part;
		}
		if (isAsked && found) return attributeIn(graph, found, node);
	}
	return undefined;
}

function attributeIn(graph: Pick<Graph, "name" | "budget">, message: ByteReader, node: string): Attribute {
	const f = fields.value;
	for (const { number, value } of fieldsOf(message)) {
		if (typeof value === "number") {
			if (number === f.integer) return { number: value };
			if (number === f.flag) return { flag: value !== 0 };
			if (number === f.type) return { type: typeOf(value) };
		} else if (number === f.text) return { text: text(value) };
		else if (number === f.float) return { number: readFloat32(value) };
		else if (number === f.list) return listOf(graph, value, node);
		else if (number === f.tensor) return { tensor: (): Tensor => readTensor(graph, value, brief(node)) };
		else if (number === f.shape) {
			const shape = readShape(graph, value);
			return shape ? { shape } : {};
		}
	}
	return {};
}

function listOf(graph: Pick<Graph, "name">, message: ByteReader, node: string): Attribute {
	const numbers: number[] = [];
	const texts: string[] = [];
	const check = (length: number): void => {
		if (length > most.listed)
			refuse(
				graph,
				`an attribute of its node ${brief(node)} has more than ${most.listed} values`,
				"broken-file",
			);
	};
	for (const { number, value } of fieldsOf(message)) {
		if (number === fields.list.text && typeof value !== "number") check(texts.push(text(value)));
		else if (number === fields.list.integer)
			for (const one of typeof value === "number" ? [value] : packedVarints(value)) check(numbers.push(one));
	}
	return { numbers, texts };
}
