/** The trainer's engine: this package's training plans, with the build and threads that suit this machine. */
import { mostPictures } from "../engine/plans/training.ts";
import { trainingThreads } from "../engine/threads.ts";
import { createTrainer } from "../engine/training.ts";
import { loadBuild } from "../kernels/load.ts";
import type { Engine } from "./trainer.ts";

const kernelSet = "training";

export const engine: Engine = {
	place: async ({ build, threads: asked }) => {
		const threads = trainingThreads(asked);
		const { loaded } = await loadBuild({ build, shared: threads > 1, kernelSet });
		return { build: loaded.build, threads };
	},
	mostPictures: (model, options) => mostPictures(model, { ...options, batch: 1 }),
	createTrainer: async (model, options) => {
		const { build, threads } = options;
		const { loaded } = await loadBuild({ build, shared: threads > 1, kernelSet });
		return createTrainer(model, options, loaded);
	},
};
