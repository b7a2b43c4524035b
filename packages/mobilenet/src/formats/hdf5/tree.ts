/**
 * HDF5's version 1 B-trees, by which groups find their symbols and datasets their chunks: section III.A.1 of the
 * specification.
 */
import { readUint8, readUint16, readUint64, skip } from "../../base/byte-reader.ts";
import { type Hdf5File, type Part, part, refuse, signature } from "./reader.ts";

/** What a tree is of: the type of its nodes. */
const types = { symbols: 0, chunks: 1 } as const;

/**
 * The entries at the bottom of a tree, in order: at each, a part of the file that begins with its key and the address
 * of its child.
 *
 * @param level of the node, where it is known: children are one level lower, so there is an end
 */
export function* treeEntries(
	file: Hdf5File,
	address: number,
	of: keyof typeof types,
	keySize: number,
	level?: number,
): Generator<Part> {
	const what = `a node of a tree of ${of}`;
	const header = part(file, address, 24, what);
	signature(header, "TREE");
	const type = readUint8(header);
	const own = readUint8(header);
	if (type !== types[of] || own !== (level ?? own))
		refuse(
			file,
			`${what} at offset ${address} has type ${type} and level ${own} where type ${types[of]}${level === undefined ? "" : ` and level ${level}`} was expected; it is damaged`,
		);
	const used = readUint16(header);
	const entries = part(file, address + 24, used * (keySize + 8), what);
	for (let i = 0; i < used; i++) {
		const next = entries.offset + keySize + 8;
		if (own === 0) yield entries;
		else {
			skip(entries, keySize);
			yield* treeEntries(file, readUint64(entries), of, keySize, own - 1);
		}
		entries.offset = next;
	}
}
