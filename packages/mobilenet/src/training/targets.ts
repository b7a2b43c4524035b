/**
 * The targets of each picture: probabilities of the classes, softened by label smoothing, weighted by class and mixed by
 * mixup. Rows are written in place, into the engine's memory, without allocation.
 */
import { MobileNetError, shown } from "../base/error.ts";
import { randomOf } from "../data/seeds.ts";

export interface TargetSettings {
	readonly classes: number;
	/** s: the target is (1 − s)·one-hot + s/K (Szegedy and others 2016). */
	readonly labelSmoothing: number;
	/** The weight of each class's pictures in the loss. Default: 1. */
	readonly classWeights?: Float32Array | undefined;
}

/**
 * Writes the targets of pictures. A row adds up to its class's weight; the row of a picture without a class (−1) is zero.
 *
 * @param into [pictures, pitch]; numbers beyond the classes stay unchanged
 */
export function writeTargets(
	labels: ArrayLike<number>,
	{ classes, labelSmoothing, classWeights }: TargetSettings,
	into: Float32Array,
	pitch: number,
): void {
	for (let n = 0; n < labels.length; n++) {
		const label = labels[n]!;
		const row = n * pitch;
		const weight = label < 0 ? 0 : (classWeights?.[label] ?? 1);
		into.fill((weight * labelSmoothing) / classes, row, row + classes);
		if (label >= 0) into[row + label]! += weight * (1 - labelSmoothing);
	}
}

/** The place of a batch in the run, which alone determines its random numbers. */
export interface BatchPlace {
	readonly seed: number;
	readonly epoch: number;
	/** Number of the batch (or micro-batch) in the epoch. */
	readonly batch: number;
}

/** Separate random streams of one batch. */
const streams = { mixup: 1, dropout: 2 } as const;
/** Mixing is done in 256ths, which is exact in bytes. */
const whole = 256;

/**
 * Mixes each picture with another of the batch, and their targets in the same proportion: λ·a + (1 − λ)·b, with one λ per
 * batch from Beta(α, α) (Zhang and others 2018, "mixup"). As in timm, the first picture is mixed with the last, the
 * second with the second-last, and so on, in place; a batch is in random order, so these are random pairs. A middle
 * picture stays unchanged. λ is a multiple of 1/256.
 *
 * @param pixels [pictures, bytes per picture]
 * @param targets all targets to mix, each [pictures, pitch]
 */
export function mixup(
	alpha: number,
	place: BatchPlace,
	pictures: number,
	pixels: Uint8Array,
	targets: readonly { readonly values: Float32Array; readonly pitch: number }[],
): void {
	if (alpha === 0) return;
	const share = mixupShare(alpha, place);
	const bytes = pixels.length / pictures;
	for (let first = 0, last = pictures - 1; first < last; first++, last--) {
		mixBytes(pixels, first * bytes, last * bytes, bytes, share);
		for (const { values, pitch } of targets) mixFloats(values, first * pitch, last * pitch, pitch, share);
	}
}

/** λ of a batch in 256ths. */
export function mixupShare(alpha: number, { seed, epoch, batch }: BatchPlace): number {
	return Math.round(whole * beta(alpha, randomOf(seed, epoch, batch, streams.mixup).uniform));
}

/** Determines which features dropout drops in a batch: a whole number from 0 to 2^32 − 1. */
export function dropoutSeed({ seed, epoch, batch }: BatchPlace): number {
	return randomOf(seed, epoch, batch, streams.dropout).bits();
}

function mixBytes(pixels: Uint8Array, a: number, b: number, count: number, share: number): void {
	const rest = whole - share;
	for (let i = 0; i < count; i++) {
		const x = pixels[a + i]!;
		const y = pixels[b + i]!;
		pixels[a + i] = (share * x + rest * y + whole / 2) >> 8;
		pixels[b + i] = (share * y + rest * x + whole / 2) >> 8;
	}
}

function mixFloats(values: Float32Array, a: number, b: number, count: number, share: number): void {
	const part = share / whole;
	const rest = 1 - part;
	for (let i = 0; i < count; i++) {
		const x = values[a + i]!;
		const y = values[b + i]!;
		values[a + i] = part * x + rest * y;
		values[b + i] = part * y + rest * x;
	}
}

/** Draws from Beta(α, α) by Jöhnk's rejection, in logarithms because powers of 1/α underflow for small α. */
function beta(alpha: number, uniform: () => number): number {
	for (;;) {
		// The added 2^-32 keeps the logarithm finite.
		const x = Math.log(uniform() + 2 ** -32) / alpha;
		const y = Math.log(uniform() + 2 ** -32) / alpha;
		const most = Math.max(x, y);
		const sum = most + Math.log(Math.exp(x - most) + Math.exp(y - most));
		if (sum <= 0) return Math.exp(x - sum);
	}
}

/** @throws MobileNetError `usage` */
export function checkTargetSettings(labelSmoothing: number, mixupAlpha: number): void {
	if (!(labelSmoothing >= 0 && labelSmoothing < 1))
		throw new MobileNetError(
			"usage",
			`label smoothing must be a number from 0 to below 1, not ${shown(labelSmoothing)}.`,
		);
	if (!(mixupAlpha >= 0 && mixupAlpha <= 1))
		throw new MobileNetError("usage", `mixup must be a number from 0 (none) to 1, not ${shown(mixupAlpha)}.`);
}
