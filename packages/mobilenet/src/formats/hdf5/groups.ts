/**
 * Groups of an HDF5 file, the folders of its objects, as h5py writes them: a message points to a B-tree of nodes full
 * of symbols, and to a heap of their names.
 */
import { readUint16, readUint32, readUint64, skip } from "../../base/byte-reader.ts";
import { checkRange } from "../../base/bytes.ts";
import { printable } from "../../base/error.ts";
import { findMessage, type Header } from "./objects.ts";
import { type Hdf5File, part, refuse, signature } from "./reader.ts";
import { treeEntries } from "./tree.ts";

interface Heap {
	readonly at: number;
	readonly size: number;
}

/** Kinds of symbol, by what its entry keeps of it. */
const softLink = 2;

/**
 * The objects of a group: from names to addresses of their headers. Undefined where the object is no group. Links to
 * other names, which are rare, are left out.
 */
export function readLinks(
	file: Hdf5File,
	header: Header,
	path: string,
): ReadonlyMap<string, number> | undefined {
	// Section IV.A.2.r.
	const table = findMessage(file, header, "symbolTable", path);
	if (!table) return undefined;
	const links = new Map<string, number>();
	const tree = readUint64(table);
	const heap = heapAt(file, readUint64(table));
	for (const entry of treeEntries(file, tree, "symbols", 8)) {
		skip(entry, 8);
		addSymbols(file, readUint64(entry), heap, links);
	}
	return links;
}

/** Where the names are: section III.D. */
function heapAt(file: Hdf5File, address: number): Heap {
	const header = part(file, address, 32, "a group's heap of names");
	signature(header, "HEAP", 0);
	skip(header, 3);
	const size = readUint64(header);
	skip(header, 8);
	const at = readUint64(header);
	checkRange(file, at, size, "a group's heap of names");
	return { at, size };
}

function addSymbols(file: Hdf5File, address: number, heap: Heap, links: Map<string, number>): void {
	const header = part(file, address, 8, "a node of a group's symbols");
	// Section III.B; a symbol's own fields are section III.C's.
	signature(header, "SNOD", 1);
	skip(header, 1);
	const count = readUint16(header);
	const symbols = part(file, address + 8, 40 * count, "a node of a group's symbols");
	for (let i = 0; i < count; i++) {
		const name = nameAt(file, heap, readUint64(symbols));
		const object = readUint64(symbols);
		const kind = readUint32(symbols);
		skip(symbols, 20);
		if (kind !== softLink) links.set(name, object);
	}
}

function nameAt(file: Hdf5File, heap: Heap, offset: number): string {
	const start = heap.at + offset;
	const end = offset < heap.size ? file.bytes.indexOf(0, start) : -1;
	if (end < 0 || end >= heap.at + heap.size)
		refuse(
			file,
			`a group's heap of names, ${heap.size} bytes at offset ${heap.at}, has no name that begins at ${offset}; it is damaged`,
		);
	part(file, start, end - start, "the name of an object");
	return printable(new TextDecoder().decode(file.bytes.subarray(start, end)));
}
