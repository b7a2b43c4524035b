/**
 * A graph of TensorFlow Lite that grows tensor by tensor and operator by operator, and is written at its end. The
 * numbers of its schema are those that our reader has too.
 */
import type { Layer } from "mobilenet/network";
import {
	activations,
	fields,
	identifiers,
	operatorNames,
	optionTypes,
	paddings,
	schemaVersion,
	tensorTypes,
} from "../../../mobilenet/dist/formats/tflite/schema.js";
import { packedShape } from "../../../mobilenet/dist/kernels/packing.js";
import { type Field, flatbufferWriter, type Offset } from "./flatbuffer.ts";

/** Fields that reading does not need; the schema's numbers as well. */
const more = {
	operatorCode: { version: 2 },
	depthwise: { multiplier: 3 },
	pool: { padding: 0, strideWidth: 1, strideHeight: 2 },
} as const;
/** The schema wants the bytes of buffers aligned like this. */
const alignment = 16;

/** Operators that have options, and those that need none. */
export type Operator = keyof typeof optionTypes | "QUANTIZE" | "DEQUANTIZE";
export type Activation = "none" | "relu" | "relu6";

/** What a tensor's codes stand for: one scale, or one for each place along an axis. */
export interface Quantization {
	readonly scales: readonly number[];
	readonly zeroPoints: readonly number[];
	readonly axis?: number;
}

export interface TensorParts {
	readonly type: "float32" | "int8" | "int32";
	readonly shape: readonly number[];
	readonly values?: Float32Array | Int8Array | Int32Array;
	readonly quantization?: Quantization;
}

export interface LiteGraph {
	/** @returns the tensor's number */
	readonly tensor: (name: string, parts: TensorParts) => number;
	readonly operator: (
		kind: Operator,
		version: number,
		inputs: readonly number[],
		output: number,
		options?: readonly Field[],
	) => void;
	/** The file. */
	readonly finish: (input: number, output: number) => Uint8Array;
}

export function liteGraph(): LiteGraph {
	const { table, offsets, integers, longs, floats, text, bytes, finish } = flatbufferWriter();
	// The first buffer is empty and stands for no data.
	const buffers: Offset[] = [table()];
	const tensors: Offset[] = [];
	const operators: Offset[] = [];
	/** By number, the kinds of operators. */
	const kinds: { readonly kind: Operator; readonly version: number }[] = [];

	const quantizationOf = ({ scales, zeroPoints, axis = 0 }: Quantization): Offset => {
		const [scale, zeroPoint] = [floats(scales), longs(zeroPoints)];
		const { quantization } = fields;
		return table(
			[quantization.scale, "offset", scale],
			[quantization.zeroPoint, "offset", zeroPoint],
			[quantization.quantizedDimension, "int32", axis],
		);
	};

	return {
		tensor: (name, { type, shape, values, quantization }) => {
			if (values) {
				const { buffer, byteOffset, byteLength } = values;
				const data = bytes(new Uint8Array(buffer, byteOffset, byteLength), alignment);
				buffers.push(table([fields.buffer.data, "offset", data]));
			}
			const [sizes, label] = [integers(shape), text(name)];
			const codes = quantization && quantizationOf(quantization);
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

		finish: (input, output) => {
			const { subgraph, operatorCode, model } = fields;
			const codes = kinds.map(({ kind, version }) => {
				const code = operatorNames.indexOf(kind);
				return table(
					[operatorCode.deprecatedBuiltinCode, "int8", code],
					[more.operatorCode.version, "int32", version],
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
			const root = table(
				[model.version, "int32", schemaVersion],
				[model.operatorCodes, "offset", codeList],
				[model.subgraphs, "offset", graphs],
				[model.buffers, "offset", data],
			);
			return finish(root, identifiers.model);
		},
	};
}

/** The shape of a layer's weights with all four axes, and these in TensorFlow Lite's order. */
export function weightAxes({ kind, weightShape }: Layer): {
	readonly shape: readonly number[];
	readonly axes: readonly number[];
} {
	return { shape: packedShape(weightShape), axes: kind === "depthwise" ? [1, 2, 3, 0] : [0, 2, 3, 1] };
}

/** The options of a convolution or a pool. */
export function layerOptions({ kind, stride, kernel }: Layer, activation: Activation): readonly Field[] {
	if (kind === "pool")
		return [
			[more.pool.padding, "int8", paddings.indexOf("valid")],
			[more.pool.strideWidth, "int32", 1],
			[more.pool.strideHeight, "int32", 1],
			[fields.pool.filterWidth, "int32", kernel],
			[fields.pool.filterHeight, "int32", kernel],
		];
	const at = kind === "depthwise" ? fields.depthwise : fields.convolution;
	return [
		[at.padding, "int8", paddings.indexOf("same")],
		[at.strideWidth, "int32", stride],
		[at.strideHeight, "int32", stride],
		...(kind === "depthwise" ? [[more.depthwise.multiplier, "int32", 1] as const] : []),
		[at.activation, "int8", activations.indexOf(activation)],
		[at.dilationWidth, "int32", 1],
		[at.dilationHeight, "int32", 1],
	];
}

export const softmaxOptions: readonly Field[] = [[fields.softmax.beta, "float32", 1]];
