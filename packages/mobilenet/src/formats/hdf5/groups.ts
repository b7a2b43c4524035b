/**
 * Groups of an HDF5 file, the folders of its objects, as h5py writes them: a message points to a B-tree of nodes full
 * of symbols, and to a heap of their names.
 */
import { checkRange } from "../../base/bytes.ts";
import { findMessage, type Header } from "./objects.ts";
import { type Hdf5Reader, oneLine, part, refuse, signature, skip, uint16, uint32, uint64 } from "./reader.ts";
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
	reader: Hdf5Reader,
	header: Header,
	path: string,
): ReadonlyMap<string, number> | undefined {
	// Section IV.A.2.r.
	const table = findMessage(reader, header, "symbolTable", path);
	if (!table) return undefined;
	const links = new Map<string, number>();
	const tree = uint64(table);
	const heap = heapAt(reader, uint64(table));
	for (const entry of treeEntries(reader, tree, "symbols", 8)) {
		skip(entry, 8);
		addSymbols(reader, uint64(entry), heap, links);
	}
	return links;
}

/** Where the names are: section III.D. */
function heapAt(reader: Hdf5Reader, address: number): Heap {
	const header = part(reader, address, 32, "a group's heap of names");
	signature(header, "HEAP", 0);
	skip(header, 3);
	const size = uint64(header);
	skip(header, 8);
	const at = uint64(header);
	checkRange(reader, at, size, "a group's heap of names");
	return { at, size };
}

function addSymbols(reader: Hdf5Reader, address: number, heap: Heap, links: Map<string, number>): void {
	const header = part(reader, address, 8, "a node of a group's symbols");
	// Section III.B; a symbol's own fields are section III.C's.
	signature(header, "SNOD", 1);
	skip(header, 1);
	const count = uint16(header);
	const symbols = part(reader, address + 8, 40 * count, "a node of a group's symbols");
	for (let i = 0; i < count; i++) {
		const name = nameAt(reader, heap, uint64(symbols));
		const object = uint64(symbols);
		const kind = uint32(symbols);
		skip(symbols, 20);
		if (kind !== softLink) links.set(name, object);
	}
}

function nameAt(reader: Hdf5Reader, heap: Heap, offset: number): string {
	const start = heap.at + offset;
	const end = offset < heap.size ? reader.bytes.indexOf(0, start) : -1;
	if (end < 0 || end >= heap.at + heap.size)
		refuse(
			reader,
			`a group's heap of names, ${heap.size} bytes at offset ${heap.at}, has no name that begins at ${offset}; it is damaged`,
		);
	part(reader, start, end - start, "the name of an object");
	return oneLine(new TextDecoder().decode(reader.bytes.subarray(start, end)));
}
