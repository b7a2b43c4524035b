/**
 * The graph of an ONNX file: nodes, constants by name, input and output. Messages are gone over once; the numbers of a
 * constant are read when a layer asks for them. What the operators mean is layers.ts's.
 *
 * Source: onnx/onnx.proto of ONNX, opset 7 to 25.
 */
import type { Budget } from "../../base/budget.ts";
import { type ByteReader, readerAt, readFloat32 } from "../../base/byte-reader.ts";
import { binaryFile } from "../../base/bytes.ts";
import { shown } from "../../base/error.ts";
import type { Reading } from "../chain/chain.ts";
import { refuse } from "../chain/units.ts";
import type { ModelFile } from "../file.ts";
import { brief } from "../graph.ts";
import { fieldsOf, packedVarints, text } from "../protobuf.ts";
import { fields } from "./schema.ts";

export interface Graph extends Reading {
	readonly nodes: readonly GraphNode[];
	/** The node that makes a value. */
	readonly makers: ReadonlyMap<string, GraphNode>;
	/** Messages of constants by name. */
	readonly constants: ReadonlyMap<string, ByteReader>;
	readonly input: GraphInput;
	readonly output: string;
	/** Texts beside the graph, by name. */
	readonly metadata: ReadonlyMap<string, string>;
	/** Bytes of files beside it, by path. */
	readonly beside: ReadonlyMap<string, Uint8Array>;
	/** What the file's size still explains, in bytes of numbers. */
	readonly budget: Budget;
}

export interface GraphNode {
	readonly name: string;
	readonly operator: string;
	/** Empty where one is left out. */
	readonly inputs: readonly string[];
	readonly outputs: readonly string[];
	readonly attributes: ReadonlyMap<string, Attribute>;
}

export interface Attribute {
	readonly number?: number;
	readonly numbers?: readonly number[];
	readonly text?: string;
	readonly tensor?: ByteReader;
}

export interface GraphInput {
	readonly name: string;
	/** One of `TensorProto.DataType`. */
	readonly type: number;
	/** −1 where a length is open; empty where the file does not say. */
	readonly shape: readonly number[];
}

const opsets = { least: 7, domain: "" } as const;
/** Attributes of whole numbers are kernels, strides, axes. */
const mostNumbers = 1024;
/** A tensor of a file is read once or twice: as it is, and turned. */
const budgetFactor = 6;

/** @param beside bytes of the files that its constants lie in, by path */
export function openGraph(
	{ name, bytes }: Pick<ModelFile, "name" | "bytes">,
	beside: ReadonlyMap<string, Uint8Array>,
): Graph {
	const root = rootOf({ name, bytes });
	const about = { name, format: "ONNX" };
	let graph: ByteReader | undefined;
	const metadata = new Map<string, string>();
	for (const { number, value } of fieldsOf({ ...root })) {
		if (typeof value === "number") continue;
		if (number === fields.model.graph) graph = value;
		if (number === fields.model.operatorSets) checkOperatorSet(about, value);
		if (number === fields.model.metadata)
			metadata.set(nameIn(value, fields.entry.key), nameIn(value, fields.entry.value));
	}
	if (!graph) return refuse(about, "it is of ONNX's form, but has no graph", "broken-file");
	const nodes: GraphNode[] = [];
	const constants = new Map<string, ByteReader>();
	const inputs: GraphInput[] = [];
	const outputs: string[] = [];
	for (const { number, value } of fieldsOf({ ...graph })) {
		if (typeof value === "number") continue;
		if (number === fields.graph.nodes) nodes.push(nodeOf(value, nodes.length));
		else if (number === fields.graph.initializers) constants.set(nameIn(value, fields.tensor.name), value);
		else if (number === fields.graph.inputs) inputs.push(inputOf(value));
		else if (number === fields.graph.outputs) outputs.push(nameIn(value, fields.value.name));
	}
	// Old files list constants among the inputs.
	const given = inputs.filter((input) => !constants.has(input.name));
	if (given.length !== 1 || outputs.length !== 1)
		refuse(
			about,
			`it has ${given.length} inputs and ${outputs.length} outputs (${outputs.slice(0, 4).map(brief).join(", ")}) where one of each was expected`,
		);
	const makers = new Map<string, GraphNode>();
	for (const node of nodes)
		for (const output of node.outputs) {
			if (output === "") continue;
			if (makers.has(output)) refuse(about, `two nodes make its value ${brief(output)}`, "broken-file");
			makers.set(output, node);
		}
	let size = bytes.byteLength;
	for (const file of beside.values()) size += file.byteLength;
	const budget = { left: budgetFactor * size + 2 ** 20 };
	return {
		...about,
		metadata,
		nodes,
		makers,
		constants,
		input: given[0]!,
		output: outputs[0]!,
		beside,
		budget,
	};
}

/** Paths of the files beside it in which constants lie. */
export function pathsBeside({ name, bytes }: Pick<ModelFile, "name" | "bytes">): readonly string[] {
	const paths = new Set<string>();
	for (const { number, value: graph } of fieldsOf(rootOf({ name, bytes }))) {
		if (number !== fields.model.graph || typeof graph === "number") continue;
		for (const { number, value } of fieldsOf(graph)) {
			if (number !== fields.graph.initializers || typeof value === "number") continue;
			const path = externalOf(value).get("location");
			if (path !== undefined) paths.add(checkedPath(name, path));
		}
	}
	return [...paths];
}

/** Where a constant's numbers lie, if in another file: `location`, `offset`, `length`. */
export function externalOf(tensor: ByteReader): ReadonlyMap<string, string> {
	const entries = new Map<string, string>();
	for (const { number, value } of fieldsOf({ ...tensor })) {
		if (number !== fields.tensor.external || typeof value === "number") continue;
		let [key, content] = ["", ""];
		for (const { number: field, value: part } of fieldsOf(value)) {
			if (typeof part === "number") continue;
			if (field === fields.entry.key) key = text(part);
			else if (field === fields.entry.value) content = text(part);
		}
		entries.set(key, content);
	}
	return entries;
}

/** Files lie in the folder of the model or below it. */
function checkedPath(name: string, path: string): string {
	const segments = path.replace(/^\.\//, "").split("/");
	// biome-ignore lint/suspicious/noControlCharactersInRegex: a path with control characters is what this is after.
	if (segments.some((segment) => ["", ".", ".."].includes(segment) || /[\\:%?#\x00-\x1f]/.test(segment)))
		refuse(
			{ name },
			`its constants lie in ${shown(path)} where the path of a file in its folder was expected`,
			"broken-file",
		);
	return segments.join("/");
}

function rootOf({ name, bytes }: Pick<ModelFile, "name" | "bytes">): ByteReader {
	return readerAt(binaryFile(bytes, name), 0, bytes.byteLength, "the model");
}

function checkOperatorSet(about: Reading, message: ByteReader): void {
	let domain: string = opsets.domain;
	let version = 0;
	for (const { number, value } of fieldsOf(message))
		if (number === fields.operatorSet.domain && typeof value !== "number") domain = text(value);
		else if (number === fields.operatorSet.version && typeof value === "number") version = value;
	if ((domain === "" || domain === "ai.onnx") && version < opsets.least)
		refuse(
			about,
			`it is of opset ${version}, and those from ${opsets.least} on are read: export it anew`,
			"unsupported",
		);
}

function nodeOf(message: ByteReader, number: number): GraphNode {
	const [inputs, outputs]: [string[], string[]] = [[], []];
	const attributes = new Map<string, Attribute>();
	let [name, operator, domain] = ["", "", ""];
	for (const { number: field, value } of fieldsOf(message)) {
		if (typeof value === "number") continue;
		if (field === fields.node.inputs) inputs.push(text(value));
		else if (field === fields.node.outputs) outputs.push(text(value));
		else if (field === fields.node.name) name = text(value);
		else if (field === fields.node.operator) operator = text(value);
		else if (field === fields.node.domain) domain = text(value);
		else if (field === fields.node.attributes) attributes.set(...attributeOf(value));
	}
	const isKnown = domain === "" || domain === "ai.onnx" || domain === "com.microsoft";
	return {
		name: name || outputs[0] || `number ${number}`,
		operator: isKnown ? operator : `${domain}.${operator}`,
		inputs,
		outputs,
		attributes,
	};
}

function attributeOf(message: ByteReader): [string, Attribute] {
	let name = "";
	const numbers: number[] = [];
	const attribute: { number?: number; text?: string; tensor?: ByteReader } = {};
	const f = fields.attribute;
	for (const { number, value } of fieldsOf(message)) {
		if (typeof value === "number") {
			if (number === f.integer) attribute.number = value;
			else if (number === f.integers && numbers.length < mostNumbers) numbers.push(value);
		} else if (number === f.name) name = text(value);
		else if (number === f.float) attribute.number = readFloat32(value);
		else if (number === f.text) attribute.text = text(value);
		else if (number === f.tensor) attribute.tensor = value;
		else if (number === f.integers)
			for (const one of packedVarints(value)) if (numbers.length < mostNumbers) numbers.push(one);
	}
	return [name, { ...attribute, ...(numbers.length > 0 && { numbers }) }];
}

function inputOf(message: ByteReader): GraphInput {
	let [name, type] = ["", 0];
	const shape: number[] = [];
	for (const { number, value } of fieldsOf(message)) {
		if (typeof value === "number") continue;
		if (number === fields.value.name) name = text(value);
		else if (number === fields.value.type)
			for (const tensor of messages(value, fields.type.tensor))
				for (const { number: field, value: part } of fieldsOf(tensor))
					if (field === fields.tensorType.elements && typeof part === "number") type = part;
					else if (field === fields.tensorType.shape && typeof part !== "number")
						for (const length of messages(part, fields.shape.lengths)) shape.push(lengthOf(length));
	}
	return { name, type, shape };
}

/** A length that is a name or left out is open. */
function lengthOf(message: ByteReader): number {
	for (const { number, value } of fieldsOf(message))
		if (number === fields.length.value && typeof value === "number") return value > 0 ? value : -1;
	return -1;
}

function* messages(message: ByteReader, field: number): Generator<ByteReader> {
	for (const { number, value } of fieldsOf(message))
		if (number === field && typeof value !== "number") yield value;
}

function nameIn(message: ByteReader, field: number): string {
	for (const { number, value } of fieldsOf({ ...message }))
		if (number === field && typeof value !== "number") return text(value);
	return "";
}

/** A node as errors show it. */
export function described({ operator, name }: GraphNode): string {
	return `its operator ${brief(operator)} (${brief(name)})`;
}
