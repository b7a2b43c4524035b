/**
 * The learning rate as a pure function of the step. Warm-up and cosine change it at every step, the staircase only between
 * epochs.
 */

/**
 * How the rate falls from its peak.
 *
 * - `constant`: it does not
 * - `exponential`: multiplied by `factor` after every `epochs` epochs, a staircase; the paper's code (TF-slim) has 0.94 every 2
 * - `cosine`: half a cosine, down to 0 at the end of the run (Loshchilov and Hutter 2017, "SGDR", without restarts)
 */
export type Schedule =
	| { readonly kind: "constant" }
	| { readonly kind: "exponential"; readonly factor: number; readonly epochs: number }
	| { readonly kind: "cosine" };

export const defaultSchedule: Schedule = { kind: "cosine" };
/** `tf.train.exponential_decay(…, staircase=True)`, as TF-slim's trainer calls it. */
export const paperSchedule: Extract<Schedule, { kind: "exponential" }> = {
	kind: "exponential",
	factor: 0.94,
	epochs: 2,
};

export interface RateSettings {
	/** The peak rate. */
	readonly learningRate: number;
	readonly schedule: Schedule;
	/** Epochs, possibly a fraction, during which the rate rises linearly from 0; 0 for none. */
	readonly warmUp: number;
	/** Epochs of the whole run. */
	readonly epochs: number;
}

/**
 * The learning rate of a step.
 *
 * The first of n warm-up steps has 1/n of the rate, not 0, as in PyTorch's `LinearLR`. A cosine starts when the warm-up
 * ends.
 *
 * @param step of the whole run, from 0
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
