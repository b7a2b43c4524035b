/**
 * Constants of an ONNX file: bytes of one number after the other, in the message or in a file beside it, or numbers as
 * fields of the message.
 *
 * Source: onnx/onnx.proto, `TensorProto`.
 */
import { type ByteReader, readBytes, readFloat32, readFloat64 } from "../../base/byte-reader.ts";
import { shown } from "../../base/error.ts";
import { arrays, type DType, sizeOf, type Tensor, type TensorData } from "../../weights/tensor.ts";
import { refuse } from "../chain/units.ts";
import { brief, charge } from "../graph.ts";
import { fieldsOf, packedVarints } from "../protobuf.ts";
import { externalOf, type Graph } from "./graph.ts";
import { dataTypes, fields } from "./schema.ts";

interface Stored {
	readonly dtype: DType;
	/** Bytes a number. */
	readonly width: number;
	/** The field of numbers where there are no bytes. */
	readonly field: number;
}

const f = fields.tensor;
/** As what each type is read; integers of 64 bits are axes and lengths, which 32 bits hold. */
const stored: ReadonlyMap<number, Stored> = new Map([
	[dataTypes.F32, { dtype: "F32", width: 4, field: f.floats }],
	[dataTypes.F64, { dtype: "F32", width: 8, field: f.doubles }],
	[dataTypes.F16, { dtype: "F16", width: 2, field: f.integers }],
	[dataTypes.BF16, { dtype: "BF16", width: 2, field: f.integers }],
	[dataTypes.U8, { dtype: "U8", width: 1, field: f.integers }],
	[dataTypes.I8, { dtype: "I8", width: 1, field: f.integers }],
	[dataTypes.I32, { dtype: "I32", width: 4, field: f.integers }],
	[dataTypes.I64, { dtype: "I32", width: 8, field: f.longs }],
]);

const mostAxes = 16;
const greatestInt32 = 2 ** 31 - 1;

/** The tensor in a TensorProto. */
export function readTensor(graph: Graph, message: ByteReader, name: string): Tensor {
	const shape: number[] = [];
	let type = 0;
	let content: ByteReader | undefined;
	for (const { number, value } of fieldsOf({ ...message })) {
		if (number === f.shape) {
			const lengths = typeof value === "number" ? [value] : packedVarints(value);
			for (const length of lengths)
				if (shape.push(length) > mostAxes)
					refuse(graph, `its constant ${brief(name)} has more than ${mostAxes} axes`, "broken-file");
		} else if (number === f.type && typeof value === "number") type = value;
		else if (number === f.data && typeof value !== "number") content = value;
	}
	const how = stored.get(type);
	if (!how) return refuse(graph, `its constant ${brief(name)} is of the type ${type}`, "unsupported");
	const size = sizeOf(shape);
	if (!shape.every((length) => length >= 0) || !Number.isSafeInteger(size))
		refuse(graph, `its constant ${brief(name)} has the shape ${shown(shape)}`, "broken-file");
	const bytes = bytesOf(graph, message, content, name);
	const listed = bytes ? 0 : size * arrays[how.dtype].BYTES_PER_ELEMENT;
	charge(graph, bytes ? bytes.byteLength : listed);
	const data = bytes ? contentOf(graph, bytes, how, size, name) : listOf(graph, message, how, size, name);
	return { dtype: how.dtype, shape, data } as Tensor;
}

/** In the message, or in a file beside the model. */
function bytesOf(
	graph: Graph,
	message: ByteReader,
	content: ByteReader | undefined,
	name: string,
): Uint8Array | undefined {
	const external = externalOf(message);
	const location = external.get("location");
	if (location === undefined) return content && readBytes({ ...content }, content.end - content.offset);
	const file = graph.beside.get(location.replace(/^\.\//, ""));
	const offset = Number(external.get("offset") ?? 0);
	const length = Number(external.get("length") ?? (file ? file.byteLength - offset : 0));
	for (const [what, value] of Object.entries({ offset, length }))
		if (!Number.isInteger(value))
			refuse(
				graph,
				`its constant ${brief(name)} lies at the ${what} ${shown(external.get(what))} of ${location} where a whole number was expected`,
				"broken-file",
			);
	const isWithin = offset >= 0 && length >= 0 && file && offset + length <= file.byteLength;
	if (!isWithin)
		return refuse(
			graph,
			`its constant ${brief(name)} should take ${length} bytes at offset ${offset} of ${location}, which has ${file?.byteLength ?? 0}`,
			"broken-file",
		);
	return file.subarray(offset, offset + length);
}

function contentOf(
	graph: Graph,
	bytes: Uint8Array,
	{ dtype, width }: Stored,
	size: number,
	name: string,
): TensorData[DType] {
	if (bytes.byteLength !== size * width)
		refuse(
			graph,
			`its constant ${brief(name)} should take ${size * width} bytes, but there are ${bytes.byteLength}`,
			"broken-file",
		);
	const array = arrays[dtype];
	// A copy, since numbers must be aligned; not slice(), which in a Node Buffer makes none.
	const { buffer } = new Uint8Array(bytes);
	if (array.BYTES_PER_ELEMENT === width) return new array(buffer);
	const view = new DataView(buffer);
	return dtype === "F32"
		? Float32Array.from({ length: size }, (_, i) => view.getFloat64(i * width, true))
		: Int32Array.from({ length: size }, (_, i) => clamped(Number(view.getBigInt64(i * width, true))));
}

/** Numbers as fields of their own, or packed in one. */
function listOf(
	graph: Graph,
	message: ByteReader,
	{ dtype, width, field }: Stored,
	size: number,
	name: string,
): TensorData[DType] {
	const data = new arrays[dtype](size);
	let count = 0;
	const add = (value: number): void => {
		if (count < size) data[count] = value;
		count++;
	};
	for (const { number, value } of fieldsOf({ ...message })) {
		if (number !== field) continue;
		if (typeof value === "number") add(clamped(value));
		else if (dtype !== "F32") for (const one of packedVarints(value)) add(clamped(one));
		else while (value.offset < value.end) add(width === 8 ? readFloat64(value) : readFloat32(value));
	}
	if (count !== size)
		refuse(
			graph,
			`its constant ${brief(name)} should have ${size} numbers, but it has ${count}`,
			"broken-file",
		);
	return data;
}

function clamped(value: number): number {
	return Math.max(-greatestInt32 - 1, Math.min(greatestInt32, value));
}
