/**
 * ONNX graphs for tests, node by node, as the bytes of a ModelProto. Numbers of fields and types are those of onnx.proto,
 * written out again.
 */
import { type MessageWriter, message } from "../../src/formats/protobuf.ts";
import type { Tensor } from "../../src/weights/tensor.ts";

/** Longs are kept as 32 bits in the reader; files have 64. */
export type OnnxTensor =
	| Tensor
	| { readonly dtype: "I64"; readonly shape: readonly number[]; readonly data: readonly number[] };

export interface OnnxNode {
	readonly operator: string;
	readonly name: string;
	readonly inputs: readonly string[];
	readonly outputs: readonly string[];
	readonly attributes: Readonly<Record<string, OnnxValue>>;
	readonly domain: string;
}

export type OnnxValue =
	| number
	| string
	| readonly number[]
	| { readonly float: number }
	| { readonly tensor: OnnxTensor };

export interface OnnxGraph {
	readonly nodes: readonly OnnxNode[];
	readonly constants?: Readonly<Record<string, OnnxTensor>>;
	/** Of the input `input`; −1 is open. Default: one picture of 8×8 pixels. */
	readonly shape?: readonly number[];
	/** Of the input. Default: floats. */
	readonly type?: keyof typeof types;
	/** Default: the last output of the last node. */
	readonly output?: string;
	readonly opset?: number;
}

const types = { F32: 1, U8: 2, I8: 3, I32: 6, I64: 7, F16: 10, BF16: 16 } as const;

/** A node with one output of its own name, of ONNX's own operators or onnxruntime's. */
export function node(
	operator: string,
	name: string,
	inputs: readonly string[],
	attributes: OnnxNode["attributes"] = {},
): OnnxNode {
	const domain = /^QLinear(?!Conv|MatMul)|^QGemm/.test(operator) ? "com.microsoft" : "";
	return { operator, name, inputs, outputs: [name], attributes, domain };
}

export function longs(...data: readonly number[]): OnnxTensor {
	return { dtype: "I64", shape: [data.length], data };
}

export function onnx({
	nodes,
	constants = {},
	shape = [1, 3, 8, 8],
	type = "F32",
	output,
	opset = 17,
}: OnnxGraph): Uint8Array {
	const last = output ?? nodes.at(-1)?.outputs.at(-1) ?? "input";
	return message((model) => {
		model.integer(1, 8);
		model.message(7, (graph) => {
			for (const one of nodes) graph.message(1, (writer) => writeNode(writer, one));
			graph.text(2, "test");
			for (const [name, tensor] of Object.entries(constants))
				graph.message(5, (writer) => writeTensor(writer, tensor, name));
			graph.message(11, (value) => {
				value.text(1, "input");
				value.message(2, (kind) =>
					kind.message(1, (of) => {
						of.integer(1, types[type]);
						of.message(2, (lengths) => {
							for (const length of shape)
								lengths.message(1, (one) => (length < 0 ? one.text(2, "N") : one.integer(1, length)));
						});
					}),
				);
			});
			graph.message(12, (value) => {
				value.text(1, last);
				value.message(2, (kind) => kind.message(1, (of) => of.integer(1, types.F32)));
			});
		});
		for (const [domain, version] of [
			["", opset],
			["com.microsoft", 1],
		] as const)
			model.message(8, (set) => {
				set.text(1, domain);
				set.integer(2, version);
			});
	});
}

function writeNode(
	writer: MessageWriter,
	{ operator, name, inputs, outputs, attributes, domain }: OnnxNode,
): void {
	for (const input of inputs) writer.text(1, input);
	for (const output of outputs) writer.text(2, output);
	writer.text(3, name);
	writer.text(4, operator);
	for (const [key, value] of Object.entries(attributes))
		writer.message(5, (attribute) => {
			attribute.text(1, key);
			const typed = (type: number): void => attribute.integer(20, type);
			if (typeof value === "number") {
				attribute.integer(3, value);
				typed(2);
			} else if (typeof value === "string") {
				attribute.text(4, value);
				typed(3);
			} else if ("float" in value) {
				attribute.float32(2, value.float);
				typed(1);
			} else if ("tensor" in value) {
				attribute.message(5, (inner) => writeTensor(inner, value.tensor, ""));
				typed(4);
			} else {
				// Not packed: the schema is of proto2.
				for (const one of value) attribute.integer(8, one);
				typed(7);
			}
		});
	writer.text(7, domain);
}

function writeTensor(writer: MessageWriter, tensor: OnnxTensor, name: string): void {
	writer.packed(1, tensor.shape);
	writer.integer(2, types[tensor.dtype]);
	writer.text(8, name);
	const { data } = tensor.dtype === "I64" ? { data: BigInt64Array.from(tensor.data, BigInt) } : tensor;
	writer.bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}
