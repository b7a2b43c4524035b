/** What the tests of one training pass and of whole training steps share. */
import { expect } from "vitest";
import type { TrainingPlanOptions } from "../../src/engine/training-executor.ts";
import { type ConfigurationOptions, configure } from "../../src/network/configuration.ts";
import { type Model, usualPreprocessing } from "../../src/weights/model.ts";
import type { Tensor } from "../../src/weights/tensor.ts";
import type { GoldenFile } from "./sets.ts";

export const usual = {
	threads: 1,
	from: "stem",
	optimizer: "sgd",
	average: false,
	loss: { crossEntropy: true, distillation: false, squaredError: false },
	decayAll: false,
} as const satisfies Partial<TrainingPlanOptions>;
export const lossSettings = { hardWeight: 1, softWeight: 0, temperature: 1, dropoutSeed: 0 };

/** What a file of a training run holds. */
export interface Training {
	readonly model: Model;
	readonly tensors: ReadonlyMap<string, Tensor>;
	readonly numbers: (name: string) => Float32Array;
	readonly training: Readonly<Record<string, number | boolean | string>>;
}

export function trainingOf({ tensors, metadata }: GoldenFile): Training {
	const training = JSON.parse(metadata.training!) as Training["training"];
	const configuration = configure({
		...(JSON.parse(metadata.config!) as ConfigurationOptions),
		momentum: training.batchNormMomentum as number,
		runningVariance: training.runningVariance as "unbiased",
		dropout: 0,
	});
	const before = [...tensors].flatMap(([name, tensor]) =>
		name.startsWith("before.") ? [[name.slice("before.".length), tensor] as const] : [],
	);
	const model: Model = {
		configuration,
		tensors: new Map(before),
		preprocessing: usualPreprocessing(configuration.inputChannels),
		source: { format: "golden", assumed: [], notes: [] },
	};
	return { model, tensors, training, numbers: (name) => tensors.get(name)!.data as Float32Array };
}

/** Targets of these labels, `pitch` numbers apart. */
export function oneHot(
	into: Float32Array,
	pitch: number,
	labels: ArrayLike<number>,
	classes: number,
	smoothing: number,
) {
	for (let n = 0; n < labels.length; n++)
		for (let c = 0; c < classes; c++)
			into[n * pitch + c] = (c === labels[n] ? 1 - smoothing : 0) + smoothing / classes;
}

/** How far numbers are from others, relative to the others' norm, or to that of what is given. */
export function apart(got: Float32Array, expected: Float32Array, by: Float32Array = expected): number {
	expect(got.length).toBe(expected.length);
	const norm = (values: Float32Array): number => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));
	return norm(got.map((x, i) => x - expected[i]!)) / norm(by);
}
