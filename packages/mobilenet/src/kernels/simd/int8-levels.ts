/**
 * The differences between the modules of integer kernels, like levels.ts for float. On V8 12.4 (Node 22), whose 256-bit
 * pass does not join dot products, the 128-bit modules are fastest.
 */

export interface Int8Level {
	/** WebAssembly features that the module needs. */
	readonly features: string;
	/** How often a sum is rounded on its way to a word: twice in fixed point. */
	readonly roundings: 1 | 2;
	/** a · b + c for depthwise layers, exact whether fused or not. */
	readonly multiplyAdd: string;
	/** Output channels of a pointwise tile. */
	readonly columns: 8 | 16;
	/** Pixels of the usual pointwise tile, for words and for bytes; remainders use tiles of one row less. */
	readonly rows: number;
	readonly byteRows: number;
	/** Whether the module holds the operations on bytes, which need relaxed SIMD. */
	readonly holdsBytes: boolean;
	/** The most and the fewest pixels of a depthwise tile of 8 channels; narrower pictures are done pixel by pixel. */
	readonly pixels: number;
	readonly leastPixels: number;
}

const separate = { features: "simd,threads", multiplyAdd: "f32x4.add(f32x4.mul(a, b), c)" };
const fused = { features: "simd,relaxed-simd,threads", multiplyAdd: "f32x4.relaxed_madd(a, b, c)" };
const narrow = { columns: 8, rows: 4, byteRows: 6, pixels: 4, leastPixels: 1 } as const;
/** For V8 13.6 and 14.6 (Node 24 and 26). */
const wide = { columns: 16, rows: 5, byteRows: 6, pixels: 6, leastPixels: 3 } as const;

export const int8Levels: Readonly<Record<string, Int8Level>> = {
	"int8-baseline": { ...separate, ...narrow, roundings: 1, holdsBytes: false },
	"int8-relaxed": { ...fused, ...narrow, roundings: 1, holdsBytes: true },
	"int8-wide": { ...fused, ...wide, roundings: 1, holdsBytes: true },
	"int8-fixed-baseline": { ...separate, ...narrow, roundings: 2, holdsBytes: false },
	"int8-fixed-wide": { ...fused, ...wide, roundings: 2, holdsBytes: false },
};

/** The expression that turns four float32 sums into words by their multipliers and, if rounded twice, their steps. */
export function requantized(
	{ roundings }: Int8Level,
	sums: string,
	multipliers: string,
	steps: string,
): string {
	return roundings === 2
		? `requantizeTwice(${sums}, ${multipliers}, ${steps}, low, high, rounding)`
		: `requantize(${sums}, ${multipliers}, low, high, rounding)`;
}
