/**
 * The arithmetic of integers that stand for real numbers: real = scale · (code − zero point). Activations share one
 * scale a layer and have a zero point, so that 0, which pads pictures, is a code itself. Weights have a scale a
 * channel and no zero point.
 *
 * Source: Jacob and others 2018, "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
 * Inference"; https://ai.google.dev/edge/litert/models/quantization_spec for the ranges.
 */
import type { Codes } from "../weights/parts.ts";

/** Codes of activations. Those of weights leave out the least, so that they are symmetric. */
export const leastCode = -128;
export const mostCode = 127;

/** A range of real numbers. */
export type Range = readonly [low: number, high: number];

/**
 * Codes that cover a range, of which 0 always is a part.
 *
 * @example
 * codesFor([0, 6]) // { scale: 6 / 255, zeroPoint: -128 }, as TensorFlow Lite has them after ReLU6
 */
export function codesFor([low, high]: Range): Codes {
	const [least, most] = [Math.min(low, 0), Math.max(high, 0)];
	if (least === most) return { scale: 1, zeroPoint: 0 };
	const scale = Math.fround((most - least) / (mostCode - leastCode));
	return { scale, zeroPoint: clamp(Math.round(leastCode - least / scale), leastCode, mostCode) };
}

/** The code nearest to a number; what lies outside the range gets the first or last one. */
export function toCode(real: number, { scale, zeroPoint }: Codes): number {
	return clamp(roundAway(real / scale) + zeroPoint, leastCode, mostCode);
}

export function fromCode(code: number, { scale, zeroPoint }: Codes): number {
	return scale * (code - zeroPoint);
}

export function clamp(x: number, least: number, most: number): number {
	return Math.min(Math.max(x, least), most);
}

/** Halves go away from 0, so that x and −x have codes alike. */
export function roundAway(x: number): number {
	return x < 0 ? -Math.round(-x) : Math.round(x);
}
