/** Places buffers consecutively in memory, each at the beginning of a cache line. */

export const lineBytes = 64;

export interface BumpAllocator {
	/** Reserves bytes and returns their offset. */
	readonly take: (bytes: number) => number;
	/** Bytes reserved so far. */
	readonly size: () => number;
}

export function bumpAllocator(): BumpAllocator {
	let end = 0;
	return {
		take: (bytes) => {
			const offset = end;
			end = Math.ceil((end + bytes) / lineBytes) * lineBytes;
			return offset;
		},
		size: () => end,
	};
}
