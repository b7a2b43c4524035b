/**
 * A graph of TensorFlow Lite that grows tensor by tensor and operator by operator, and is written at its end. What the
 * operators compute is write.ts's.
 */
import { perChannel, type Quantization } from "../../weights/parts.ts";
import { type Field, flatbufferWriter, type Offset } from "./flatbuffer-writer.ts";
import { fields, identifiers, operatorNames, optionTypes, schemaVersion, tensorTypes } from "./schema.ts";

/** The schema wants the bytes of buffers aligned like this. */
const alignment = 16;

/** Operators that have options, and those that need none. */
export type OperatorName = keyof typeof optionTypes | "QUANTIZE" | "DEQUANTIZE" | "PAD" | "LOGISTIC" | "TANH";

export interface TensorParts {
	readonly type: "float32" | "int8" | "uint8" | "int32";
	readonly shape: readonly number[];
	/** Of a constant. */
	readonly values?: Float32Array | Int8Array | Uint8Array | Int32Array;
	readonly quantization?: Quantization | undefined;
	/** The axis along which there is a scale for each place, where there are several. */
	readonly axis?: number;
}

export interface GraphWriter {
	/** @returns the tensor's number */
	readonly tensor: (name: string, parts: TensorParts) => number;
	/** @param version the one since which the operator takes tensors of these types */
	readonly operator: (
		kind: OperatorName,
		version: number,
		inputs: readonly number[],
		output: number,
		options?: readonly Field[],
	) => void;
	/** The file. */
	readonly finish: (input: number, output: number, description: string) => Uint8Array;
}

export function graphWriter(): GraphWriter {
	const { table, offsets, integers, longs, floats, text, bytes, finish } = flatbufferWriter();
	// The first buffer is empty and stands for no data.
	const buffers: Offset[] = [table()];
	const tensors: Offset[] = [];
	const operators: Offset[] = [];
	/** By number, the kinds of operators. */
	const kinds: { readonly kind: OperatorName; readonly version: number }[] = [];

	const quantized = ({ scale, zeroPoint }: Quantization, axis: number): Offset => {
		// TensorFlow Lite wants as many of these as of those.
		const [scales, zeroPoints] = [floats(scale), longs(scale.map((_, i) => perChannel(zeroPoint, i)))];
		const { quantization } = fields;
		return table(
			[quantization.scale, "offset", scales],
			[quantization.zeroPoint, "offset", zeroPoints],
			// XNNPACK refuses another axis than the first where there is one scale.
			[quantization.quantizedDimension, "int32", scale.length > 1 ? axis : 0],
		);
	};

	return {
		tensor: (name, { type, shape, values, quantization, axis = 0 }) => {
			if (values) {
				const { buffer, byteOffset, byteLength } = values;
				const data = bytes(new Uint8Array(buffer, byteOffset, byteLength), alignment);
				buffers.push(table([fields.buffer.data, "offset", data]));
			}
			const [sizes, label] = [integers(shape), text(name)];
			const codes = quantization && quantized(quantization, axis);
			const { tensor } = fields;
			return (
				tensors.push(
					table(
						[tensor.shape, "offset", sizes],
						[tensor.type, "int8", tensorTypes.indexOf(type)],
						[tensor.buffer, "int32", values ? buffers.length - 1 : 0],
						[tensor.name, "offset", label],
						...(codes === undefined ? [] : [[tensor.quantization, "offset", codes] as const]),
					),
				) - 1
			);
		},

		operator: (kind, version, inputs, output, options) => {
			const known = kinds.findIndex((other) => other.kind === kind);
			const code = known === -1 ? kinds.push({ kind, version }) - 1 : known;
			const [from, to] = [integers(inputs), integers([output])];
			const own = options && table(...options);
			const { operator } = fields;
			operators.push(
				table(
					[operator.opcodeIndex, "int32", code],
					[operator.inputs, "offset", from],
					[operator.outputs, "offset", to],
					...(own === undefined
						? []
						: ([
								[operator.optionsType, "int8", optionTypes[kind as keyof typeof optionTypes]],
								[operator.options, "offset", own],
							] as const)),
				),
			);
		},

		finish: (input, output, description) => {
			const { subgraph, operatorCode, model } = fields;
			const codes = kinds.map(({ kind, version }) => {
				const code = operatorNames.indexOf(kind);
				return table(
					[operatorCode.deprecatedBuiltinCode, "int8", code],
					[operatorCode.version, "int32", version],
					[operatorCode.builtinCode, "int32", code],
				);
			});
			const [all, from, to] = [offsets(tensors), integers([input]), integers([output])];
			const steps = offsets(operators);
			const graph = table(
				[subgraph.tensors, "offset", all],
				[subgraph.inputs, "offset", from],
				[subgraph.outputs, "offset", to],
				[subgraph.operators, "offset", steps],
			);
			const [codeList, graphs, data] = [offsets(codes), offsets([graph]), offsets(buffers)];
			const said = description === "" ? undefined : text(description);
			const root = table(
				[model.version, "int32", schemaVersion],
				[model.operatorCodes, "offset", codeList],
				[model.subgraphs, "offset", graphs],
				[model.buffers, "offset", data],
				...(said === undefined ? [] : ([[model.description, "offset", said]] as const)),
			);
			return finish(root, identifiers.model);
		},
	};
}
