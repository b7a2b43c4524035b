/** The public entry `mobilenet/training`: trains networks, from scratch or from a network trained on another task. */
export { runFolder } from "#run-folder";

import { distillOn } from "./distillation/distill.ts";
import type { DistillOptions } from "./distillation/options.ts";
import { engine } from "./engine.ts";
import type { Training } from "./events.ts";
import type { TrainingOptions } from "./options.ts";
import { trainOn } from "./trainer.ts";
import type { TransferOptions } from "./transfer/options.ts";
import { transferOn } from "./transfer/transfer.ts";

export { MobileNetError } from "../base/error.ts";
export type { OnProgress, Progress } from "../base/progress.ts";
export type { Augmentation } from "../data/augmentation.ts";
export type { Dataset } from "../data/dataset.ts";
export { writeModel } from "../formats/safetensors/model-writer.ts";
export { configure } from "../network/configuration.ts";
export { initialize } from "../weights/initialize.ts";
export type { Model } from "../weights/model.ts";
export { embeddingSize } from "./distillation/embedding-size.ts";
export type { DistillOptions } from "./distillation/options.ts";
export {
	type Lesson,
	softTargets,
	type Teacher,
	type TeacherBatch,
	type Views,
} from "./distillation/teacher.ts";
export { cachedTeacher } from "./distillation/teacher-cache.ts";
export { shownTeacher, teacherNetwork, withTeacherHead } from "./distillation/teacher-network.ts";
export { type Embeddings, embeddingsOf } from "./embeddings.ts";
export type { EpochReport, Training, TrainingDone, TrainingEvent, Validation } from "./events.ts";
export { type Classifier, type Head, type OutOfFold, trainHead, withHead } from "./head.ts";
export { logLine, runCurves } from "./log.ts";
export { nearestMean, nearestNeighbors } from "./neighbors.ts";
export { type Optimizer, optimizers } from "./optimizer.ts";
export {
	type Distillation,
	firstLayerOf,
	type Pictures,
	type TrainingOptions,
	type TrainingSettings,
	type ViewedBatch,
} from "./options.ts";
export { type RunFolder, runFiles } from "./run-folder.ts";
export { type RunState, runState } from "./run-state.ts";
export { paperSchedule, type Schedule } from "./schedule.ts";
export type {
	FineTuningReport,
	Measured,
	TransferOptions,
	TransferReport,
	TriedView,
	View,
} from "./transfer/options.ts";

/**
 * Trains a network and reports every step and epoch. The last event, `done`, has the network.
 *
 * @throws MobileNetError during iteration: `usage` for invalid options or data, `engine` for a loss that is not finite,
 *   `picture` if no picture can be read; the signal's reason
 * @example
 * const dataset = await openDataset("photos");
 * const parts = split(dataset);
 * const run = train({
 *   model: initialize(configure({ alpha: 0.25, size: 96, classes: dataset.classes.length }), { seed: 1 }),
 *   training: { dataset, indices: parts.training },
 *   validation: { dataset, indices: parts.validation },
 *   epochs: 30,
 * });
 * for await (const event of run)
 *   if (event.kind === "epoch") console.log(event.epoch, event.loss, event.validation?.top1);
 *   else if (event.kind === "done") await writeFile("model.safetensors", writeModel(event.model));
 */
export function train(options: TrainingOptions): Training {
	return trainOn(engine, options);
}

/**
 * Adapts a trained network to another task: a new classifier on its features, then fine-tuning, which is kept only if it
 * does well on the validation pictures. The defaults suit small folders of photographs.
 *
 * @throws MobileNetError as `train` does
 * @example
 * const model = await readModel("mobilenet_v1_1.0_224.tflite");
 * for await (const event of transfer({ model, training, validation }))
 *   if (event.kind === "done") await writeFile("flowers.safetensors", writeModel(event.model));
 */
export function transfer(options: TransferOptions): Training {
	return transferOn(engine, options);
}

/**
 * Trains a network, the student, to answer like another, the teacher. The teacher gives the probability of every class for
 * each picture, which says more than a label: what else the picture resembles.
 *
 * The teacher must know the data's classes, which are looked up among its own by WordNet id, label or synonym; with
 * `teacherHead` it first learns them. The last event, `done`, has the student, and in `lesson` what it learned from.
 *
 * @throws MobileNetError as `train` does
 * @example
 * const dataset = await openDataset("photos");
 * const parts = split(dataset);
 * const run = distill({
 *   teacher: await readModel("mobilenet_v1_1.0_224.tflite"),
 *   teacherHead: true,
 *   student: initialize(configure({ alpha: 0.25, size: 128 }), { seed: 1 }),
 *   training: { dataset, indices: parts.training },
 *   validation: { dataset, indices: parts.validation },
 * });
 * for await (const event of run)
 *   if (event.kind === "done") await writeLocation("small.safetensors", writeModel(event.model));
 */
export function distill(options: DistillOptions): Training {
	return distillOn(engine, options);
}
