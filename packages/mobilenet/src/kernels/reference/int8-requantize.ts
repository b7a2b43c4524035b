/**
 * From a layer's sum to the word that the next layer takes, by two multipliers of its channel, rounded to the nearest
 * after each (halves to even), and clamped to the bounds of the layer.
 *
 *   word = round(clamp(round(sum · multiplier) · step))        in float32, each operation rounded
 *
 * TensorFlow Lite has two ways to do this. XNNPACK, with which it runs networks of fixed shapes, multiplies by scale of
 * input × scale of weights / scale of output and rounds once; the step is then 1. Its own kernels multiply by the mantissa
 * of that number, round, shift by its exponent, and round again; the step is then that power of two, one last bit larger
 * so that halves are rounded away from zero. (Their mantissa has 31 bits, ours 24: one in thousands of sums differs.)
 */
import { rounding } from "../int8-operations.ts";

export function requantize(
	sum: number,
	[multiplier, step]: readonly [number, number],
	low: number,
	high: number,
): number {
	const product = nearest(Math.fround(Math.fround(sum) * multiplier));
	return nearest(Math.min(high, Math.max(low, Math.fround(product * step))));
}

/** The multiplier and the step of a channel. */
export function multipliersOf(multipliers: Float32Array, channel: number): readonly [number, number] {
	return [multipliers[channel * 2]!, multipliers[channel * 2 + 1]!];
}

/** The nearest whole number, halves to even, as float32 rounds when 1.5 · 2^23 is added. */
export function nearest(x: number): number {
	return Math.fround(Math.fround(x + rounding) - rounding);
}
