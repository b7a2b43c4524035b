/**
 * Derives seeds from seeds: each epoch and each picture has its own random numbers, independent of threads and of the
 * order of calls. So the augmentation of a picture depends only on the run's seed, the epoch and the picture's number.
 */
import { MobileNetError, shown } from "../base/error.ts";
import { type Random, random, splitMix64 } from "../base/random.ts";

/** Random numbers for a seed and further whole numbers from 0, such as an epoch and a picture's number. */
export function randomOf(seed: number, ...parts: readonly number[]): Random {
	for (const part of [seed, ...parts])
		if (!(Number.isSafeInteger(part) && part >= 0))
			throw new MobileNetError(
				"usage",
				`a seed, an epoch and a picture's number must be whole numbers from 0 to 2^53 - 1, not ${shown(part)}.`,
			);
	let hash = splitMix64(BigInt(seed))();
	for (const part of parts) hash = splitMix64(hash ^ BigInt(part))();
	return random(Number(BigInt.asUintN(53, hash)));
}

/** A random whole number of at least 0 and below `count`. */
export function below(count: number, { uniform }: Random): number {
	return Math.floor(uniform() * count);
}

/** Shuffles in place with equally likely orders (Fisher and Yates). */
export function shuffle<T extends Int32Array | number[]>(numbers: T, from: Random): T {
	for (let i = numbers.length - 1; i > 0; i--) {
		const j = below(i + 1, from);
		const kept = numbers[i]!;
		numbers[i] = numbers[j]!;
		numbers[j] = kept;
	}
	return numbers;
}
