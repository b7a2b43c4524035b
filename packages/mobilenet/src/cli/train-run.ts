/** A run of `mobilenet train`: a network from scratch, or one that is brought to another task. */
import { changedModel } from "../model/changed-model.ts";
import { loadModel } from "../model/source.ts";
import { initialize, train, transfer } from "../training/index.ts";
import type { Model } from "../weights/model.ts";
import type { ProcessLike } from "./context.ts";
import { configurationOf } from "./options/network.ts";
import { checkTrainOptions, type TrainOptions } from "./options/train.ts";
import { labeledPictures, runInTerminal } from "./training-run.ts";

/**
 * Trains as the command line says.
 *
 * @returns whether the run came to its end
 */
export async function runTraining(
	options: TrainOptions,
	data: string,
	process: ProcessLike,
): Promise<boolean> {
	checkTrainOptions(options);
	const { from, fineTune, head } = options;
	return runInTerminal(options, data, process, {
		models: from === undefined ? [] : [from],
		// The classifier alone is not judged by validation pictures: it learns from all.
		pictures: (tools) => labeledPictures(options, data, fineTune !== "none", tools),
		begin: async (settings, { onProgress }) => {
			const { classes } = settings.training.dataset;
			const model = await startOf(options, classes.length, settings.seed);
			return {
				run:
					from === undefined
						? train({ ...settings, model })
						: transfer({ ...settings, model, fineTune, head, onProgress }),
			};
		},
	});
}

/** The network that the run begins with. */
async function startOf(options: TrainOptions, classes: number, seed: number): Promise<Model> {
	const { from, size } = options;
	if (from !== undefined) return changedModel(await loadModel(from), { size });
	return initialize(configurationOf(options, classes), { seed });
}
