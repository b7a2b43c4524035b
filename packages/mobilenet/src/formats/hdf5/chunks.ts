/**
 * HDF5 datasets that are cut into chunks, which may be shuffled and deflated: nothing that Keras does by itself, but
 * what h5py's `compression` and h5repack make of its files. fflate inflates.
 */

import { Unzlib } from "fflate";
import { readBytes, readUint8, readUint16, readUint32, readUint64, skip } from "../../base/byte-reader.ts";
import { messageOf, shown } from "../../base/error.ts";
import { sizeOf } from "../../weights/tensor.ts";
import { countUnpacked, type Hdf5File, type Part, part, refuse, text } from "./reader.ts";
import { treeEntries } from "./tree.ts";

/** Filters that a chunk has gone through, first to last. */
type Filters = readonly ("deflate" | "shuffle")[];

/** Section IV.A.2.l. */
const filterIds: ReadonlyMap<number, Filters[number]> = new Map([
	[1, "deflate"],
	[2, "shuffle"],
]);
/** Packed bytes that are inflated at once: deflate makes at most a thousand times as many of them. */
const inflatedAtOnce = 1024;
/** A chunk counts as so many bytes at least, for the work that even an empty one is. */
const leastCost = 2048;

export function readFilters(message: Part | undefined): Filters {
	if (!message) return [];
	const { file, what } = message;
	const version = readUint8(message);
	if (version !== 1) refuse(file, `${what} has version ${version} where 1 was expected`, "unsupported");
	const filters: Filters[number][] = [];
	const count = readUint8(message);
	skip(message, 6);
	for (let i = 0; i < count; i++) {
		const id = readUint16(message);
		const nameLength = readUint16(message);
		skip(message, 2);
		const values = readUint16(message);
		const name = text(message, nameLength);
		skip(message, 4 * (values + (values % 2)));
		const filter = filterIds.get(id);
		if (!filter || filters.includes(filter))
			return refuse(
				file,
				`${what} names the filter ${id} (${shown(name)}) where deflate and shuffle were expected, each once`,
				"unsupported",
			);
		filters.push(filter);
	}
	return filters;
}

/**
 * The bytes of a chunked dataset: section III.A.1, keys of node type 1.
 *
 * @param layout its message, from the number of dimensions on
 */
export function readChunks(
	layout: Part,
	shape: readonly number[],
	elementSize: number,
	filters: Filters,
	path: string,
): Uint8Array {
	const { file } = layout;
	const rank = readUint8(layout) - 1;
	const tree = readUint64(layout);
	if (rank !== shape.length)
		return refuse(
			file,
			`${path} has chunks of ${rank} dimensions where its ${shape.length} were expected; it is damaged`,
		);
	const chunk = shape.map(() => readUint32(layout));
	const size = sizeOf(shape) * elementSize;
	const chunkSize = sizeOf(chunk) * elementSize;
	const expected = sizeOf(shape.map((length, axis) => Math.ceil(length / chunk[axis]!)));
	countUnpacked(file, size + expected * Math.max(chunkSize, leastCost), path);
	const bytes = new Uint8Array(size);
	const met = new Set<string>();
	for (const entry of treeEntries(file, tree, "chunks", 8 + 8 * (rank + 1))) {
		const packedSize = readUint32(entry);
		const skipped = readUint32(entry);
		const corner = shape.map(() => readUint64(entry));
		skip(entry, 8);
		const packed = readBytes(part(file, readUint64(entry), packedSize, `a chunk of ${path}`), packedSize);
		if (corner.some((at, axis) => at >= shape[axis]! || at % chunk[axis]! !== 0) || met.has(corner.join()))
			refuse(
				file,
				`${path} has a chunk at ${shown(corner)}, a second one or not one of its grid; it is damaged`,
			);
		met.add(corner.join());
		const applied = filters.filter((_, i) => (skipped & (1 << i)) === 0);
		place(unfiltered(file, packed, applied, elementSize, chunkSize, path), chunk, bytes, shape, corner);
	}
	if (met.size !== expected)
		refuse(file, `${path} should have ${expected} chunks, but has ${met.size}; it is damaged`);
	return bytes;
}

/** A chunk as it was before its filters, the last of which is undone first. */
function unfiltered(
	file: Hdf5File,
	packed: Uint8Array,
	filters: Filters,
	elementSize: number,
	size: number,
	path: string,
): Uint8Array {
	let bytes = packed;
	for (const filter of filters.toReversed())
		bytes = filter === "deflate" ? inflated(file, bytes, size, path) : unshuffled(bytes, elementSize);
	if (bytes.length !== size)
		refuse(file, `a chunk of ${path} should have ${size} bytes, but has ${bytes.length}; it is damaged`);
	return bytes;
}

function inflated(file: Hdf5File, packed: Uint8Array, size: number, path: string): Uint8Array {
	const bytes = new Uint8Array(size);
	let length = 0;
	try {
		const inflate = new Unzlib((piece) => {
			if (length + piece.length > size) throw new Error("more bytes come out than it says");
			bytes.set(piece, length);
			length += piece.length;
		});
		for (let at = 0; at < packed.length || at === 0; at += inflatedAtOnce)
			inflate.push(packed.subarray(at, at + inflatedAtOnce), at + inflatedAtOnce >= packed.length);
	} catch (error) {
		refuse(file, `a chunk of ${path} is damaged: ${messageOf(error)}`);
	}
	return bytes.subarray(0, length);
}

/** Shuffling puts the first bytes of all elements together, then their second ones, and so on. */
function unshuffled(bytes: Uint8Array, elementSize: number): Uint8Array {
	const count = Math.floor(bytes.length / elementSize);
	const plain = bytes.slice();
	for (let byte = 0; byte < elementSize; byte++)
		for (let i = 0; i < count; i++) plain[i * elementSize + byte] = bytes[byte * count + i]!;
	return plain;
}

/** Puts a chunk where it belongs, row by row; at the edges it may reach over. */
function place(
	chunkBytes: Uint8Array,
	chunk: readonly number[],
	bytes: Uint8Array,
	shape: readonly number[],
	corner: readonly number[],
): void {
	const last = shape.length - 1;
	const elementSize = chunkBytes.length / sizeOf(chunk);
	const inside = chunk.map((length, axis) => Math.min(length, shape[axis]! - corner[axis]!));
	const row = inside[last]! * elementSize;
	const index = shape.map(() => 0);
	const rows = sizeOf(inside.slice(0, last));
	for (let r = 0; r < rows; r++) {
		let from = 0;
		let to = 0;
		for (let axis = 0; axis <= last; axis++) {
			from = from * chunk[axis]! + index[axis]!;
			to = to * shape[axis]! + corner[axis]! + index[axis]!;
		}
		bytes.set(chunkBytes.subarray(from * elementSize, from * elementSize + row), to * elementSize);
		for (let axis = last - 1; axis >= 0 && ++index[axis]! === inside[axis]; axis--) index[axis] = 0;
	}
}
