/**
 * The differences between the modules that are compiled from the same templates: the vectors they are written for.
 *
 * The 128-bit modules run everywhere. The wide ones use pairs of 128-bit vectors, which V8's 256-bit pass joins; compiled
 * without that pass they compute the same bits, but more slowly.
 */

export interface Level {
	/** WebAssembly features that the module needs. */
	readonly features: string;
	/** a · b + c. */
	readonly multiplyAdd: string;
	/** Output channels of a pointwise tile. */
	readonly columns: 8 | 16;
	/** Pixels of the usual pointwise tile; remainders use tiles of five and four rows if there are any. */
	readonly rows: 4 | 6;
	/** Channels that a depthwise tile processes at once. */
	readonly lanes: 4 | 8;
	/** The most and the fewest pixels of a depthwise tile; narrower pictures are done pixel by pixel. */
	readonly pixels: number;
	readonly leastPixels: number;
}

/** SIMD as in every current engine: a multiplication, then an addition. */
const separate = { features: "simd,threads", multiplyAdd: "f32x4.add(f32x4.mul(a, b), c)" };
/** Relaxed SIMD: both in one instruction, if the processor has it. */
const fused = { features: "simd,relaxed-simd,threads", multiplyAdd: "f32x4.relaxed_madd(a, b, c)" };
const narrow = { columns: 8, rows: 4, lanes: 4, pixels: 4, leastPixels: 1 } as const;

export const levels: Readonly<Record<string, Level>> = {
	baseline: { ...separate, ...narrow },
	relaxed: { ...fused, ...narrow },
	/** For V8 12.4 (Node 22), whose pass does not join fused multiply-adds. */
	"wide-separate": { ...separate, columns: 16, rows: 4, lanes: 8, pixels: 6, leastPixels: 3 },
	/** For V8 13.6 and 14.6 (Node 24 and 26). */
	"wide-fused": { ...fused, columns: 16, rows: 6, lanes: 8, pixels: 6, leastPixels: 3 },
};
