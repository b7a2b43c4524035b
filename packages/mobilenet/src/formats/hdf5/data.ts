/**
 * The numbers of an HDF5 dataset as a tensor: laid out in one piece, in the object header itself, or in chunks.
 * 64-bit floats become 32-bit ones, which is what networks compute with.
 */
import { readBytes, readUint8, readUint16, readUint64, skip } from "../../base/byte-reader.ts";
import { sizeOf, type Tensor } from "../../weights/tensor.ts";
import { readChunks, readFilters } from "./chunks.ts";
import { findMessage, type Header, readDatatype, readShape } from "./objects.ts";
import { type Hdf5File, nowhere, type Part, part, refuse, refuseNewer } from "./reader.ts";

/** Classes of layout: section IV.A.2.i. */
const layouts = { compact: 0, contiguous: 1, chunked: 2 } as const;

/**
 * The tensor of a dataset, or undefined where the object is none.
 *
 * @param path of the dataset, for errors
 * @throws MobileNetError `broken-file`, or `unsupported` for other types, layouts and filters
 */
export function readTensor(file: Hdf5File, header: Header, path: string): Tensor | undefined {
	const space = findMessage(file, header, "dataspace", path);
	const type = findMessage(file, header, "datatype", path);
	const layout = findMessage(file, header, "layout", path);
	if (!space || !type || !layout) return undefined;
	const shape = readShape(space);
	const datatype = readDatatype(type);
	if (datatype.kind !== "float")
		return refuse(
			file,
			`${path} holds ${datatype.kind === "other" ? datatype.description : "texts"} where little-endian floats were expected`,
			"unsupported",
		);
	const version = readUint8(layout);
	if (version === 4) return refuseNewer(file, `a layout of version 4 (${path})`);
	if (version !== 3)
		return refuse(file, `${path} has a layout of version ${version} where 3 was expected`, "unsupported");
	const kind = readUint8(layout);
	let bytes: Uint8Array;
	if (kind === layouts.chunked) {
		const filters = readFilters(findMessage(file, header, "filters", path));
		bytes = readChunks(layout, shape, datatype.size, filters, path);
	} else bytes = onePiece(layout, kind, sizeOf(shape) * datatype.size, path);
	return tensorOf(datatype.dtype, shape, bytes);
}

/** The bytes of a dataset in one piece, as a view of the file. */
function onePiece(layout: Part, kind: number, expected: number, path: string): Uint8Array {
	const { file } = layout;
	if (kind !== layouts.compact && kind !== layouts.contiguous)
		refuse(file, `${path} has a layout of class ${kind}, which is not read`, "unsupported");
	const elsewhere = kind === layouts.contiguous ? readUint64(layout) : undefined;
	const size = elsewhere === undefined ? readUint16(layout) : readUint64(layout);
	if (size !== expected)
		refuse(file, `${path} should take ${expected} bytes by its shape, but takes ${size}; it is damaged`);
	const address = elsewhere ?? skip(layout, size);
	if (address === nowhere)
		refuse(file, `${path} has no numbers in the file: they were never written, or lie elsewhere`);
	return readBytes(part(file, address, size, path), size);
}

function tensorOf(
	dtype: "F16" | "BF16" | "F32" | "F64",
	shape: readonly number[],
	bytes: Uint8Array,
): Tensor {
	// A copy, since numbers must be aligned; not slice(), which in a Node Buffer makes none.
	const { buffer } = new Uint8Array(bytes);
	switch (dtype) {
		case "F32":
			return { dtype, shape, data: new Float32Array(buffer) };
		case "F16":
		case "BF16":
			return { dtype, shape, data: new Uint16Array(buffer) };
		case "F64":
			return { dtype: "F32", shape, data: Float32Array.from(new Float64Array(buffer)) };
	}
}
