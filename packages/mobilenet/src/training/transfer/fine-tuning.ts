/**
 * Fine-tuning that cannot make it worse: a fixed recipe, nothing chosen by chance, judged on pictures that neither the
 * classifier nor the fine-tuned network was trained on, and kept only if it is proven to be better than the classifier
 * alone. Then the same is done with all pictures.
 *
 * Below 2,000 pictures the judgement is made on five folds, above on a fifth that is held back, because five runs would
 * take hours. The network half-way between both is judged too.
 *
 * Batch norm keeps the statistics of the trained network, because those of a small batch would be noise. The network is
 * trained with filters of one size (even-filters.ts), so that AdamW, whose steps are about as long as its rate whatever the
 * gradients, changes every filter by about the same share.
 */
import { foldsOf } from "../../data/split.ts";
import { checkTrainable } from "../../engine/trainable.ts";
import type { Model } from "../../weights/model.ts";
import type { Embeddings } from "../embeddings.ts";
import { evenFilters } from "../even-filters.ts";
import type { Training, TrainingDone, TrainingEvent } from "../events.ts";
import { type Head, linearHead } from "../head.ts";
import { optimizers } from "../optimizer.ts";
import { firstLayerOf, type Pictures, type TrainingOptions } from "../options.ts";
import { type RunFolder, within } from "../run-folder.ts";
import { markTransfer } from "../run-state.ts";
import { temperatureOf } from "../temperature.ts";
import { type Engine, trainOn } from "../trainer.ts";
import { type Answers, createValidator } from "../validation.ts";
import { blend } from "./blend.ts";
import { newClassifier } from "./classifier.ts";
import { selected } from "./features.ts";
import type { FineTuningReport, TransferOptions } from "./options.ts";
import { compared, joinedAnswers, measured } from "./proof.ts";

/** Pictures from which fine-tuning is tried without being asked for, and judged on a fifth of them. */
export const enough = 2000;
/** Up to this many pictures, the fifth that was held back is worth a second run with all of them. */
const runAgainUpTo = 20_000;
const folds = 5;
/** How far to go from the classifier alone to the fine-tuned weights. */
const shares = [0.5, 1] as const;
/** The run is as many steps as this, or as many epochs. */
const budget = { few: { steps: 0, epochs: 8 }, many: { steps: 2000, epochs: 3 } } as const;
const recipe = {
	batch: 32,
	optimizer: optimizers.adamw,
	schedule: { kind: "cosine" },
	weightDecay: 0,
	labelSmoothing: 0,
	clip: 2,
	average: 0.98,
} as const;
const rates = { few: 3e-4, many: 1e-3 } as const;

/** The run that is going on, so that it can be stopped. */
export interface Control {
	stopped: boolean;
	inner: Training | undefined;
}

export interface FineTuned {
	/** The network to keep: undefined if fine-tuning was not proven to help. */
	readonly model: Model | undefined;
	readonly report: FineTuningReport;
	/** The run that was judged; of several, the first. */
	readonly done: TrainingDone;
	/** Answers of the kept kind of network to pictures that it was not trained on. */
	readonly answers: Answers;
}

/** What fine-tuning is to be done with. */
export interface FineTuningTask {
	readonly engine: Engine;
	readonly options: TransferOptions;
	/** The network before it had a new classifier, as it looks at pictures. */
	readonly trunk: Model;
	/** The network with the new classifier of all pictures. */
	readonly start: Model;
	readonly head: Head | undefined;
	readonly features: Embeddings;
	/** Seconds that the network takes for a picture, as measured. */
	readonly secondsPerPicture: number;
	readonly control: Control;
}

/** Whether and with which layers fine-tuning is tried; undefined if not. */
export function firstTuned(
	{ fineTune = "auto", model }: TransferOptions,
	pictures: number,
): string | undefined {
	if (fineTune === "none" || (fineTune === "auto" && pictures < enough)) return undefined;
	return firstLayerOf(model.configuration, fineTune === "auto" ? "all" : fineTune);
}

/** Checks that the network can be trained, before its features are computed. */
export function checkTunable({ configuration }: Model): void {
	checkTrainable({ ...configuration, ...linearHead, output: "softmax" });
}

/** Judges fine-tuning, and does it if it helps; undefined if it was stopped. */
export async function* fineTuned(
	task: FineTuningTask,
): AsyncGenerator<TrainingEvent, FineTuned | undefined, void> {
	const { options, features, control, start, trunk, head } = task;
	const { training, validation, build, threads, cache, workers, signal, seed } = options;
	const began = performance.now();
	const { dataset } = training;
	const parts = partsOf(task);
	const runsAgain = !validation && features.labels.length <= runAgainUpTo;
	const settings = settingsFor(task);
	await markTransfer(options.folder, false);
	yield { kind: "note", message: announcement(task, parts.length + (runsAgain ? 1 : 0), settings) };

	const alone: Answers[] = [];
	const tuned: Answers[][] = shares.map(() => []);
	let first: TrainingDone | undefined;
	let last: Tuned | undefined;
	for (const [i, part] of parts.entries()) {
		const own = validation
			? start
			: (await newClassifier(trunk, dataset, part.features, options, head)).model;
		const name = i === 0 ? "" : `part-${i + 1}-`;
		last = yield* tune(task, { start: own, name, ...part, settings });
		if (!last) return undefined;
		first ??= last.done;
		const validator = await createValidator(part.validation, own, {
			reading: { cache, workers, onUnreadable: () => undefined },
			build,
			threads,
		});
		try {
			alone.push(await validator.answers(own, signal));
			for (const [s, share] of shares.entries())
				tuned[s]!.push(await validator.answers(last.at(share), signal));
		} finally {
			validator.dispose();
		}
	}
	const before = joinedAnswers(alone);
	const after = tuned.map(joinedAnswers).map((answers, s) => ({
		answers,
		share: shares[s]!,
		...compared(before.losses, answers.losses),
	}));
	const best = after.reduce((a, b) => (b.gain > a.gain ? b : a));
	const done = (again: Tuned | undefined): FineTuned => ({
		model: best.isProven ? again?.at(best.share) : undefined,
		report: {
			alone: measured(before),
			tuned: measured(best.answers),
			share: best.share,
			gain: best.gain,
			gainError: best.standardError,
			isKept: best.isProven,
			seconds: (performance.now() - began) / 1000,
		},
		done: first!,
		answers: best.answers,
	});
	if (!best.isProven || !runsAgain) return done(last);
	yield { kind: "note", message: "fine-tuning is proven to help: it is done again with all pictures." };
	const indices = features.indices;
	const again = yield* tune(task, {
		start,
		name: "all-",
		training: { dataset, indices: Int32Array.from(new Set(indices)) },
		settings: { ...settings, seed },
	});
	control.inner = undefined;
	return again && done(again);
}

/** Pictures to train on, and others to judge by. */
interface Part {
	readonly training: Pictures;
	readonly features: Embeddings;
	readonly validation: Pictures;
}

function partsOf({ options, features }: FineTuningTask): readonly Part[] {
	const { training, validation, seed } = options;
	if (validation) return [{ training, features, validation }];
	const { dataset } = training;
	const numbers = Int32Array.from(new Set(features.indices));
	const labels = numbers.map((index) => dataset.labels[index]!);
	const all = foldsOf({ labels }, { folds, seed });
	return (numbers.length >= enough ? all.slice(0, 1) : all).map((fold) => {
		const own = fold.training.map((i) => numbers[i]!);
		const isOwn = new Set(own);
		return {
			training: { dataset, indices: own },
			features: selected(features, (index) => isOwn.has(index)),
			validation: { dataset, indices: fold.validation.map((i) => numbers[i]!) },
		};
	});
}

type Settings = Omit<TrainingOptions, "model" | "training" | "validation" | "folder">;

function settingsFor({ options, features, start }: FineTuningTask): Settings & { readonly epochs: number } {
	const pictures = new Set(features.indices).size;
	const amount = pictures < enough ? "few" : "many";
	const batch = options.batch ?? recipe.batch;
	const stepsPerEpoch = Math.max(1, pictures / batch);
	const usual = Math.max(budget[amount].epochs, Math.ceil(budget[amount].steps / stepsPerEpoch));
	const epochs = options.epochs ?? usual;
	const given = Object.fromEntries(
		Object.entries(options).filter(([field, value]) => value !== undefined && !transferOnly.has(field)),
	) as Settings;
	return {
		...recipe,
		learningRate: rates[amount],
		warmUp: Math.min(1, epochs),
		frozenNorm: true,
		...given,
		epochs,
		from: firstTuned(options, pictures) ?? firstLayerOf(start.configuration, "all"),
	};
}

/** Options that are not those of one run. */
const transferOnly: ReadonlySet<string> = new Set([
	"model",
	"training",
	"validation",
	"folder",
	"size",
	"fit",
	"fineTune",
	"head",
	"onProgress",
]);

/** How long it takes, before it begins. */
function announcement(
	{ features, secondsPerPicture }: FineTuningTask,
	runs: number,
	{ epochs, batch = recipe.batch }: Settings & { readonly epochs: number },
): string {
	const pictures = new Set(features.indices).size;
	// Forward, backward and update take about four times what the network alone takes.
	const minutes = (4 * secondsPerPicture * pictures * epochs * runs) / 60;
	const time = minutes < 1.5 ? "a minute" : `${Math.round(minutes)} minutes`;
	const steps = Math.round((epochs * pictures) / batch);
	return `fine-tuning: ${runs === 1 ? "" : `${runs} times `}${steps.toLocaleString("en-US")} steps of ${batch} pictures, about ${time}.`;
}

interface Run {
	readonly start: Model;
	/** What the names of its files begin with. */
	readonly name: string;
	readonly training: Pictures;
	readonly validation?: Pictures | undefined;
	readonly settings: Settings;
}

interface Tuned {
	readonly done: TrainingDone;
	/** The network after a share of the way from the classifier alone. */
	readonly at: (share: number) => Model;
}

/** One run; undefined if it was stopped. */
async function* tune(
	{ engine, options, control }: FineTuningTask,
	{ start, name, training, validation, settings }: Run,
): AsyncGenerator<TrainingEvent, Tuned | undefined, void> {
	if (control.stopped) return undefined;
	// With batch statistics, the size of a filter does not matter.
	const { model, restored } = settings.frozenNorm
		? evenFilters(start)
		: { model: start, restored: (same: Model) => same };
	const folder: RunFolder | undefined = options.folder && within(options.folder, name);
	control.inner = trainOn(engine, {
		...settings,
		model,
		training,
		validation,
		folder,
		keepStart: validation !== undefined,
		keeps: "last",
	});
	for await (const event of control.inner) {
		// Only the first run has learning curves.
		if (event.kind === "epoch" && name !== "") continue;
		if (event.kind !== "done") {
			yield event;
			continue;
		}
		if (event.reason === "stopped") return undefined;
		return { done: event, at: (share) => restored(blend(model, event.model, share)) };
	}
	return undefined;
}

/** The temperature with which a network's answers mean what they say. */
export function temperatureFor({ logits, labels }: Answers): number {
	return temperatureOf(Float64Array.from(logits), labels, logits.length / labels.length);
}
