/**
 * Ours: the engine alone. Runs a plan on floats in its memory and copies the probabilities. Its threads join in the
 * background, so times count only after all have joined. Also runs in a page.
 */
import type { Model } from "mobilenet";
import {
	arithmeticOf,
	executorFor,
	kernelSetFor,
	plannerFor,
} from "../../../mobilenet/dist/engine/arithmetic.js";
import type { Executor } from "../../../mobilenet/dist/engine/executor.js";
import { loadBuild } from "../../../mobilenet/dist/kernels/load.js";
import type { Job } from "../protocol.ts";
import { type Timed, timed } from "./timed.ts";

const longestWaitMs = 10_000;
const lookMs = 5;

export interface Engine extends Timed {
	readonly build: string;
	readonly close: () => Promise<void>;
}

/** @param inputs [batch, size, size, channels] each */
export async function prepareEngine(
	model: Model,
	inputs: readonly Float32Array[],
	{ batch, classes, threads }: Job,
): Promise<Engine> {
	const arithmetic = arithmeticOf(model, undefined);
	const kernelSet = kernelSetFor(model, arithmetic);
	const { loaded } = await loadBuild({ shared: threads > 1, kernelSet });
	const executor = executorFor(
		model,
		await plannerFor(arithmetic),
		{ build: loaded.build, batch, threads },
		loaded,
	);
	await allJoined(executor, threads);
	const probabilities = new Float32Array(batch * classes);
	let there: Float32Array | undefined;
	return {
		...timed(inputs, (input) => {
			if (input !== there) executor.floats.set(input);
			there = input;
			executor.run("floats", batch);
			for (let n = 0; n < batch; n++) probabilities.set(executor.read("probabilities", n), n * classes);
			return probabilities;
		}),
		build: loaded.build,
		close: async () => executor.dispose(),
	};
}

async function allJoined(executor: Executor, threads: number): Promise<void> {
	const end = performance.now() + longestWaitMs;
	while (executor.threads() < threads) {
		if (performance.now() > end) throw new Error(`only ${executor.threads()} of ${threads} threads joined.`);
		executor.run("floats", 1);
		await new Promise((resolve) => setTimeout(resolve, lookMs));
	}
}
