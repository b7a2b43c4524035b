/**
 * HDF5's version 1 B-trees, by which groups find their symbols and datasets their chunks: section III.A.1 of the
 * specification.
 */
import {
	type Hdf5Reader,
	type Part,
	part,
	refuse,
	signature,
	skip,
	uint8,
	uint16,
	uint64,
} from "./reader.ts";

/** What a tree is of: the type of its nodes. */
const types = { symbols: 0, chunks: 1 } as const;

/**
 * The entries at the bottom of a tree, in order: at each, a part of the file that begins with its key and the address
 * of its child.
 *
 * @param level of the node, where it is known: children are one level lower, so there is an end
 */
export function* treeEntries(
	reader: Hdf5Reader,
	address: number,
	of: keyof typeof types,
	keySize: number,
	level?: number,
): Generator<Part> {
	const what = `a node of a tree of ${of}`;
	const header = part(reader, address, 24, what);
	signature(header, "TREE");
	const type = uint8(header);
	const own = uint8(header);
	if (type !== types[of] || own !== (level ?? own))
		refuse(
			reader,
			`${what} at offset ${address} has type ${type} and level ${own} where type ${types[of]}${level === undefined ? "" : ` and level ${level}`} was expected; it is damaged`,
		);
	const used = uint16(header);
	const entries = part(reader, address + 24, used * (keySize + 8), what);
	for (let i = 0; i < used; i++) {
		const next = entries.at + keySize + 8;
		if (own === 0) yield entries;
		else {
			skip(entries, keySize);
			yield* treeEntries(reader, uint64(entries), of, keySize, own - 1);
		}
		entries.at = next;
	}
}
