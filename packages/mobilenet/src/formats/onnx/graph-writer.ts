/**
 * A graph of ONNX that grows node by node, each on the output of the one before, and is written at its end. What the nodes
 * compute is write.ts's.
 */
import { MobileNetError } from "../../base/error.ts";
import { type MessageWriter, message } from "../protobuf.ts";
import { attributeTypes, dataTypes, fields, irVersion, operatorSet } from "./schema.ts";

/** Whole numbers, or `{ float }`. */
type Attribute = number | readonly number[] | { readonly float: number };
type Attributes = Readonly<Record<string, Attribute>>;

/** Numbers of a type that the schema knows. */
export interface Values {
	readonly dtype: keyof typeof dataTypes;
	readonly shape: readonly number[];
	readonly data: Float32Array | Uint8Array | Int8Array | Int32Array;
}

export interface GraphWriter {
	/** Adds a node that takes the last output, and others by name. */
	readonly add: (
		operator: string,
		output: string,
		others?: readonly string[],
		attributes?: Attributes,
	) => void;
	/** Adds a node that takes what is named and nothing else; the last output stays what it was. */
	readonly addAside: (
		operator: string,
		output: string,
		inputs: readonly string[],
		attributes?: Attributes,
	) => void;
	/** Adds numbers that nodes take by name, and gives the name back. */
	readonly constant: (name: string, values: Values) => string;
	/**
	 * The file, with the shapes of its input and its output, of floats, and texts by name beside the graph.
	 *
	 * @throws MobileNetError `unsupported` for one that would be too long to be read
	 */
	readonly finish: (
		input: readonly number[],
		output: readonly number[],
		metadata: Readonly<Record<string, string>>,
	) => Uint8Array;
}

const inputName = "input";
/** All nodes and names together take about so many bytes beside the numbers. */
const besides = 1 << 16;
/** Runtimes read no longer message of Protocol Buffers. */
const mostBytes = 2 ** 31 - 1;

export function graphWriter(): GraphWriter {
	const nodes: ((node: MessageWriter) => void)[] = [];
	const constants: { readonly name: string; readonly values: Values }[] = [];
	let last = inputName;
	const addAside: GraphWriter["addAside"] = (operator, output, inputs, attributes = {}) => {
		nodes.push(({ text, message }) => {
			for (const input of inputs) text(fields.node.inputs, input);
			text(fields.node.outputs, output);
			text(fields.node.name, output);
			text(fields.node.operator, operator);
			for (const [name, value] of Object.entries(attributes))
				message(fields.node.attributes, (attribute) => writeAttribute(attribute, name, value));
		});
	};
	return {
		addAside,
		add: (operator, output, others = [], attributes = {}) => {
			addAside(operator, output, [last, ...others], attributes);
			last = output;
		},
		constant: (name, values) => {
			constants.push({ name, values });
			return name;
		},
		finish: (input, output, metadata) => {
			const bytes = constants.reduce((sum, { values }) => sum + values.data.byteLength, besides);
			if (bytes > mostBytes)
				throw new MobileNetError(
					"unsupported",
					`an ONNX file holds at most 2 GiB, but the weights of this network take ${(bytes / 2 ** 30).toFixed(1)} GiB: write it as safetensors.`,
				);
			return message(({ integer, text, message }) => {
				integer(fields.model.irVersion, irVersion);
				text(fields.model.producerName, "mobilenet");
				message(fields.model.graph, (graph) => {
					for (const node of nodes) graph.message(fields.graph.nodes, node);
					graph.text(fields.graph.name, "mobilenet");
					for (const { name, values } of constants)
						graph.message(fields.graph.initializers, (tensor) => writeTensor(tensor, name, values));
					graph.message(fields.graph.inputs, (value) => writeValue(value, inputName, input));
					graph.message(fields.graph.outputs, (value) => writeValue(value, last, output));
				});
				message(fields.model.operatorSets, (set) => {
					set.text(fields.operatorSet.domain, "");
					set.integer(fields.operatorSet.version, operatorSet);
				});
				for (const [key, value] of Object.entries(metadata))
					message(fields.model.metadata, (entry) => {
						entry.text(fields.entry.key, key);
						entry.text(fields.entry.value, value);
					});
			}, bytes);
		},
	};
}

function writeAttribute(
	{ text, integer, packed, float32 }: MessageWriter,
	name: string,
	value: Attribute,
): void {
	text(fields.attribute.name, name);
	if (typeof value === "number") {
		integer(fields.attribute.integer, value);
		integer(fields.attribute.type, attributeTypes.integer);
	} else if ("float" in value) {
		float32(fields.attribute.float, value.float);
		integer(fields.attribute.type, attributeTypes.float);
	} else {
		packed(fields.attribute.integers, value);
		integer(fields.attribute.type, attributeTypes.integers);
	}
}

function writeTensor({ text, integer, packed, bytes }: MessageWriter, name: string, values: Values): void {
	const { dtype, shape, data } = values;
	packed(fields.tensor.shape, shape);
	integer(fields.tensor.type, dataTypes[dtype]);
	text(fields.tensor.name, name);
	bytes(fields.tensor.data, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

function writeValue({ text, message }: MessageWriter, name: string, shape: readonly number[]): void {
	text(fields.value.name, name);
	message(fields.value.type, (type) =>
		type.message(fields.type.tensor, (tensor) => {
			tensor.integer(fields.tensorType.elements, dataTypes.F32);
			tensor.message(fields.tensorType.shape, (list) => {
				for (const length of shape)
					list.message(fields.shape.lengths, ({ integer }) => integer(fields.length.value, length));
			});
		}),
	);
}
