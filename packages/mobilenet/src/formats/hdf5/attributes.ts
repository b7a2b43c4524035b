/**
 * Texts that an HDF5 file keeps as attributes of its objects: of a fixed length in the attribute itself, or of any
 * length in the global heap.
 */
import { readUint8, readUint16, readUint32, readUint64, skip } from "../../base/byte-reader.ts";
import { bodyOf, type Datatype, type Header, readDatatype, readShape } from "./objects.ts";
import { type Hdf5File, type Part, part, refuse, signature, text } from "./reader.ts";

export interface Attribute {
	readonly datatype: Datatype;
	readonly shape: readonly number[];
	readonly data: Part;
}

/** Objects of a collection of the global heap, by index. */
type Collection = ReadonlyMap<number, { readonly at: number; readonly size: number }>;

/** By their addresses; each is read once. */
export type Collections = Map<number, Collection>;

/** The attributes of an object by name. */
export function readAttributes(file: Hdf5File, header: Header): ReadonlyMap<string, Attribute> {
	const attributes = new Map<string, Attribute>();
	for (const message of header.attributes) {
		const body = bodyOf(file, message, "an attribute");
		// Section IV.A.2.m.
		const version = readUint8(body);
		if (version < 1 || version > 3)
			refuse(
				file,
				`an attribute at offset ${message.at} has version ${version} where 1 to 3 was expected; it is damaged`,
			);
		const flags = readUint8(body);
		const sizes = [readUint16(body), readUint16(body), readUint16(body)] as const;
		if (version === 3) skip(body, 1);
		const [name, datatype, dataspace] = sizes.map((size) => {
			const at = skip(body, version === 1 ? Math.ceil(size / 8) * 8 : size);
			return { file, what: "an attribute", offset: at, end: at + size };
		}) as [Part, Part, Part];
		// Datatypes and dataspaces that are kept elsewhere.
		if (message.shared || (version > 1 && (flags & 3) !== 0)) continue;
		attributes.set(text(name, sizes[0]), {
			datatype: readDatatype(datatype),
			shape: readShape(dataspace),
			data: body,
		});
	}
	return attributes;
}

/** The texts that an attribute holds, one or many. */
export function textsIn(
	{ datatype, shape, data }: Attribute,
	name: string,
	collections: Collections,
): readonly string[] {
	const { file } = data;
	const count = shape.reduce((product, n) => product * n, 1);
	// Keras writes an empty list as one of floats.
	if (count === 0) return [];
	if (datatype.kind !== "text" && datatype.kind !== "variable text")
		return refuse(
			file,
			`its attribute ${name} holds ${datatype.kind === "other" ? datatype.description : "floats"} where texts were expected`,
		);
	const all = { ...data, what: `the attribute ${name}` };
	const values = part(file, skip(all, count * datatype.size), count * datatype.size, all.what);
	return Array.from({ length: count }, () => {
		if (datatype.kind === "variable text") return inHeap(values, datatype.size, collections);
		const padded = text(values, datatype.size);
		return datatype.spaces ? padded.trimEnd() : padded;
	});
}

/** A text in the global heap, to which an element points by length, address and index. */
function inHeap(values: Part, size: number, collections: Collections): string {
	const { file, what } = values;
	const element: Part = { ...values, end: skip(values, size) + size };
	const length = readUint32(element);
	const address = readUint64(element);
	const index = readUint32(element);
	if (length === 0) return "";
	let collection = collections.get(address);
	if (!collection) {
		collection = collectionAt(file, address);
		collections.set(address, collection);
	}
	const object = collection.get(index);
	if (!object || object.size < length)
		return refuse(
			file,
			`${what} should be ${length} bytes of object ${index} in the global heap at offset ${address}, which ${object ? `has ${object.size}` : "is not there"}; it is damaged`,
		);
	return text(part(file, object.at, length, what), length);
}

/** Section III.E. */
function collectionAt(file: Hdf5File, address: number): Collection {
	const what = "a collection of the global heap";
	const header = part(file, address, 16, what);
	signature(header, "GCOL", 1);
	skip(header, 3);
	const end = address + readUint64(header);
	const objects = new Map<number, { at: number; size: number }>();
	for (let at = address + 16; at + 16 <= end; ) {
		const object = part(file, at, 16, what);
		const index = readUint16(object);
		skip(object, 6);
		const size = readUint64(object);
		// The rest is free.
		if (index === 0) break;
		at += 16;
		if (!(at + size <= end))
			refuse(
				file,
				`object ${index} of ${what} should take ${size} bytes at offset ${at}, but the collection ends at ${end}; it is damaged`,
			);
		objects.set(index, { at, size });
		at += Math.ceil(size / 8) * 8;
	}
	return objects;
}
