/** Lays things out one after the other in memory, each at the beginning of a cache line. */

export const lineBytes = 64;

export interface BumpAllocator {
	/** The place of the next so many bytes. */
	readonly take: (bytes: number) => number;
	/** Bytes taken so far. */
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
