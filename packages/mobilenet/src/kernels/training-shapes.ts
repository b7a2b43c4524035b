/** What the operations of training have in common: lengths of vectors, norms, partials and settings. */

/** Floats of what belongs to the channels of a layer: whole panels. */
export function vectorOf(channels: number): number {
	return Math.ceil(channels / 16) * 16;
}

/** The vectors of a norm, in order (training-operations.ts). */
export const normVectors = [
	"scale",
	"shift",
	"mean",
	"inverseDeviation",
	"gradientFactor",
	"rawFactor",
	"constant",
] as const;

/** Floats of a norm. */
export function normOf(channels: number): number {
	return normVectors.length * vectorOf(channels);
}

/** Bands of so many rows. */
export function bandsOf(rows: number, bandRows: number): number {
	return Math.ceil(rows / bandRows);
}

/** Floats of the partial sums of so many rows. */
export function partialsOf(rows: number, bandRows: number, channels: number): number {
	return bandsOf(rows, bandRows) * 2 * vectorOf(channels);
}

/** What optimizers read in a step, in this order, a float each. */
export const settingNames = [
	"learningRate",
	"weightDecay",
	"gradientFactor",
	"momentum",
	"nesterov",
	"decay",
	"beta1",
	"beta2",
	"epsilon",
	"firstCorrection",
	"secondCorrection",
	"averageShare",
] as const;

export type Settings = Readonly<Record<(typeof settingNames)[number], number>>;
