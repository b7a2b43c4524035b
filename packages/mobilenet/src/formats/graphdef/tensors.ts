/**
 * Tensors in a GraphDef: bytes of one number after the other, or numbers as fields of the message, of which the last
 * stands for all that follow it.
 *
 * Source: tensorflow/core/framework/tensor.proto and tensor.cc (`Tensor::FromProto`).
 */
import { type ByteReader, readBytes, readFloat32, readFloat64 } from "../../base/byte-reader.ts";
import { shown } from "../../base/error.ts";
import { arrays, type DType, sizeOf, type Tensor, type TensorData } from "../../weights/tensor.ts";
import { refuse } from "../chain/units.ts";
import { charge } from "../graph.ts";
import { fieldsOf, packedVarints } from "../protobuf.ts";
import { type Graph, types } from "./graph.ts";

interface Stored {
	readonly dtype: DType;
	/** Bytes a number in `tensor_content`. */
	readonly width: number;
	/** The field of the numbers where there is no `tensor_content`, and how they lie in it. */
	readonly field: number;
	readonly as: "float32" | "float64" | "varint";
}

/** As what the types are read; integers of 64 bits in a graph are axes and lengths, which 32 bits hold. */
const stored: Readonly<Record<string, Stored>> = {
	DT_FLOAT: { dtype: "F32", width: 4, field: 5, as: "float32" },
	DT_DOUBLE: { dtype: "F32", width: 8, field: 6, as: "float64" },
	DT_HALF: { dtype: "F16", width: 2, field: 13, as: "varint" },
	DT_BFLOAT16: { dtype: "BF16", width: 2, field: 13, as: "varint" },
	DT_INT32: { dtype: "I32", width: 4, field: 7, as: "varint" },
	DT_INT64: { dtype: "I32", width: 8, field: 10, as: "varint" },
	DT_UINT8: { dtype: "U8", width: 1, field: 7, as: "varint" },
	DT_QUINT8: { dtype: "U8", width: 1, field: 7, as: "varint" },
	DT_INT8: { dtype: "I8", width: 1, field: 7, as: "varint" },
	DT_QINT8: { dtype: "I8", width: 1, field: 7, as: "varint" },
	DT_BOOL: { dtype: "U8", width: 1, field: 11, as: "varint" },
};

const [fieldType, fieldShape, fieldContent] = [1, 2, 4];
const [fieldDimension, fieldSize, fieldUnknownRank] = [2, 1, 3];
/** TensorFlow's own limit is 254; nothing here has more than 4. */
const mostAxes = 16;
const greatestInt32 = 2 ** 31 - 1;

/** The tensor in a TensorProto. */
export function readTensor(graph: Pick<Graph, "name" | "budget">, message: ByteReader, what: string): Tensor {
	let type = "DT_INVALID";
	let shape: readonly number[] = [];
	let content: ByteReader | undefined;
	const lists: { readonly field: number; readonly value: number | ByteReader }[] = [];
	for (const { number, value } of fieldsOf({ ...message })) {
		if (number === fieldType && typeof value === "number") type = typeOf(value);
		else if (number === fieldShape && typeof value !== "number") shape = readShape(graph, value) ?? [];
		else if (number === fieldContent && typeof value !== "number") content = value;
		else if (lists.push({ field: number, value }) % 1000 === 0) charge(graph, 64_000);
	}
	const how = stored[type];
	if (!how) return refuse(graph, `its constant ${what} is of the type ${type}`, "unsupported");
	const size = sizeOf(shape);
	if (!shape.every((length) => length >= 0) || !Number.isSafeInteger(size))
		refuse(graph, `its constant ${what} has the shape ${shown(shape)}`, "broken-file");
	charge(graph, size * arrays[how.dtype].BYTES_PER_ELEMENT);
	const data = content?.end !== content?.offset ? contentOf(graph, content!, how, size, what) : undefined;
	return {
		dtype: how.dtype,
		shape,
		data: data ?? listed(graph, lists, how, size, what),
	} as Tensor;
}

/** The lengths in a TensorShapeProto, −1 where one is open; undefined where their number is. */
export function readShape(graph: Pick<Graph, "name">, message: ByteReader): readonly number[] | undefined {
	const shape: number[] = [];
	for (const { number, value } of fieldsOf({ ...message })) {
		if (number === fieldUnknownRank && value !== 0) return undefined;
		if (number !== fieldDimension || typeof value === "number") continue;
		let size = 0;
		for (const { number: field, value: length } of fieldsOf(value))
			if (field === fieldSize && typeof length === "number") size = length;
		if (shape.push(size) > mostAxes)
			refuse(graph, `it has a shape of more than ${mostAxes} axes`, "broken-file");
	}
	return shape;
}

export function typeOf(number: number): string {
	return types[number] ?? `number ${number}`;
}

function contentOf(
	graph: Pick<Graph, "name">,
	content: ByteReader,
	{ dtype, width }: Stored,
	size: number,
	what: string,
): TensorData[DType] {
	const length = content.end - content.offset;
	if (length !== size * width)
		refuse(
			graph,
			`its constant ${what} should take ${size * width} bytes, but there are ${length}`,
			"broken-file",
		);
	const array = arrays[dtype];
	if (array.BYTES_PER_ELEMENT === width)
		// A copy, since numbers must be aligned; not slice(), which in a Node Buffer makes none.
		return new array(new Uint8Array(readBytes(content, length)).buffer);
	const { view } = content.file;
	const at = (i: number): number => content.offset + i * width;
	return dtype === "F32"
		? Float32Array.from({ length: size }, (_, i) => view.getFloat64(at(i), true))
		: Int32Array.from({ length: size }, (_, i) => Number(clamped(Number(view.getBigInt64(at(i), true)))));
}

/** Numbers as fields of their own or packed in one field; the last fills the rest, and without any all are zeros. */
function listed(
	graph: Pick<Graph, "name">,
	lists: readonly { readonly field: number; readonly value: number | ByteReader }[],
	{ dtype, field, as }: Stored,
	size: number,
	what: string,
): TensorData[DType] {
	const data = new arrays[dtype](size);
	let count = 0;
	const add = (value: number): void => {
		if (count === size)
			refuse(graph, `its constant ${what} has more than the ${size} numbers of its shape`, "broken-file");
		data[count++] = value;
	};
	for (const { field: number, value } of lists) {
		if (number !== field) continue;
		if (typeof value === "number") add(clamped(value));
		else if (as === "varint") for (const one of packedVarints({ ...value })) add(clamped(one));
		else {
			const numbers = { ...value };
			while (numbers.offset < numbers.end)
				add(as === "float32" ? readFloat32(numbers) : readFloat64(numbers));
		}
	}
	if (count > 0) data.fill(data[count - 1]!, count);
	return data;
}

function clamped(value: number): number {
	return Math.max(-greatestInt32 - 1, Math.min(greatestInt32, value));
}
