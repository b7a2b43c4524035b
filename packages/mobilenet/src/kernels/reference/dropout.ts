/**
 * Dropout in place: values[n][c] is multiplied by 1 / keep if a pseudo-random number in 0…1 from seed, picture and channel
 * is below `keep`, else by 0. The backward pass is the same operation. values [pitch] per picture.
 *
 * The number is the upper 24 bits of a hash: the final rounds of MurmurHash3 (Appleby), in which every input bit changes
 * every output bit with a probability of one half, applied to the seed, then the picture, then the channel.
 */
import type { Operands } from "../operations.ts";

function mixed(bits: number): number {
	let h = bits;
	h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
	h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
	return h ^ (h >>> 16);
}

/** A number in 0…1 for a channel of a picture in a step. */
export function chance(seed: number, picture: number, channel: number): number {
	// The golden ratio makes the input of the hash nonzero for the seed 0.
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
