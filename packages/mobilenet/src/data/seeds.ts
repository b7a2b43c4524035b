/**
 * Seeds made of seeds: an epoch and a picture get random numbers of their own, whoever asks for them first and on
 * whatever thread. So what is done to a picture depends on the run's seed, the epoch and the picture's number alone.
 */
import { MobileNetError, shown } from "../base/error.ts";
import { type Random, random, splitMix64 } from "../base/random.ts";

/** Random numbers for a seed and what it is split by, such as an epoch and a picture's number: whole numbers from 0. */
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

/** A whole number from 0 to below `count`. */
export function below(count: number, { uniform }: Random): number {
	return Math.floor(uniform() * count);
}

/** Shuffles in place, each order as likely as any other: Fisher and Yates. */
export function shuffle<T extends Int32Array | number[]>(numbers: T, from: Random): T {
	for (let i = numbers.length - 1; i > 0; i--) {
		const j = below(i + 1, from);
		const kept = numbers[i]!;
		numbers[i] = numbers[j]!;
		numbers[j] = kept;
	}
	return numbers;
}
