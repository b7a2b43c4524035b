/**
 * Dropout in place: values[n][c] is multiplied by 1 / keep where a number in 0…1 made of seed, picture and channel is below
 * `keep`, and by 0 elsewhere. It is its own backward. values [pitch] a picture.
 *
 * The number is the upper 24 bits of a hash: the finalizing rounds of MurmurHash3 (Appleby), which let every bit of what
 * comes in change every bit of what comes out with a chance of one half, over the seed, then the picture, then the channel.
 */
import type { Operands } from "../operations.ts";

function mixed(bits: number): number {
	let h = bits;
	h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
	h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
	return h ^ (h >>> 16);
}

/** A number in 0…1 for a channel of a picture of a step. */
export function chance(seed: number, picture: number, channel: number): number {
	// The golden ratio: what is mixed is not zero for the seed 0.
	const ofPicture = mixed(mixed(seed ^ 0x9e3779b9) ^ picture);
	return (mixed(ofPicture ^ channel) >>> 8) / 2 ** 24;
}

export function dropout(
	{ values, settings, keep, channels, pitch }: Operands<"dropout">,
	pictures: number,
): void {
	const [seed, first] = settings as unknown as [number, number];
	const share = keep[0]!;
	for (let n = 0; n < pictures; n++)
		for (let c = 0; c < channels; c++)
			values[n * pitch + c]! *= chance(seed, first + n, c) < share ? 1 / share : 0;
}
