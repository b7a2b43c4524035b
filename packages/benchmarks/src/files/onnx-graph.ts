/** A graph of ONNX that grows node by node, each one on the output of the one before, and is written at its end. */
import protobuf from "protobufjs";
import { attributeTypes, dataTypes, irVersion, operatorSet, schema } from "./onnx-schema.ts";

type Attributes = Readonly<Record<string, number | readonly number[]>>;
type Numbers = Float32Array | Uint8Array | Int8Array | Int32Array;

export interface OnnxGraph {
	/** The name of what the last node gives out; at first the graph's input. */
	readonly last: () => string;
	/** Adds a node that takes the last output, and others by name. */
	readonly add: (
		operator: string,
		output: string,
		others?: readonly string[],
		attributes?: Attributes,
	) => void;
	/** Adds a node that takes what is named, and nothing else; the last output stays what it was. */
	readonly addAside: (
		operator: string,
		output: string,
		inputs: readonly string[],
		attributes?: Attributes,
	) => void;
	/** Adds numbers that nodes take by name, and gives the name back. */
	readonly constant: (name: string, shape: readonly number[], values: Numbers) => string;
	/** The file. @param input, output shapes */
	readonly finish: (input: readonly number[], output: readonly number[]) => Uint8Array;
}

export const inputName = "input";

export function onnxGraph(): OnnxGraph {
	const nodes: object[] = [];
	const initializers: object[] = [];
	let last = inputName;
	const addAside: OnnxGraph["addAside"] = (operator, output, inputs, attributes = {}) => {
		nodes.push({
			opType: operator,
			name: output,
			input: inputs,
			output: [output],
			attribute: Object.entries(attributes).map(attribute),
		});
	};
	return {
		last: () => last,
		addAside,
		add: (operator, output, others = [], attributes = {}) => {
			addAside(operator, output, [last, ...others], attributes);
			last = output;
		},
		constant: (name, dims, values) => {
			const { buffer, byteOffset, byteLength } = values;
			const rawData = new Uint8Array(buffer, byteOffset, byteLength);
			initializers.push({ name, dims, dataType: typeOf(values), rawData });
			return name;
		},
		finish: (input, output) => {
			const type = protobuf.parse(schema).root.lookupType("ModelProto");
			return type
				.encode(
					type.fromObject({
						irVersion,
						producerName: "mobilenet-benchmarks",
						opsetImport: [{ domain: "", version: operatorSet }],
						graph: {
							name: "mobilenet",
							node: nodes,
							initializer: initializers,
							input: [value(inputName, input)],
							output: [value(last, output)],
						},
					}),
				)
				.finish();
		},
	};
}

function typeOf(values: Numbers): number {
	if (values instanceof Float32Array) return dataTypes.float32;
	if (values instanceof Int32Array) return dataTypes.int32;
	return values instanceof Int8Array ? dataTypes.int8 : dataTypes.uint8;
}

function attribute([name, value]: readonly [string, number | readonly number[]]): object {
	return typeof value === "number"
		? { name, i: value, type: attributeTypes.integer }
		: { name, ints: value, type: attributeTypes.integers };
}

function value(name: string, shape: readonly number[]): object {
	const dim = shape.map((n) => ({ dimValue: n }));
	return { name, type: { tensorType: { elemType: dataTypes.float32, shape: { dim } } } };
}
