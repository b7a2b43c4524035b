/**
 * Objects of an HDF5 file, which are groups and datasets: an object header is a list of messages that say what the
 * object is. Read here are the headers of version 1, as h5py writes them unless it is told otherwise, and the two
 * messages that say what numbers or texts something holds: datatype and dataspace.
 */
import { readUint8, readUint16, readUint32, readUint64, skip } from "../../base/byte-reader.ts";
import { type Hdf5File, type Part, part, refuse, refuseNewer } from "./reader.ts";

/** Types of messages: section IV.A.2. An object has one of each, but any number of attributes and continuations. */
const types = {
	dataspace: 0x01,
	datatype: 0x03,
	layout: 0x08,
	filters: 0x0b,
	symbolTable: 0x11,
} as const;
const attribute = 0x0c;
const continuation = 0x10;

export interface Message {
	/** Whether it only points to a message that several objects share. */
	readonly shared: boolean;
	readonly at: number;
	readonly size: number;
}

/** What an object header says, as far as it is read here. */
export interface Header {
	readonly messages: ReadonlyMap<number, Message>;
	readonly attributes: readonly Message[];
}

/** What one element is: section IV.A.2.d. */
export type Datatype = { readonly size: number } & (
	| { readonly kind: "float"; readonly dtype: "F16" | "BF16" | "F32" | "F64" }
	/** As many bytes as `size`, padded with zeros or with spaces. */
	| { readonly kind: "text"; readonly spaces: boolean }
	/** In the global heap. */
	| { readonly kind: "variable text" }
	| { readonly kind: "other"; readonly description: string }
);

/** Datatypes by their class, as errors call them. */
const classes = [
	...["integers", "floats", "times", "texts", "bit fields", "opaque bytes"],
	...["models", "references", "enumerations", "lists", "arrays"],
];
/** Little-endian floats by bit offset, precision, place and size of exponent and fraction, and bias. */
const floats: Readonly<Record<string, "F16" | "BF16" | "F32" | "F64">> = {
	"0,16,10,5,0,10,15": "F16",
	"0,16,7,8,0,7,127": "BF16",
	"0,32,23,8,0,23,127": "F32",
	"0,64,52,11,0,52,1023": "F64",
};
/** The most dimensions that HDF5 knows. */
const mostDimensions = 32;

/** The object header at an address, with its continuations: section IV.A.1.a. */
export function readHeader(file: Hdf5File, address: number): Header {
	const prefix = part(file, address, 16, "an object header");
	const version = readUint8(prefix);
	// Those of version 2 begin with OHDR.
	if (version === "O".charCodeAt(0)) refuseNewer(file, "an object header of version 2");
	if (version !== 1)
		refuse(
			file,
			`an object header should begin with version 1 at offset ${address}, but begins with ${version}; it is damaged`,
		);
	skip(prefix, 1);
	const count = readUint16(prefix);
	skip(prefix, 4);
	const messages = new Map<number, Message>();
	const attributes: Message[] = [];
	const blocks = [{ at: address + 16, size: readUint32(prefix) }];
	let met = 0;
	for (const block of blocks) {
		const rest = part(file, block.at, block.size, "the messages of an object header");
		for (; met < count && rest.offset + 8 <= rest.end; met++) {
			const type = readUint16(rest);
			const size = readUint16(rest);
			const flags = readUint8(rest);
			skip(rest, 3);
			const message = { size, shared: (flags & 2) !== 0, at: skip(rest, size) };
			if (type === continuation) {
				const body = bodyOf(file, message, "a continuation message");
				blocks.push({ at: readUint64(body), size: readUint64(body) });
			} else if (type === attribute) attributes.push(message);
			else if (!messages.has(type)) messages.set(type, message);
		}
	}
	if (met < count)
		refuse(
			file,
			`the object header at offset ${address} should hold ${count} messages, but holds ${met}; it is damaged`,
		);
	return { messages, attributes };
}

/** The bytes of a message; they were counted with its header. */
export function bodyOf(file: Hdf5File, { at, size }: Message, what: string): Part {
	return { file, what, offset: at, end: at + size };
}

/** The body of the one message of a type, or undefined where there is none. */
export function findMessage(
	file: Hdf5File,
	{ messages }: Header,
	type: keyof typeof types,
	of: string,
): Part | undefined {
	const message = messages.get(types[type]);
	if (message?.shared)
		refuse(file, `${of} shares its ${type} with other objects, which is not read`, "unsupported");
	return message && bodyOf(file, message, `the ${type} message of ${of}`);
}

/** Sizes of the dimensions; none for a single element. Section IV.A.2.b. */
export function readShape(from: Part): readonly number[] {
	const version = readUint8(from);
	const rank = readUint8(from);
	const flags = readUint8(from);
	if ((version !== 1 && version !== 2) || rank > mostDimensions)
		refuse(
			from.file,
			`${from.what} has version ${version} and ${rank} dimensions where version 1 or 2 and at most ${mostDimensions} were expected`,
		);
	if (version === 1) skip(from, 5);
	// A null dataspace holds nothing.
	else if (readUint8(from) === 2) return [0];
	const shape = Array.from({ length: rank }, () => readUint64(from));
	if (flags & 1) skip(from, 8 * rank);
	return shape;
}

export function readDatatype(from: Part): Datatype {
	const { file, what } = from;
	const kind = readUint8(from) & 15;
	const bits = readUint8(from);
	skip(from, 2);
	const size = readUint32(from);
	if (size === 0) refuse(file, `${what} has elements of 0 bytes; it is damaged`);
	if (kind === 3) return { kind: "text", size, spaces: (bits & 15) === 2 };
	if (kind === 9 && (bits & 15) === 1) return { kind: "variable text", size };
	if (kind === 1) {
		const fields = [
			readUint16(from),
			readUint16(from),
			readUint8(from),
			readUint8(from),
			readUint8(from),
			readUint8(from),
		];
		const dtype = floats[[...fields, readUint32(from)].join()];
		const littleEndian = (bits & 0x41) === 0;
		if (dtype && littleEndian && fields[1] === size * 8) return { kind: "float", size, dtype };
	}
	const name = kind === 1 ? "floats of another kind" : (classes[kind] ?? `class ${kind}`);
	return { kind: "other", size, description: `${name}, ${size} bytes each` };
}
