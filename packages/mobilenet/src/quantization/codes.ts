/**
 * The arithmetic of codes, 8-bit integers that stand for real numbers: real = scale · (code − zero point). A layer's
 * activations share one scale and one zero point, so that 0, which pads pictures, has an exact code. Weights have a scale
 * per channel and no zero point.
 *
 * Source: Jacob and others 2018, "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
 * Inference"; https://ai.google.dev/edge/litert/models/quantization_spec for the ranges.
 */
import type { Codes } from "../weights/parts.ts";

/** The range of activations' codes. Weights do not use the least code, so that their range is symmetric. */
export const leastCode = -128;
export const mostCode = 127;

/** A range of real numbers. */
export type Range = readonly [low: number, high: number];

/**
 * Codes that cover a range, extended to include 0.
 *
 * @example
 * codesFor([0, 6]) // { scale: 6 / 255, zeroPoint: -128 }, as in TensorFlow Lite after ReLU6
 */
export function codesFor([low, high]: Range): Codes {
	const [least, most] = [Math.min(low, 0), Math.max(high, 0)];
	if (least === most) return { scale: 1, zeroPoint: 0 };
	const scale = Math.fround((most - least) / (mostCode - leastCode));
	return { scale, zeroPoint: clamp(Math.round(leastCode - least / scale), leastCode, mostCode) };
}

/** The code nearest to a number; numbers outside the range get the first or last code. */
export function toCode(real: number, { scale, zeroPoint }: Codes): number {
	return clamp(roundAway(real / scale) + zeroPoint, leastCode, mostCode);
}

export function fromCode(code: number, { scale, zeroPoint }: Codes): number {
	return scale * (code - zeroPoint);
}

export function clamp(x: number, least: number, most: number): number {
	return Math.min(Math.max(x, least), most);
}

/** Rounds halves away from 0, so that x and −x are treated alike. */
export function roundAway(x: number): number {
	return x < 0 ? -Math.round(-x) : Math.round(x);
}
