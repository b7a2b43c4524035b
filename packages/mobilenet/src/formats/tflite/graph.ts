/**
 * The graph of a TensorFlow Lite file: its tensors, its operators, and the chain of operators that leads from the
 * one input to the one output. A MobileNet v1 is such a chain; a graph that is none is refused here. What an
 * operator means is layers.ts's.
 */
import { MobileNetError, shown } from "../../base/error.ts";
import type { ModelFile } from "../file.ts";
import { nodesTo } from "../graph.ts";
import {
	byteVector,
	childTable,
	childTables,
	float32s,
	hasField,
	int8,
	int32,
	int32s,
	int64s,
	rootTable,
	type Table,
	text,
	uint8,
	uint32,
	uint64,
} from "./flatbuffer.ts";
import {
	arithmeticOperators,
	fields,
	identifiers,
	operatorNames,
	schemaVersion,
	tensorTypes,
} from "./schema.ts";

export interface Graph {
	/** How errors call the file. */
	readonly name: string;
	readonly bytes: Uint8Array;
	readonly model: Table;
	readonly buffers: readonly Table[];
	readonly tensors: readonly Table[];
	readonly operators: readonly Operator[];
	/** The operator that makes each computed tensor. */
	readonly producers: ReadonlyMap<number, Operator>;
	readonly input: number;
	readonly output: number;
}

export interface Operator {
	/** As the schema calls it: `CONV_2D`. */
	readonly name: string;
	readonly table: Table;
	/** Numbers of tensors; one that is left out is −1. */
	readonly inputs: readonly number[];
	readonly outputs: readonly number[];
}

export interface GraphTensor {
	readonly name: string;
	/** −1 where a length is left open. */
	readonly shape: readonly number[];
	/** One of `tensorTypes`. */
	readonly type: string;
	/** Where the file gives scales. */
	readonly quantization?: GraphQuantization;
	/** Empty where the tensor is computed. */
	readonly data: Uint8Array;
}

export interface GraphQuantization {
	readonly scale: readonly number[];
	/** As many as scales. */
	readonly zeroPoint: readonly number[];
	/** The axis along which the scales lie, where there are several. */
	readonly dimension: number;
}

/** Characters of a tensor's name that errors show: converters join many names into one. */
const longestName = 80;

/**
 * @throws MobileNetError `broken-file`; `not-mobilenet` for several inputs or outputs; `unsupported` for several
 * subgraphs or another version of the schema
 */
export function openGraph({ name, bytes }: ModelFile): Graph {
	const model = rootTable(bytes, name, identifiers.model);
	const version = uint32(model, fields.model.version);
	if (version !== schemaVersion)
		throw unsupported(name, `its schema has the version ${version}, and this package reads ${schemaVersion}`);
	const [subgraph, ...others] = childTables(model, fields.model.subgraphs);
	if (!subgraph) throw broken(name, "it has no graph");
	if (others.length > 0)
		throw unsupported(name, `it has ${others.length + 1} subgraphs where one was expected`);

	const tensors = childTables(subgraph, fields.subgraph.tensors);
	const codes = childTables(model, fields.model.operatorCodes);
	const operators = childTables(subgraph, fields.subgraph.operators).map((table): Operator => {
		const opcode = uint32(table, fields.operator.opcodeIndex);
		const code = codes[opcode];
		if (!code)
			throw broken(name, `the operator at offset ${table.offset} has the code ${opcode} of ${codes.length}`);
		return {
			name: operatorName(code),
			table,
			inputs: int32s(table, fields.operator.inputs),
			outputs: int32s(table, fields.operator.outputs),
		};
	});
	refuseByOperators(name, operators);
	const producers = new Map<number, Operator>();
	for (const operator of operators)
		for (const output of operator.outputs) {
			if (!(output >= 0 && output < tensors.length))
				throw broken(name, `an operator makes tensor ${output}, but there are ${tensors.length} of them`);
			if (producers.has(output)) throw broken(name, `two operators make its tensor ${output}`);
			producers.set(output, operator);
		}
	const one = (field: number, what: string): number => {
		const indices = int32s(subgraph, field);
		if (indices.length !== 1) throw foreign(name, `it has ${indices.length} ${what}s where one was expected`);
		return indices[0]!;
	};
	return {
		name,
		bytes,
		model,
		buffers: childTables(model, fields.model.buffers),
		tensors,
		operators,
		producers,
		input: one(fields.subgraph.inputs, "input"),
		output: one(fields.subgraph.outputs, "output"),
	};
}

/**
 * The operators from the input to the output, in order. Operators that only compute a shape for another are left
 * out; so is what leads to no output.
 *
 * @param known names of the operators that a chain may have; each takes the data as its first input, but sums and
 * products with a constant, which may come first
 */
export function operatorsOf(graph: Graph, known: ReadonlySet<string>): readonly Operator[] {
	if (graph.output === graph.input) return [];
	return nodesTo(graph.output, {
		makerOf: (index) => {
			const operator = graph.producers.get(index);
			if (!operator)
				throw broken(
					graph.name,
					`no operator makes its tensor ${tensorAt(graph, index).name}, and it is not the input`,
				);
			if (!known.has(operator.name))
				throw foreign(
					graph.name,
					`the file is sound, but its operator ${operator.name} (which makes the tensor ${tensorAt(graph, index).name}) is not one of MobileNet v1's${operator.name === "HARD_SWISH" ? "; it looks like MobileNet v3" : ""}`,
				);
			return operator;
		},
		// The other inputs are weights.
		sourceOf: (operator) => {
			const index = dataIndex(graph, operator);
			return index === graph.input ? undefined : index;
		},
		refuseCircle: () => {
			throw broken(graph.name, "its operators go round in a circle");
		},
	});
}

/** Which of its inputs an operator takes the data from. */
export function dataPlace(graph: Graph, { name, inputs: [first = -1] }: Operator): 0 | 1 {
	return arithmeticOperators.includes(name) && !isComputed(graph, first) ? 1 : 0;
}

/** The tensor that an operator takes the data from. */
export function dataIndex(graph: Graph, operator: Operator): number {
	return operator.inputs[dataPlace(graph, operator)] ?? -1;
}

/** Whether a tensor depends on the input; a constant may be stored in another type and dequantized. */
export function isComputed(graph: Graph, index: number): boolean {
	if (index === graph.input) return true;
	const producer = graph.producers.get(index);
	if (producer?.name !== "DEQUANTIZE") return producer !== undefined;
	const source = producer.inputs[0] ?? -1;
	return source === graph.input || graph.producers.has(source);
}

/** Files that say what they are by an operator of their own. */
function refuseByOperators(name: string, operators: readonly Operator[]): void {
	const has = (word: string): boolean => operators.some((operator) => operator.name === `CUSTOM (${word})`);
	if (has("edgetpu-custom-op"))
		throw unsupported(
			name,
			"it was compiled for the Edge TPU, which alone can read its layers: take the file without _edgetpu in its name",
		);
	if (has("TFLite_Detection_PostProcess"))
		throw foreign(
			name,
			"it detects objects (its operator TFLite_Detection_PostProcess sorts boxes, as in SSD), and this package classifies whole pictures",
		);
}

/** A tensor by its number. */
export function tensorAt(graph: Graph, index: number): GraphTensor {
	const table = graph.tensors[index];
	if (!table)
		throw broken(graph.name, `tensor ${index} is asked for, but it has ${graph.tensors.length} of them`);
	const f = fields.tensor;
	const name = cleanName(text(table, f.name)) || `number ${index}`;
	const type = tensorTypes[uint8(table, f.type)];
	if (!type) throw broken(graph.name, `its tensor ${name} is of an unknown type, ${uint8(table, f.type)}`);
	if (hasField(table, f.sparsity))
		throw unsupported(graph.name, `its tensor ${name} is sparse: convert the model without sparsity`);
	const shape = int32s(table, f.shape);
	const signature = int32s(table, f.shapeSignature);
	const quantization = quantizationOf(graph, table, name);
	return {
		name,
		shape: signature.length === shape.length ? signature : shape,
		type,
		...(quantization && { quantization }),
		data: dataOf(graph, bufferAt(graph, uint32(table, f.buffer), name), name),
	};
}

export function bufferAt(graph: Graph, index: number, name: string): Table {
	const buffer = graph.buffers[index];
	if (!buffer)
		throw broken(
			graph.name,
			`${name} lies in buffer ${index}, but there are ${graph.buffers.length} buffers`,
		);
	return buffer;
}

/** The bytes of a buffer: in it, or, in files beyond 2 GiB, at an offset of the file. */
export function dataOf(graph: Graph, buffer: Table, name: string): Uint8Array {
	const offset = uint64(buffer, fields.buffer.offset);
	if (offset <= 1) return byteVector(buffer, fields.buffer.data);
	const size = uint64(buffer, fields.buffer.size);
	if (offset + size > graph.bytes.byteLength)
		throw broken(
			graph.name,
			`${name} should take ${size} bytes at offset ${offset}, but the file has ${graph.bytes.byteLength}`,
		);
	return graph.bytes.subarray(offset, offset + size);
}

function quantizationOf(graph: Graph, tensor: Table, name: string): GraphQuantization | undefined {
	const table = childTable(tensor, fields.tensor.quantization);
	if (!table) return undefined;
	const f = fields.quantization;
	if (uint8(table, f.detailsType) !== 0)
		throw unsupported(graph.name, `its tensor ${name} has a quantization of its own kind`);
	const scale = float32s(table, f.scale);
	if (scale.length === 0) return undefined;
	const given = int64s(table, f.zeroPoint);
	const zeroPoint = scale.map((_, i) => given[given.length === 1 ? 0 : i] ?? 0);
	if (given.length > 1 && given.length !== scale.length)
		throw broken(
			graph.name,
			`its tensor ${name} has ${scale.length} scales, but ${given.length} zero points`,
		);
	if (!scale.every((value) => value >= 0 && Number.isFinite(value)))
		throw broken(graph.name, `its tensor ${name} has a scale that is no positive number`);
	return { scale, zeroPoint, dimension: int32(table, f.quantizedDimension) };
}

function operatorName(code: Table): string {
	const f = fields.operatorCode;
	// Old files have only the byte, new ones both; codes that do not fit the byte have a placeholder there.
	const number = Math.max(int8(code, f.deprecatedBuiltinCode), int32(code, f.builtinCode));
	const name = operatorNames[number] ?? `number ${number}`;
	return name === "CUSTOM" ? `CUSTOM (${cleanName(text(code, f.customCode)) || "without a name"})` : name;
}

/** A name as an error can show it: one line, not too long, the first of those that a converter has joined. */
function cleanName(name = ""): string {
	return name.split(";", 1)[0]!.replaceAll(/\p{C}/gu, "?").slice(0, longestName);
}

export function broken(name: string, what: string): MobileNetError {
	return new MobileNetError("broken-file", `${name} is no sound TensorFlow Lite file: ${what}.`);
}

export function foreign(name: string, what: string): MobileNetError {
	return new MobileNetError("not-mobilenet", `${name} holds no MobileNet v1: ${what}.`);
}

export function unsupported(name: string, what: string): MobileNetError {
	return new MobileNetError("unsupported", `${name} cannot be read: ${what}.`);
}

/** A tensor as errors show it. */
export function described({ name, type, shape }: GraphTensor): string {
	return `${name} (${type} ${shown(shape)})`;
}
