/**
 * The optimizers' settings. The engine applies them to the weights, by these formulas (g is the gradient, w the weights):
 *
 * - SGD (PyTorch's): d = g + λ·w;  b = μ·b + d (the first b is d);  w −= η·b, with Nesterov η·(d + μ·b)
 * - RMSprop (TensorFlow's): d = g + λ·w;  s = ρ·s + (1 − ρ)·d², from 1;  m = μ·m + η·d/√(s + ε);  w −= m
 * - AdamW: w −= η·λ·w;  m, v the bias-corrected means of g and g²;  w −= η·m/(√v + ε)
 */
import { MobileNetError, shown } from "../base/error.ts";
import type { UpdateSettings } from "../engine/training-executor.ts";

export type Optimizer =
	| { readonly kind: "sgd"; readonly momentum: number; readonly nesterov: boolean }
	| {
			readonly kind: "rmsprop";
			/** Weight of the past in the mean square. */
			readonly decay: number;
			readonly momentum: number;
			/** Added inside the root. */
			readonly epsilon: number;
	  }
	| { readonly kind: "adamw"; readonly beta1: number; readonly beta2: number; readonly epsilon: number };

export type OptimizerKind = Optimizer["kind"];

/** The optimizers' usual settings; RMSprop as in the paper ("asynchronous gradient descent similar to Inception V3"; TF-slim: ε 1, decay and momentum 0.9). */
export const optimizers: { readonly [K in OptimizerKind]: Extract<Optimizer, { kind: K }> } = {
	sgd: { kind: "sgd", momentum: 0.9, nesterov: true },
	rmsprop: { kind: "rmsprop", decay: 0.9, momentum: 0.9, epsilon: 1 },
	adamw: { kind: "adamw", beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
};

/** Default peak learning rates for batches of 256, and default weight decay. */
export const usualRates: Readonly<
	Record<OptimizerKind, { readonly learningRate: number; readonly weightDecay: number }>
> = {
	sgd: { learningRate: 0.4, weightDecay: 4e-5 },
	rmsprop: { learningRate: 0.045, weightDecay: 4e-5 },
	adamw: { learningRate: 4e-3, weightDecay: 0.05 },
};

/**
 * The usual rate for a batch size: proportional to it for SGD and RMSprop (Goyal and others 2017), to its root for AdamW.
 *
 * @example
 * usualLearningRate("sgd", 64) // 0.1
 */
export function usualLearningRate(kind: OptimizerKind, batch: number): number {
	const share = batch / 256;
	return usualRates[kind].learningRate * (kind === "adamw" ? Math.sqrt(share) : share);
}

/** Optimizer settings as the engine's update takes them; those that the optimizer lacks are 0. */
export function updateSettings(
	optimizer: Optimizer,
	place: Pick<UpdateSettings, "learningRate" | "weightDecay" | "step" | "gradientFactor" | "averageShare">,
): UpdateSettings {
	const unused = { momentum: 0, nesterov: false, decay: 0, beta1: 0, beta2: 0, epsilon: 0 };
	const { kind: _, ...own } = optimizer;
	return { ...unused, ...own, ...place };
}

/**
 * The factor by which clipping multiplies the gradients, as in PyTorch's `clip_grad_norm_`.
 *
 * @param limit the largest global norm after clipping
 */
export function clippingFactor(norm: number, limit: number): number {
	return Math.min(1, limit / (norm + 1e-6));
}

/**
 * The share of the new weights in the moving average at a step. The bias is corrected as in Adam: at the first step the
 * average equals the weights, and after t steps it is the mean of all t, with exponential weights that add up to 1.
 *
 * @param decay share of the past in the long run, such as 0.999
 * @param step from 1
 */
export function averageShare(decay: number, step: number): number {
	return (1 - decay) / (1 - decay ** step);
}

/** @throws MobileNetError `usage` for invalid settings */
export function checkOptimizer(optimizer: Optimizer): void {
	const share = (name: string, value: number): void => {
		if (!(value >= 0 && value < 1)) refuse(name, "a number from 0 to below 1", value);
	};
	const above0 = (value: number): void => {
		if (!(value > 0 && Number.isFinite(value))) refuse("epsilon", "a number above 0", value);
	};
	switch (optimizer.kind) {
		case "sgd":
			share("momentum", optimizer.momentum);
			if (optimizer.nesterov && optimizer.momentum === 0)
				refuse("momentum", "above 0 for Nesterov's rule", optimizer.momentum);
			return;
		case "rmsprop":
			share("decay", optimizer.decay);
			share("momentum", optimizer.momentum);
			above0(optimizer.epsilon);
			return;
		case "adamw":
			share("beta1", optimizer.beta1);
			share("beta2", optimizer.beta2);
			above0(optimizer.epsilon);
			return;
		default:
			throw new MobileNetError(
				"usage",
				`the optimizer must be ${Object.keys(optimizers).join(", ")}, not ${shown((optimizer as Optimizer).kind)}.`,
			);
	}
}

function refuse(field: string, expected: string, value: unknown): never {
	throw new MobileNetError("usage", `the optimizer's ${field} must be ${expected}, not ${shown(value)}.`);
}
