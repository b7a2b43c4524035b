/**
 * Constant tensors of a TensorFlow Lite graph: weights in this project's layouts (OIHW, [out, in]), biases, and
 * the small integers that say where to pad. Codes stay codes, half floats stay half floats.
 */
import { readerAt, readInt32, readInt64 } from "../../base/byte-reader.ts";
import { binaryFile } from "../../base/bytes.ts";
import { shown } from "../../base/error.ts";
import { float32Of, isFloat } from "../../weights/float.ts";
import { perChannel, type Quantization } from "../../weights/parts.ts";
import { type DType, sizeOf, type Tensor, type TensorData } from "../../weights/tensor.ts";
import type { ChainTensor } from "../chain/chain.ts";
import { transposed } from "../transpose.ts";
import { charge } from "./flatbuffer.ts";
import { broken, foreign, type Graph, type GraphTensor, tensorAt, unsupported } from "./graph.ts";

type ArrayOf<A> = {
	readonly BYTES_PER_ELEMENT: number;
	new (buffer: ArrayBufferLike, byteOffset: number, length: number): A;
};

const arrays: { readonly [D in DType]?: ArrayOf<TensorData[D]> } = {
	F32: Float32Array,
	F16: Uint16Array,
	I32: Int32Array,
	I8: Int8Array,
	U8: Uint8Array,
};
/** The model's name of a tensor type, where it has one. */
const dtypes: Readonly<Record<string, DType>> = {
	float32: "F32",
	float16: "F16",
	int32: "I32",
	int8: "I8",
	uint8: "U8",
};
const weightTypes: readonly DType[] = ["F32", "F16", "I8", "U8"];
const biasTypes: readonly DType[] = ["F32", "F16", "I32"];

/** Where a kind of layer keeps its output channels, and how many axes its weights have. */
const layouts = {
	/** [out, height, width, in] */
	convolution: { rank: 4, outputs: 0 },
	/** [1, height, width, out] */
	depthwise: { rank: 4, outputs: 3 },
	/** [out, in] */
	dense: { rank: 2, outputs: 0 },
} as const;

/** Weights: [out, in, height, width] of convolutions, [out, 1, height, width] of depthwise ones, [out, in] of dense layers. */
export function weightsAt(graph: Graph, index: number, layout: keyof typeof layouts): ChainTensor {
	const { rank, outputs } = layouts[layout];
	const constant = constantAt(graph, index);
	const { name, shape } = constant;
	if (shape.length !== rank || (layout === "depthwise" && shape[0] !== 1))
		throw broken(
			graph.name,
			`the ${layout} weights ${name} have the shape ${shown(shape)} where ${rank} axes were expected`,
		);
	const tensor = tensorOf(graph, constant, weightTypes);
	const quantization = quantizationOf(graph, constant, tensor, outputs);
	const [first = 1, height = 1, width = 1, last = 1] = shape;
	const result =
		layout === "dense"
			? tensor
			: layout === "convolution"
				? reordered(graph, tensor, first, height * width, last, [first, last, height, width])
				: reordered(graph, tensor, 1, height * width, last, [last, 1, height, width]);
	return { tensor: result, ...(quantization && { quantization }) };
}

/** A bias, or undefined where there is none: one number an output channel. */
export function biasAt(graph: Graph, index: number | undefined, channels: number): ChainTensor | undefined {
	if (index === undefined || index === -1) return undefined;
	const constant = constantAt(graph, index);
	const { name, shape } = constant;
	if (sizeOf(shape) !== channels)
		throw broken(
			graph.name,
			`the bias ${name} has the shape ${shown(shape)} where ${channels} numbers were expected`,
		);
	const tensor = tensorOf(graph, constant, biasTypes);
	// The axis of a bias's scales is not looked at: a bias has but one, and some files name another.
	const quantization = quantizationOf(graph, constant, tensor, undefined);
	return { tensor: { ...tensor, shape: [channels] }, ...(quantization && { quantization }) };
}

/** A few constant integers, such as paddings or axes. */
export function integersAt(graph: Graph, index: number | undefined, what: string): number[] {
	const { name, type, data, shape } = constantAt(graph, index ?? -1);
	const size = type === "int32" ? 4 : type === "int64" ? 8 : 0;
	const count = sizeOf(shape);
	if (size === 0 || data.byteLength !== count * size)
		throw broken(
			graph.name,
			`${what} ${name} should be ${count} integers, but ${data.byteLength} bytes of ${type} are there`,
		);
	charge(graph.model.flatbuffer, 8 * count);
	const reader = readerAt(binaryFile(data, graph.name), 0, data.byteLength, name);
	return Array.from({ length: count }, () => (size === 4 ? readInt32(reader) : readInt64(reader)));
}

/** The numbers of a constant that an operator adds or multiplies. */
export interface Numbers {
	readonly shape: readonly number[];
	readonly real: readonly number[];
	/** What they are in a network of integers. */
	readonly codes?: readonly number[];
	readonly quantization?: Quantization;
}

/** A few constant numbers, at most one a channel. */
export function numbersAt(graph: Graph, index: number): Numbers {
	const constant = constantAt(graph, index);
	const tensor = tensorOf(graph, constant, weightTypes);
	const { shape } = tensor;
	const count = sizeOf(shape);
	charge(graph.model.flatbuffer, 3 * 8 * count);
	if (isFloat(tensor)) return { shape, real: Array.from(float32Of(tensor)) };
	const quantization = quantizationOf(graph, constant, tensor, undefined);
	if (!quantization) throw unsupported(graph.name, `its constant ${constant.name} has codes without a scale`);
	const codes = Array.from(tensor.data);
	const { scale, zeroPoint } = quantization;
	const real = codes.map((code, i) => perChannel(scale, i) * (code - perChannel(zeroPoint, i)));
	return { shape, real, codes, quantization };
}

/** A tensor that the file holds: itself, or what an operator dequantizes into it. */
function constantAt(graph: Graph, index: number): GraphTensor {
	const tensor = tensorAt(graph, index);
	if (tensor.data.byteLength > 0) return tensor;
	const producer = graph.producers.get(index);
	if (producer?.name === "DEQUANTIZE") {
		const source = tensorAt(graph, producer.inputs[0] ?? -1);
		if (source.data.byteLength > 0) return source;
	}
	if (producer || index === graph.input)
		throw foreign(graph.name, `its tensor ${tensor.name} is computed where weights were expected`);
	throw broken(graph.name, `its tensor ${tensor.name} should be constant, but has no data`);
}

/** The numbers of a constant, as a view of the file where they are aligned in it. */
function tensorOf(graph: Graph, { name, type, shape, data }: GraphTensor, types: readonly DType[]): Tensor {
	const dtype = dtypes[type];
	const array = dtype && types.includes(dtype) ? (arrays[dtype] as ArrayOf<Float32Array>) : undefined;
	if (!array)
		throw unsupported(
			graph.name,
			`its tensor ${name} is of the type ${type} where ${types.join(", ")} were expected`,
		);
	const expected = sizeOf(shape) * array.BYTES_PER_ELEMENT;
	if (!shape.every((length) => length > 0) || expected !== data.byteLength)
		throw broken(
			graph.name,
			`its tensor ${name} of type ${type} and shape ${shown(shape)} should take ${expected} bytes, but has ${data.byteLength}`,
		);
	const aligned = data.byteOffset % array.BYTES_PER_ELEMENT === 0;
	if (!aligned) charge(graph.model.flatbuffer, expected);
	const { buffer, byteOffset } = aligned ? data : new Uint8Array(data);
	return { dtype, shape, data: new array(buffer, byteOffset, sizeOf(shape)) } as Tensor;
}

/** Scales of integer weights; there are as many as `outputs` has channels, or one. */
function quantizationOf(
	graph: Graph,
	{ name, shape, quantization }: GraphTensor,
	tensor: Tensor,
	outputs: number | undefined,
): Quantization | undefined {
	if (!quantization || tensor.dtype === "F32" || tensor.dtype === "F16") return undefined;
	const { scale, zeroPoint, dimension } = quantization;
	if (scale.length > 1) {
		const axis = outputs ?? 0;
		if (outputs !== undefined && dimension !== outputs)
			throw unsupported(
				graph.name,
				`its tensor ${name} is quantized along axis ${dimension} where axis ${outputs}, its output channels, was expected`,
			);
		const channels = outputs === undefined ? sizeOf(shape) : shape[axis];
		if (scale.length !== channels)
			throw broken(
				graph.name,
				`its tensor ${name} has ${scale.length} scales where 1 or ${channels} were expected`,
			);
	}
	return { scale, zeroPoint };
}

/** Channels brought before pixels: in each of `outer` parts, `rows` × `columns` becomes `columns` × `rows`. */
function reordered(
	graph: Graph,
	tensor: Tensor,
	outer: number,
	rows: number,
	columns: number,
	shape: readonly number[],
): Tensor {
	if (rows === 1 || columns === 1) return { ...tensor, shape };
	const { data } = tensor;
	charge(graph.model.flatbuffer, data.byteLength);
	return { ...tensor, shape, data: transposed(data, outer, rows, columns) } as Tensor;
}
