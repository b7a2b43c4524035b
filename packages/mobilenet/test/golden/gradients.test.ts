/**
 * One training pass of four networks, every gradient of it, and eight whole steps with each optimizer, as PyTorch
 * computed them in float64: on every build.
 */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { createTrainer } from "../../src/engine/training.ts";
import type { TrainingPlanOptions, UpdateSettings } from "../../src/engine/training-executor.ts";
import { readSafetensors } from "../../src/formats/safetensors/safetensors.ts";
import { loadBuild } from "../../src/kernels/load.ts";
import type { Build } from "../../src/kernels/walker.ts";
import { type ConfigurationOptions, configure } from "../../src/network/configuration.ts";
import { type Model, type Tensor, usualPreprocessing } from "../../src/weights/model.ts";
import { describeWithShared, shared } from "../support/shared.ts";

/** golden/README.md. */
const tolerances = {
	gradient: 2e-4,
	running: 1e-5,
	loss: 1e-5,
	curveLoss: 2e-3,
	curveChange: 0.2,
	runningChange: 0.01,
} as const;
const builds: readonly Build[] = ["wide", "relaxed", "baseline", "reference"];
const usual = {
	threads: 1,
	from: "stem",
	optimizer: "sgd",
	average: false,
	loss: { crossEntropy: true, distillation: false, squaredError: false },
	decayAll: false,
} as const satisfies Partial<TrainingPlanOptions>;
const lossSettings = { hardWeight: 1, softWeight: 0, temperature: 1, dropoutSeed: 0 };

interface Golden {
	readonly model: Model;
	readonly tensors: ReadonlyMap<string, Tensor>;
	readonly numbers: (name: string) => Float32Array;
	readonly training: Readonly<Record<string, number | boolean | string>>;
}

function goldenOf(path: string): Golden {
	const { tensors, metadata } = readSafetensors(readFileSync(shared(path)), path);
	const training = JSON.parse(metadata.training!) as Golden["training"];
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

function oneHot(
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
function apart(got: Float32Array, expected: Float32Array, by: Float32Array = expected): number {
	expect(got.length).toBe(expected.length);
	const norm = (values: Float32Array): number => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));
	return norm(got.map((x, i) => x - expected[i]!)) / norm(by);
}

for (const name of ["torch", "tf", "tutorial", "frozen"]) {
	const path = `golden/gradients_${name}.safetensors`;
	describeWithShared(path, [path], () => {
		it.each(builds)("%s", async (build) => {
			const { model, tensors, numbers, training } = goldenOf(path);
			const { loaded } = await loadBuild({ build, kernelSet: "training" });
			const labels = numbers("labels");
			const trainer = createTrainer(
				model,
				{
					...usual,
					...{ build, batch: labels.length, inputGradient: true },
					frozenNorm: training.frozenBatchNorm as boolean,
				},
				loaded,
			);
			trainer.floats.set(numbers("input"));
			const { classes } = model.configuration;
			oneHot(trainer.targets, trainer.targetPitch, labels, classes, training.labelSmoothing as number);
			const loss = trainer.forward("floats", labels.length, lossSettings);
			trainer.backward();
			expect(Math.abs(loss - numbers("loss")[0]!)).toBeLessThan(tolerances.loss);
			const after = trainer.model("weights").tensors;
			const faults: string[] = [];
			for (const [key, { data }] of tensors) {
				const [kind, ...rest] = key.split(".");
				const tensor = rest.join(".");
				if (kind === "gradient") {
					const far = apart(trainer.gradient(tensor), data as Float32Array);
					if (!(far < tolerances.gradient)) faults.push(`${key} is ${far} off`);
				} else if (kind === "after") {
					const far = apart(after.get(tensor)!.data as Float32Array, data as Float32Array);
					if (!(far < tolerances.running)) faults.push(`${key} is ${far} off`);
				}
			}
			expect(faults).toEqual([]);
			trainer.dispose();
		});
	});
}

for (const optimizer of ["sgd", "rmsprop", "adamw"] as const) {
	const path = `golden/loss_curves_${optimizer}.safetensors`;
	const dataPath = "golden/loss_curves_data.safetensors";
	describeWithShared(path, [path, dataPath], () => {
		it.each(builds)("%s", async (build) => {
			const { model, tensors, numbers, training } = goldenOf(path);
			const data = readSafetensors(readFileSync(shared(dataPath)), dataPath).tensors;
			const { loaded } = await loadBuild({ build, kernelSet: "training" });
			const batch = training.batch as number;
			const trainer = createTrainer(model, { ...usual, build, batch, optimizer, frozenNorm: false }, loaded);
			const [pictures, labels] = [data.get("pictures")!.data, data.get("labels")!.data];
			const pictureBytes = pictures.length / labels.length;
			const { classes } = model.configuration;
			const settings: UpdateSettings = {
				learningRate: training.lr as number,
				weightDecay: training.weightDecay as number,
				momentum: (training.momentum ?? 0) as number,
				nesterov: (training.nesterov ?? false) as boolean,
				decay: (training.decay ?? 0) as number,
				beta1: (training.beta1 ?? 0) as number,
				beta2: (training.beta2 ?? 0) as number,
				epsilon: (training.epsilon ?? 0) as number,
				step: 1,
				gradientFactor: 1,
				averageShare: 0,
			};
			for (const [k, expected] of numbers("losses").entries()) {
				const indices = Array.from({ length: batch }, (_, j) => (k * batch + j) % labels.length);
				for (const [n, i] of indices.entries())
					trainer.pixels.set(pictures.subarray(i * pictureBytes, (i + 1) * pictureBytes), n * pictureBytes);
				oneHot(
					trainer.targets,
					trainer.targetPitch,
					indices.map((i) => labels[i]!),
					classes,
					0,
				);
				const loss = trainer.forward("bytes", batch, lossSettings);
				trainer.backward();
				trainer.update({ ...settings, step: k + 1 });
				expect(Math.abs(loss - expected), `loss of step ${k + 1}`).toBeLessThan(tolerances.curveLoss);
			}
			const after = trainer.model("weights").tensors;
			const faults: string[] = [];
			for (const [key, { data: expected }] of tensors) {
				if (!key.startsWith("after.")) continue;
				const tensor = key.slice("after.".length);
				const before = numbers(`before.${tensor}`);
				const change = (expected as Float32Array).map((x, i) => x - before[i]!);
				const far = apart(after.get(tensor)!.data as Float32Array, expected as Float32Array, change);
				const limit = tensor.includes("running") ? tolerances.runningChange : tolerances.curveChange;
				if (!(far < limit)) faults.push(`${key} is ${far} of its change off`);
			}
			expect(faults).toEqual([]);
			trainer.dispose();
		});
	});
}
