/**
 * One step: the gradients of a batch, in several runs if it does not fit into memory, then one update of the weights.
 */
import { MobileNetError } from "../base/error.ts";
import type { Batch } from "../data/batches.ts";
import { classWeights } from "../data/classes.ts";
import type { TrainingExecutor } from "../engine/training-executor.ts";
import type { Model } from "../weights/model.ts";
import { weightedParts } from "../weights/parts.ts";
import { averageShare, clippingFactor, updateSettings } from "./optimizer.ts";
import type { TrainingOptions, TrainingSettings, ViewedBatch } from "./options.ts";
import { indicesOf } from "./pictures.ts";
import { microBatchOf } from "./step-plan.ts";
import { dropoutSeed, mixup, type TargetSettings, writeTargets } from "./targets.ts";

/** The result of a step. */
export interface Learned {
	/** Mean over its pictures. */
	readonly loss: number;
	readonly gradientNorm?: number | undefined;
}

/** The place of a step in the run, from 0: its epoch, its number in the epoch, its number in the run. */
export interface StepPlace {
	readonly epoch: number;
	readonly position: number;
	readonly step: number;
}

/** A step has fewer runs than this, so that the numbers of runs differ between steps. */
const mostRuns = 1000;

/** Makes the function that does a step; what all steps share is computed once. */
export function stepOf(
	executor: TrainingExecutor,
	model: Model,
	{ training, distillation }: TrainingOptions,
	settings: TrainingSettings,
	most: number,
) {
	const { configuration } = model;
	const { labels, classes } = training.dataset;
	const { labelSmoothing, seed, optimizer, weightDecay, clip, average } = settings;
	const targets: TargetSettings = {
		classes: configuration.classes,
		labelSmoothing,
		classWeights:
			settings.balance === "weights"
				? classWeights(
						Int32Array.from(indicesOf(training), (index) => labels[index]!),
						classes.length,
					)
				: undefined,
	};
	const { targetPitch: pitch } = executor;
	const bytes = configuration.size ** 2 * configuration.inputChannels;
	const teacherBytes =
		(distillation?.teacher.view?.size ?? 0) ** 2 * (distillation?.teacher.view?.channels ?? 0);
	const rows = [
		{ values: executor.targets, pitch },
		...(distillation ? [{ values: executor.softTargets, pitch }] : []),
	];
	const weights = {
		hardWeight: distillation?.hardWeight ?? 1,
		softWeight: distillation?.softWeight ?? 0,
		temperature: distillation?.teacher.temperature ?? 1,
	};
	const own = new Int32Array(most);
	const normMomentum = momentumFrom(configuration.momentum, isUntouched(model));
	return (batch: Batch, { epoch, position, step }: StepPlace, learningRate: number): Learned => {
		const total = batch.count;
		const micro = microBatchOf(total, most);
		// One seed serves the whole step, because the executor counts the step's pictures.
		const dropped = dropoutSeed({ seed, epoch, batch: position });
		let loss = 0;
		for (let first = 0, part = 0; first < total; first += micro, part++) {
			const pictures = Math.min(micro, total - first);
			const indices = batch.indices.subarray(first, first + pictures);
			const pixels = executor.pixels.subarray(0, pictures * bytes);
			pixels.set(batch.pixels[0]!.subarray(first * bytes, (first + pictures) * bytes));
			// Labels without weight need not be classes of the network.
			for (let n = 0; n < pictures; n++) own[n] = weights.hardWeight > 0 ? labels[indices[n]!]! : -1;
			writeTargets(own.subarray(0, pictures), targets, executor.targets, pitch);
			if (distillation) {
				const { teacher, views } = distillation;
				const viewed: ViewedBatch = {
					count: pictures,
					indices,
					pixels:
						teacher.view &&
						batch.pixels[1]!.subarray(first * teacherBytes, (first + pictures) * teacherBytes),
					view: views === undefined ? epoch : epoch % views,
				};
				teacher.targets(viewed, executor.softTargets, pitch);
			}
			const place = { seed, epoch, batch: position * mostRuns + part };
			mixup(settings.mixup, place, pictures, pixels, rows);
			const mean = executor.forward("bytes", pictures, {
				...weights,
				total,
				dropoutSeed: dropped,
				normMomentum: normMomentum(step * Math.ceil(total / micro) + part),
			});
			if (!Number.isFinite(mean)) throw notFinite(mean, step + 1, learningRate, executor);
			executor.backward();
			loss += (mean * pictures) / total;
		}
		const gradientNorm = clip === undefined ? undefined : executor.gradientNorm();
		executor.update(
			updateSettings(optimizer, {
				learningRate,
				weightDecay,
				step: step + 1,
				gradientFactor: clip === undefined ? 1 : clippingFactor(gradientNorm!, clip),
				averageShare: average > 0 ? averageShare(average, step + 1) : 0,
			}),
		);
		return { loss, gradientNorm };
	};
}

/** Whether batch norm's running statistics are still those of a new network. */
function isUntouched(model: Model): boolean {
	const { norm } = weightedParts(model)[0]!;
	return !!norm?.mean.data.every((x) => x === 0) && norm.variance.data.every((x) => x === 1);
}

/**
 * The share of a run in batch norm's running statistics, by the number of the run from 0. In a new network, early runs get
 * a larger share (TensorFlow's rule for moving averages, 9 / (10 + runs)): with the momentum alone, initial statistics
 * would still dominate after few steps.
 */
function momentumFrom(momentum: number, isNew: boolean): (run: number) => number {
	return isNew ? (run) => Math.max(momentum, 9 / (10 + run)) : () => momentum;
}

function notFinite(
	loss: number,
	step: number,
	learningRate: number,
	executor: TrainingExecutor,
): MobileNetError {
	const layer = executor.firstNotFinite();
	const where = layer === undefined ? "in the loss itself" : `first in the layer ${layer}`;
	return new MobileNetError(
		"engine",
		`the loss of step ${step} is ${loss}, ${where}, at a learning rate of ${learningRate}: this step did not change the weights; start again with a smaller learning rate, a longer warm-up or clipped gradients.`,
	);
}
