/**
 * PyTorch's generator of random numbers: the 32-bit Mersenne Twister. It is here only to begin with the same weights as
 * PyTorch does; everything else takes random.ts, which is smaller and better.
 *
 * Source: Matsumoto and Nishimura 1998, "Mersenne Twister: A 623-Dimensionally Equidistributed Uniform Pseudorandom Number
 * Generator"; PyTorch, aten/src/ATen/core/MT19937RNGEngine.h.
 */
const [words, middle] = [624, 397];

/**
 * Whole numbers from 0 to 2^32 − 1, as PyTorch's CPU generator gives them after `torch.manual_seed(seed)`, which takes the
 * seed's lower 32 bits.
 *
 * @example
 * mersenneTwister(5489)() // 3499211612
 */
export function mersenneTwister(seed: number): () => number {
	const state = new Uint32Array(words);
	state[0] = seed % 2 ** 32;
	for (let i = 1; i < words; i++)
		state[i] = Math.imul(1812433253, state[i - 1]! ^ (state[i - 1]! >>> 30)) + i;
	let at = words;
	return () => {
		if (at === words) {
			for (let i = 0; i < words; i++) {
				const y = (state[i]! & 0x80000000) | (state[(i + 1) % words]! & 0x7fffffff);
				state[i] = state[(i + middle) % words]! ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
			}
			at = 0;
		}
		let y = state[at++]!;
		y ^= y >>> 11;
		y ^= (y << 7) & 0x9d2c5680;
		y ^= (y << 15) & 0xefc60000;
		return (y ^ (y >>> 18)) >>> 0;
	};
}
