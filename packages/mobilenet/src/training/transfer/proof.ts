/** Whether one network is better than another: their losses on the same pictures, picture by picture. */
import type { Answers } from "../validation.ts";
import type { Measured } from "./options.ts";

export interface Comparison {
	/** Mean of the first losses less the second ones: above 0 where the second network is better. */
	readonly gain: number;
	readonly standardError: number;
	/** Whether the gain is too large for chance: twice its standard error, which happens once in 40 times. */
	readonly isProven: boolean;
}

const standardErrors = 2;

/**
 * @example
 * compared(Float64Array.of(1, 1, 1, 1), Float64Array.of(0.5, 0.6, 0.5, 0.4)).isProven // true
 */
export function compared(first: Float64Array, second: Float64Array): Comparison {
	const count = first.length;
	const differences = first.map((loss, i) => loss - second[i]!);
	const gain = differences.reduce((sum, x) => sum + x, 0) / count;
	const variance = differences.reduce((sum, x) => sum + (x - gain) ** 2, 0) / Math.max(1, count - 1);
	const standardError = Math.sqrt(variance / count);
	return { gain, standardError, isProven: gain > standardErrors * standardError };
}

/** Accuracy and loss of answers. */
export function measured({ losses, right }: Pick<Answers, "losses" | "right">): Measured {
	const pictures = losses.length;
	const top1 = right.reduce((sum, one) => sum + one, 0) / pictures;
	const loss = losses.reduce((sum, one) => sum + one, 0) / pictures;
	return { top1, top1Error: shareError(top1, pictures), loss, pictures };
}

/** The standard error of a share of some pictures. By Laplace's rule, a few right answers do not prove a share of 1. */
export function shareError(share: number, pictures: number): number {
	const careful = (share * pictures + 1) / (pictures + 2);
	return Math.sqrt((careful * (1 - careful)) / pictures);
}

/** Answers to several sets of pictures as one. */
export function joinedAnswers(all: readonly Answers[]): Answers {
	return {
		logits: Float32Array.from(all.flatMap(({ logits }) => [...logits])),
		losses: Float64Array.from(all.flatMap(({ losses }) => [...losses])),
		right: Uint8Array.from(all.flatMap(({ right }) => [...right])),
		labels: Int32Array.from(all.flatMap(({ labels }) => [...labels])),
	};
}
