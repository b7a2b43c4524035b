/**
 * Activation by saturation: where a file of integers writes no activation after a layer, the range of the layer's codes
 * keeps its output between two bounds. The old converter of TensorFlow left ReLU6 and ReLU to that.
 */
import type { Bounds, Quantization } from "../../weights/parts.ts";
import type { DType } from "../../weights/tensor.ts";
import type { ChainTensor } from "./chain.ts";

const leastCodes: Readonly<Partial<Record<DType, number>>> = { U8: 0, I8: -128 };
/** Codes of 8 bits. */
export const codeCount = 256;
/** A ReLU's codes begin at 0, but for a code or two of rounding; those of a layer without activation far below. */
const mostBelowZero = 8 / codeCount;

/** What a layer gives out stands in codes of the type of its weights. */
interface Saturating {
	readonly weight: ChainTensor;
	readonly output?: Quantization | undefined;
}

/** The least code of a type of integers; undefined for all others. */
export function leastCode(dtype: DType): number | undefined {
	return leastCodes[dtype];
}

/** What the codes that a layer gives out keep its numbers between; undefined where there are none. */
export function rangeOf({ output, weight }: Saturating): Bounds | undefined {
	const least = leastCode(weight.tensor.dtype);
	const [scale = Number.NaN] = output?.scale ?? [];
	const [zeroPoint = 0] = output?.zeroPoint ?? [];
	if (least === undefined || !(scale > 0)) return undefined;
	return { low: scale * (least - zeroPoint), high: scale * (least + codeCount - 1 - zeroPoint) };
}

/** That range where it is an activation: from 0 on. */
export function saturationOf(layer: Saturating): Bounds | undefined {
	const range = rangeOf(layer);
	return range && isActivation(range) ? range : undefined;
}

/** Whether what is kept between these bounds has an activation. */
export function isActivation({ low, high }: Bounds): boolean {
	return Number.isFinite(low) && Math.abs(low) <= mostBelowZero * (high - low);
}

/** Whether the bounds may be ReLU6's: not above 6, but for a code of rounding. */
export function isWithinSix({ low, high }: Bounds): boolean {
	return high <= 6 + (high - low) / (codeCount - 1);
}
