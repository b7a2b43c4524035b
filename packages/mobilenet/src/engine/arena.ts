/**
 * Places buffers in one piece of memory so that those alive at the same time do not overlap: the largest first, each at
 * the lowest offset that is free for its whole life. For a chain of layers this takes as much memory as the largest pair
 * of neighbors. (Pisarchyk and Lee 2020, "Efficient Memory Management for Deep Neural Net Inference", greedy by size.)
 */

export interface Buffer {
	readonly bytes: number;
	/** The first and the last step that use it. */
	readonly from: number;
	readonly to: number;
}

/**
 * The offset of every buffer, and the total size in bytes.
 *
 * @example
 * layOut([{ bytes: 64, from: 0, to: 1 }, { bytes: 64, from: 2, to: 3 }], 64) // both at 0: { offsets: [0, 0], size: 64 }
 */
export function layOut(
	buffers: readonly Buffer[],
	alignment: number,
): { readonly offsets: readonly number[]; readonly size: number } {
	const offsets = new Array<number>(buffers.length).fill(0);
	const placed: number[] = [];
	let size = 0;
	for (const i of [...buffers.keys()].sort((a, b) => buffers[b]!.bytes - buffers[a]!.bytes)) {
		const { bytes, from, to } = buffers[i]!;
		const rivals = placed
			.filter((j) => buffers[j]!.from <= to && buffers[j]!.to >= from)
			.sort((a, b) => offsets[a]! - offsets[b]!);
		let offset = 0;
		for (const j of rivals) {
			if (offset + bytes <= offsets[j]!) break;
			offset = Math.max(offset, Math.ceil((offsets[j]! + buffers[j]!.bytes) / alignment) * alignment);
		}
		offsets[i] = offset;
		placed.push(i);
		size = Math.max(size, offset + bytes);
	}
	return { offsets, size };
}
