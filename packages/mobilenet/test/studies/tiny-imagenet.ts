/**
 * What the studies of docs/training.md share: a small network that learns twenty classes of Tiny ImageNet from random
 * weights, by one recipe, and the words in which a study tells what it was made with.
 */
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import process from "node:process";
import { openDataset } from "#datasets";
import { defaultAugmentation } from "../../src/data/augmentation.ts";
import { createCache } from "../../src/data/cache.ts";
import { configure } from "../../src/network/configuration.ts";
import type { EpochReport } from "../../src/training/events.ts";
import { initialize, optimizers, type TrainingOptions, train } from "../../src/training/index.ts";
import { missing, shared } from "../support/shared-paths.ts";

const data = "data/tiny-imagenet-20";
/** Decoded pictures, shared by all runs. */
const cache = createCache();

/** PyTorch's side of it is packages/benchmarks/src/training/scratch.py: the same numbers, in the same order. */
export const recipe = {
	epochs: 40,
	batch: 64,
	optimizer: optimizers.sgd,
	learningRate: 0.1,
	schedule: { kind: "cosine" },
	warmUp: 1,
	weightDecay: 1e-4,
	labelSmoothing: 0.1,
	augmentation: {
		...defaultAugmentation,
		area: [0.35, 1],
		aspect: [3 / 4, 4 / 3],
		flip: 0.5,
		brightness: 0,
		contrast: 0,
		saturation: 0,
	},
} as const satisfies Partial<TrainingOptions>;

/** Twenty classes of 64×64 pictures: 4,000 to learn from, 500 to judge by. */
export async function tinyImageNet() {
	const absent = missing([`${data}/classes.tsv`]);
	if (absent !== undefined) {
		console.error(`../shared/${absent} is not beside the project: there is nothing to learn from.`);
		process.exit(2);
	}
	const training = await openDataset(shared(data));
	const validation = await openDataset(shared(`${data}/val-0000.tar`));
	return { training, validation };
}

/** The network that learns: PyTorch's conventions, α 0.25, 64×64. */
export function student(classes: number, seed: number) {
	return initialize(
		configure({ preset: "torch", alpha: 0.25, size: 64, classes, channelRounding: "floor" }),
		{ seed },
	);
}

/** Trains to the last epoch, whichever is the best one, and returns what was seen after each. */
export async function learn(
	options: Omit<TrainingOptions, "model"> & { readonly seed: number },
): Promise<readonly EpochReport[]> {
	const classes = options.training.dataset.classes.length;
	const run = train({ ...recipe, cache, ...options, model: student(classes, options.seed) });
	for await (const event of run) if (event.kind === "done") return event.history;
	throw new Error("the run ended without a result");
}

/** Top-1 after the last epoch, in percent. */
export function lastTop1(history: readonly EpochReport[]): number {
	return 100 * history.at(-1)!.validation!.top1;
}

/** `81.3 ± 0.4 (80.9, 81.2, 81.8)`: mean, deviation of the values about it, the values. */
export function spread(values: readonly number[]): string {
	const mean = meanOf(values);
	const deviation = Math.sqrt(meanOf(values.map((value) => (value - mean) ** 2)));
	return `${mean.toFixed(1)} ± ${deviation.toFixed(1)} (${values.map((value) => value.toFixed(1)).join(", ")})`;
}

export function meanOf(values: readonly number[]): number {
	return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The numbers from 1. */
export function seedsTo(count: number): readonly number[] {
	return Array.from({ length: count }, (_, i) => i + 1);
}

/** When, on what, with which versions, by which command. */
export function madeWith(command: string, threads = "one thread"): string {
	const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
	const processor = cpus()[0]!.model.trim();
	const day = new Date().toISOString().slice(0, 10);
	return `${day}, ${processor}, ${threads}, Node ${process.versions.node}, mobilenet ${version}:\n\n    ${command}\n`;
}
