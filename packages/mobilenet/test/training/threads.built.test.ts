/**
 * Training on threads, on the built files (where the worker's file is): the same bits on any number of them; and steps
 * that neither take memory nor leave garbage.
 */
import { describe, expect, it } from "vitest";
import { createTrainer } from "../../dist/engine/training.js";
import type { TrainingExecutor, TrainingPlanOptions } from "../../dist/engine/training-executor.js";
import { loadBuild } from "../../dist/kernels/load.js";
import type { Build } from "../../dist/kernels/walker.js";
import { type ConfigurationOptions, configure } from "../../dist/network/configuration.js";
import { initialize } from "../../dist/weights/initialize.js";
import type { Model } from "../../dist/weights/model.js";

const usual = {
	from: "stem",
	frozenNorm: false,
	optimizer: "sgd",
	average: true,
	loss: { crossEntropy: true, distillation: true, squaredError: false },
	decayAll: false,
} as const satisfies Partial<TrainingPlanOptions>;
const losses = { hardWeight: 0.7, softWeight: 0.3, temperature: 2, dropoutSeed: 5 };
const settings = {
	...{ learningRate: 0.05, weightDecay: 1e-4, momentum: 0.9, nesterov: true, decay: 0.9 },
	...{ beta1: 0.9, beta2: 0.999, epsilon: 1e-8, step: 1, gradientFactor: 1, averageShare: 0.1 },
};

async function trainerOf(
	options: ConfigurationOptions,
	plan: Partial<TrainingPlanOptions> & Pick<TrainingPlanOptions, "build" | "threads" | "batch">,
): Promise<TrainingExecutor> {
	const { loaded } = await loadBuild({
		build: plan.build,
		shared: plan.threads > 1,
		kernelSet: "training",
	});
	const trainer = createTrainer(initialize(configure(options), { seed: 3 }), { ...usual, ...plan }, loaded);
	const { pixels, targets, softTargets } = trainer;
	for (let i = 0; i < pixels.length; i++) pixels[i] = (i * 7919) % 251;
	for (let n = 0; n < plan.batch; n++) {
		targets[n * trainer.targetPitch + (n % 3)] = 1;
		softTargets[n * trainer.targetPitch + ((n + 1) % 3)] = 1;
	}
	const deadline = performance.now() + 10_000;
	while (trainer.threads() < plan.threads) {
		if (performance.now() > deadline) throw new Error("the workers do not come");
		await new Promise((resolve) => setTimeout(resolve, 1));
	}
	return trainer;
}

function step(trainer: TrainingExecutor, pictures: number, number: number): number {
	const loss = trainer.forward("bytes", pictures, losses);
	trainer.backward();
	trainer.gradientNorm();
	trainer.update({ ...settings, step: number });
	return loss;
}

describe.each(["wide", "relaxed", "baseline"] satisfies Build[])("the %s build", (build) => {
	it.each([
		[{ alpha: 0.5, size: 64, classes: 10, dropout: 0.2 }, {}],
		[{ alpha: 0.35, size: 45, classes: 7, inputChannels: 1 }, { optimizer: "rmsprop" }],
		[
			{ alpha: 0.25, size: 96, classes: 5, activation: "leakyRelu" },
			{ optimizer: "adamw", decayAll: true },
		],
		[{ alpha: 0.25, size: 64, classes: 3, lastBlock: "stride2" }, { frozenNorm: true }],
		[{ alpha: 1, size: 64, classes: 4 }, { from: "blocks.11.depthwise" }],
		[{ alpha: 1, size: 32, classes: 4 }, { from: "classifier" }],
	] as const)(
		"trains to the same bits on any number of threads: %o %o",
		async (options, plan) => {
			const run = async (threads: number): Promise<Model> => {
				const trainer = await trainerOf(options, { build, threads, batch: 6, ...plan });
				for (let number = 1; number <= 3; number++) step(trainer, number === 3 ? 5 : 6, number);
				const model = trainer.model("weights");
				trainer.dispose();
				return model;
			};
			const alone = await run(1);
			const start = initialize(configure(options), { seed: 3 }).tensors;
			expect(alone.tensors.get("classifier.weight")!.data).not.toEqual(start.get("classifier.weight")!.data);
			for (const threads of [2, 3]) {
				const together = await run(threads);
				for (const [name, { data }] of alone.tensors)
					expect(
						Buffer.from(together.tensors.get(name)!.data.buffer).equals(Buffer.from(data.buffer)),
						name,
					).toBe(true);
			}
		},
		120_000,
	);
});

it("takes no memory and leaves no garbage from the second step to the thousandth", async () => {
	const trainer = await trainerOf(
		{ alpha: 0.25, size: 32, classes: 3 },
		{ build: "relaxed", threads: 1, batch: 2 },
	);
	const reused = { ...settings };
	const work = (steps: number): void => {
		for (let i = 0; i < steps; i++) {
			trainer.forward("bytes", 2, losses);
			trainer.backward();
			trainer.gradientNorm();
			trainer.update(reused);
		}
	};
	// Until V8 has compiled what runs often: before, it boxes numbers.
	work(400);
	const { gc } = globalThis as { gc?: () => void };
	gc?.();
	const before = process.memoryUsage();
	work(600);
	// Without a collection in between: what a step had left behind would still be here.
	const after = process.memoryUsage();
	expect((after.heapUsed - before.heapUsed) / 600).toBeLessThan(200);
	expect(after.arrayBuffers + after.external).toBeLessThanOrEqual(before.arrayBuffers + before.external);
	trainer.dispose();
}, 120_000);
