/** What a run asks of the engine: a plan for a step, or for as much of it as memory holds. */
import { MobileNetError } from "../base/error.ts";
import type { TrainingPlanOptions } from "../engine/training-executor.ts";
import type { Model } from "../weights/model.ts";
import type { TrainingOptions, TrainingSettings } from "./options.ts";
import { indicesOf } from "./pictures.ts";

export type Place = Pick<TrainingPlanOptions, "build" | "threads">;

/** Pictures of each run of a step of so many, none of which takes more than `most`; all alike but for one. */
export function microBatchOf(pictures: number, most: number): number {
	return Math.ceil(pictures / Math.ceil(pictures / most));
}

/** The plan for a step, or for the parts that memory holds, and a sentence about them. */
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
			`a training plan of this network does not fit memory even for one picture: take a smaller size or width, or train fewer layers.`,
		);
	const batch = microBatchOf(step, Math.min(fitting, microBatch ?? step));
	const plan = { ...options, batch };
	if (batch === step) return { plan };
	const why = microBatch === undefined ? ` (memory holds ${fitting})` : "";
	const norm = frozenNorm ? "" : "; batch norm takes its statistics from each run's pictures alone";
	return {
		plan,
		note: `a step of ${step} pictures is made of ${Math.ceil(step / batch)} runs of up to ${batch}${why}: gradients are added up${norm}.`,
	};
}
