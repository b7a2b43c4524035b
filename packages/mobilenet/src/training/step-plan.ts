/** The plan that a run needs from the engine: for a whole step, or for as much of it as fits into memory. */
import { MobileNetError } from "../base/error.ts";
import type { TrainingPlanOptions } from "../engine/training-executor.ts";
import type { Model } from "../weights/model.ts";
import type { TrainingOptions, TrainingSettings } from "./options.ts";
import { indicesOf } from "./pictures.ts";

export type Place = Pick<TrainingPlanOptions, "build" | "threads">;

/** Splits a step of `pictures` into runs of at most `most`, all of this size except the last. */
export function microBatchOf(pictures: number, most: number): number {
	return Math.ceil(pictures / Math.ceil(pictures / most));
}

/** The plan for a step, or for its parts if it does not fit into memory, and a note on the parts. */
export function planFor(
	mostPictures: (model: Model, options: Omit<TrainingPlanOptions, "batch">) => number,
	model: Model,
	{ distillation, training }: TrainingOptions,
	settings: TrainingSettings,
	place: Place,
): { readonly plan: TrainingPlanOptions; readonly note?: string } {
	const { from, frozenNorm, optimizer, average, decayAll, microBatch } = settings;
	const options = {
		...place,
		from,
		frozenNorm,
		optimizer: optimizer.kind,
		average: average > 0,
		decayAll,
		loss: {
			crossEntropy: (distillation?.hardWeight ?? 1) > 0,
			distillation: distillation?.teacher.kind === "probabilities",
			squaredError: distillation?.teacher.kind === "embedding",
		},
	};
	const step = Math.min(settings.batch, indicesOf(training).length);
	const fitting = mostPictures(model, options);
	if (fitting < 1)
		throw new MobileNetError(
			"engine",
			`training this network does not fit into memory even for one picture: use a smaller size or width, or train fewer layers.`,
		);
	const batch = microBatchOf(step, Math.min(fitting, microBatch ?? step));
	const plan = { ...options, batch };
	if (batch === step) return { plan };
	const why = microBatch === undefined ? ` (${fitting} fit into memory)` : "";
	const norm = frozenNorm ? "" : "; batch norm uses the statistics of each run's pictures only";
	return {
		plan,
		note: `a step of ${step} pictures consists of ${Math.ceil(step / batch)} runs of at most ${batch}${why}: gradients are summed${norm}.`,
	};
}
