/**
 * Sums of squares of gradients: sums[s] = Σ gradients[i]² over slice s of `slices`, whose lengths are multiples of 16. The
 * root of their total is the global norm. gradients [length], sums [slices].
 */
import type { Operands } from "../operations.ts";

export function gradientNorm({ gradients, sums, length, slices }: Operands<"gradientNorm">): void {
	const start = (slice: number): number => Math.floor(((length / 16) * slice) / slices) * 16;
	for (let s = 0; s < slices; s++) {
		let sum = 0;
		for (let i = start(s); i < start(s + 1); i++) sum += gradients[i]! ** 2;
		sums[s] = sum;
	}
}
