/**
 * The learning rate as a pure function of the place in the run. Rates change by the step where they glide (warm-up,
 * cosine) and by the epoch where they are a staircase.
 */
/**
 * How the rate falls from its height.
 *
 * - `constant`: it does not
 * - `exponential`: times `factor` after every `epochs` epochs, a staircase; the paper's code (TF-slim) has 0.94 every 2
 * - `cosine`: half a cosine down to 0 at the end of the run (Loshchilov and Hutter 2017, "SGDR", without restarts)
 */
export type Schedule =
	| { readonly kind: "constant" }
	| { readonly kind: "exponential"; readonly factor: number; readonly epochs: number }
	| { readonly kind: "cosine" };

export const defaultSchedule: Schedule = { kind: "cosine" };
/** `tf.train.exponential_decay(…, staircase=True)` as TF-slim's trainer calls it. */
export const paperSchedule: Extract<Schedule, { kind: "exponential" }> = {
	kind: "exponential",
	factor: 0.94,
	epochs: 2,
};

export interface RateSettings {
	/** The rate at its height. */
	readonly learningRate: number;
	readonly schedule: Schedule;
	/** Epochs, not always whole, in which the rate rises in a line from nothing; 0 for none. */
	readonly warmUp: number;
	/** Of the whole run. */
	readonly epochs: number;
}

/**
 * The learning rate of a step.
 *
 * The first step of a warm-up has one share of the rate, not none: PyTorch's `LinearLR` from 1/n. A cosine begins where
 * the warm-up ends.
 *
 * @param step from 0, of the whole run
 * @param stepsPerEpoch steps that every epoch has
 * @example
 * learningRateAt({ learningRate: 0.1, schedule: { kind: "cosine" }, warmUp: 0, epochs: 2 }, 10, 10) // 0.05
 */
export function learningRateAt(
	{ learningRate, schedule, warmUp, epochs }: RateSettings,
	step: number,
	stepsPerEpoch: number,
): number {
	const warmSteps = Math.round(warmUp * stepsPerEpoch);
	if (step < warmSteps) return (learningRate * (step + 1)) / warmSteps;
	switch (schedule.kind) {
		case "constant":
			return learningRate;
		case "exponential":
			return learningRate * schedule.factor ** Math.floor(step / (stepsPerEpoch * schedule.epochs));
		case "cosine": {
			const done = (step - warmSteps) / Math.max(1, epochs * stepsPerEpoch - warmSteps);
			return (learningRate * (1 + Math.cos(Math.PI * Math.min(1, done)))) / 2;
		}
	}
}
