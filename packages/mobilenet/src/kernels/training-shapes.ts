/** Lengths that the operations of training have in common: of vectors, norms, partial sums and settings. */

/** Floats of a vector over a layer's channels: a multiple of 16, the width of a panel. */
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

/** Number of bands into which rows are divided. */
export function bandsOf(rows: number, bandRows: number): number {
	return Math.ceil(rows / bandRows);
}

/** Floats of the partial sums over rows: two vectors per band. */
export function partialsOf(rows: number, bandRows: number, channels: number): number {
	return bandsOf(rows, bandRows) * 2 * vectorOf(channels);
}

/** The settings of an optimizer step in their order in memory, one float each. */
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
