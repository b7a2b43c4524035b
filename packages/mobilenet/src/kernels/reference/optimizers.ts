/**
 * The optimizers: a step on `length` numbers, where g is the gradient times gradientFactor (clipping); gradients are zero
 * afterwards. The formulas are in training-operations.ts: SGD as in PyTorch, RMSprop as in TensorFlow, AdamW by Loshchilov
 * and Hutter. `settings` are floats in the order of `settingNames`.
 *
 * The corrections of AdamW are for beta1 and beta2 as float32 holds them: its 1 − 0.999 is off by a hundred-thousandth.
 */
import type { Operands } from "../operations.ts";
import { type Settings, settingNames } from "../training-shapes.ts";

const named = (settings: Float32Array): Settings =>
	Object.fromEntries(settingNames.map((name, i) => [name, settings[i]!])) as Settings;

export function sgd({ parameters, gradients, first, settings, length, decays }: Operands<"sgd">): void {
	const { learningRate, weightDecay, gradientFactor, momentum, nesterov } = named(settings);
	for (let i = 0; i < length; i++) {
		const d = gradientFactor * gradients[i]! + (decays ? weightDecay * parameters[i]! : 0);
		const m = momentum * first[i]! + d;
		first[i] = m;
		parameters[i]! -= learningRate * (nesterov ? d + momentum * m : m);
		gradients[i] = 0;
	}
}

export function rmsprop({
	parameters,
	gradients,
	first,
	second,
	settings,
	length,
	decays,
}: Operands<"rmsprop">): void {
	const { learningRate, weightDecay, gradientFactor, momentum, decay, epsilon } = named(settings);
	for (let i = 0; i < length; i++) {
		const d = gradientFactor * gradients[i]! + (decays ? weightDecay * parameters[i]! : 0);
		const s = decay * second[i]! + (1 - decay) * d ** 2;
		const m = momentum * first[i]! + (learningRate * d) / Math.sqrt(s + epsilon);
		second[i] = s;
		first[i] = m;
		parameters[i]! -= m;
		gradients[i] = 0;
	}
}

export function adamw({
	parameters,
	gradients,
	first,
	second,
	settings,
	length,
	decays,
}: Operands<"adamw">): void {
	const { learningRate, weightDecay, gradientFactor, ...moments } = named(settings);
	const { beta1, beta2, epsilon, firstCorrection, secondCorrection } = moments;
	for (let i = 0; i < length; i++) {
		const g = gradientFactor * gradients[i]!;
		const m = beta1 * first[i]! + (1 - beta1) * g;
		const s = beta2 * second[i]! + (1 - beta2) * g ** 2;
		const decayed = decays ? learningRate * weightDecay * parameters[i]! : 0;
		first[i] = m;
		second[i] = s;
		parameters[i]! -=
			decayed + (learningRate * (m * firstCorrection)) / (Math.sqrt(s * secondCorrection) + epsilon);
		gradients[i] = 0;
	}
}

export function movingAverage({ parameters, average, settings, length }: Operands<"movingAverage">): void {
	const { averageShare } = named(settings);
	for (let i = 0; i < length; i++) average[i]! += averageShare * (parameters[i]! - average[i]!);
}
