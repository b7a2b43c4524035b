/** Ours: the steps of a training plan on pictures in its memory as floats. */
import { readModel } from "mobilenet/formats";
import { createTrainer } from "../../../mobilenet/dist/engine/training.js";
import { loadBuild } from "../../../mobilenet/dist/kernels/load.js";
import { inputsOf, serve } from "../runtimes/serve.ts";
import { timedSteps } from "./steps.ts";

const longestWaitMs = 10_000;
const lookMs = 5;

serve(async (job) => {
	const { batch, threads } = job;
	const { labels, learningRate, momentum, losses } = job.training!;
	const model = await readModel(`${job.folder}/${job.network}`);
	const { loaded } = await loadBuild({ shared: threads > 1, kernelSet: "training" });
	const trainer = createTrainer(
		model,
		{
			build: loaded.build,
			threads,
			batch,
			from: "stem",
			frozenNorm: false,
			optimizer: "sgd",
			average: false,
			decayAll: false,
			loss: { crossEntropy: true, distillation: false, squaredError: false },
		},
		loaded,
	);
	trainer.floats.set(inputsOf(job)[0]!);
	for (const [n, label] of labels.entries()) trainer.targets[n * trainer.targetPitch + label] = 1;
	const settings = { hardWeight: 1, softWeight: 0, temperature: 1, dropoutSeed: 0 };
	const sgd = { learningRate, momentum, nesterov: false, weightDecay: 0, gradientFactor: 1 };
	const others = { decay: 0, beta1: 0, beta2: 0, epsilon: 0, averageShare: 0 };
	let done = 0;
	const step = (): number => {
		const loss = trainer.forward("floats", batch, settings);
		trainer.backward();
		trainer.update({ ...sgd, ...others, step: ++done });
		return loss;
	};
	const end = performance.now() + longestWaitMs;
	while (trainer.threads() < threads) {
		if (performance.now() > end) throw new Error(`only ${trainer.threads()} of ${threads} threads joined.`);
		trainer.forward("floats", 1, settings);
		await new Promise((resolve) => setTimeout(resolve, lookMs));
	}
	return { ...timedSteps(step, losses), build: loaded.build, close: async () => trainer.dispose() };
});
