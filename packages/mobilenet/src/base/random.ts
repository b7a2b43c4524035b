/**
 * Seeded random numbers, the same in every runtime. The generator is xoshiro128**: its 128 bits of state are four
 * 32-bit words, the integers that JavaScript handles fastest; its period is 2^128 − 1 and it passes BigCrush.
 * SplitMix64 spreads the seed over the state, as the generator's authors advise, so that neighboring seeds give
 * unrelated numbers.
 *
 * Source: Blackman and Vigna 2021, "Scrambled Linear Pseudorandom Number Generators", and
 * https://prng.di.unimi.it; Steele, Lea and Flood 2014, "Fast Splittable Pseudorandom Number Generators".
 */
import { MobileNetError, shown } from "./error.ts";

export interface Random {
	/** A whole number from 0 to 2^32 − 1. */
	bits(): number;
	/** A number of at least 0 and below 1, a multiple of 2^−32. */
	uniform(): number;
	/** A number from the normal distribution with mean 0 and standard deviation 1. */
	normal(): number;
}

/**
 * A generator that gives the same numbers for the same seed.
 *
 * @param seed a whole number from 0 to 2^53 − 1
 * @throws MobileNetError `usage` for any other seed
 * @example
 * random(42).uniform() === random(42).uniform() // true
 */
export function random(seed: number): Random {
	checkSeed(seed);
	const next = splitMix64(BigInt(seed));
	const state = new Uint32Array(BigUint64Array.of(next(), next()).buffer);
	const bits = xoshiro128(state[0]!, state[1]!, state[2]!, state[3]!);
	const uniform = () => bits() / 2 ** 32;
	return { bits, uniform, normal: gaussian(bits) };
}

/** @throws MobileNetError `usage` for anything but a whole number from 0 to 2^53 − 1 */
export function checkSeed(seed: number): void {
	if (!(Number.isSafeInteger(seed) && seed >= 0))
		throw new MobileNetError(
			"usage",
			`a seed must be a whole number from 0 to 2^53 - 1, not ${shown(seed)}.`,
		);
}

/** The generator, given its state, which must not be all zeros. */
export function xoshiro128(a: number, b: number, c: number, d: number): () => number {
	return () => {
		const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
		const shifted = b << 9;
		c ^= a;
		d ^= b;
		b ^= c;
		a ^= d;
		c ^= shifted;
		d = rotate(d, 11);
		return result;
	};
}

const rotate = (word: number, count: number): number => (word << count) | (word >>> (32 - count));

/** A generator of 64-bit numbers, for seeding only: big integers are slow. */
export function splitMix64(seed: bigint): () => bigint {
	let state = seed;
	return () => {
		state = BigInt.asUintN(64, state + 0x9e3779b97f4a7c15n);
		let z = state;
		z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
		z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
		return z ^ (z >> 31n);
	};
}

/**
 * Normal numbers, made in pairs by the Box–Muller transform. Their last bit may differ between JavaScript engines,
 * because that of `Math.log`, `cos` and `sin` does.
 */
function gaussian(bits: () => number): () => number {
	let spare: number | undefined;
	return () => {
		if (spare !== undefined) {
			const value = spare;
			spare = undefined;
			return value;
		}
		// Above 0 and at most 1, so that the logarithm is finite.
		const radius = Math.sqrt(-2 * Math.log((bits() + 1) / 2 ** 32));
		const angle = (2 * Math.PI * bits()) / 2 ** 32;
		spare = radius * Math.sin(angle);
		return radius * Math.cos(angle);
	};
}
