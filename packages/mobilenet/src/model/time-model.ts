/** Times a model: see bench.ts, which loads this when it is asked for. */
import { MobileNetError, shown } from "../base/error.ts";
import { executorFor } from "../engine/arithmetic.ts";
import type { Executor } from "../engine/executor.ts";
import { peakFlops, type StepTime, type Times, timeRuns, timeSteps } from "../engine/timing.ts";
import type { Build } from "../kernels/walker.ts";
import type { Model } from "../weights/model.ts";
import { checkBatch } from "./network.ts";
import type { RunOptions } from "./options.ts";
import { readyModel } from "./ready.ts";

export interface BenchOptions extends RunOptions {
	/** Pictures in a run. Default: 1. */
	readonly batch?: number | undefined;
	/** How long to run, in seconds. With `profile` the steps take the same time once more. Default: 2. */
	readonly seconds?: number | undefined;
	/** Whether to time every step too. Default: false. */
	readonly profile?: boolean | undefined;
	readonly signal?: AbortSignal | undefined;
}

/** Times in milliseconds per run of `batch` pictures. */
export interface Bench extends Times {
	readonly build: Build;
	/** Threads that worked. */
	readonly threads: number;
	readonly batch: number;
	/** With `profile`. */
	readonly steps?: readonly StepTime[];
	/** With `profile`: the most floating-point operations per second that one thread reaches. */
	readonly peakFlops?: number;
}

/** The longest wait for workers to join, in milliseconds. */
const longestWait = 5000;
/** How long the fastest product is timed, in seconds. */
const peakSeconds = 0.3;

/** What `bench` does. */
export async function timeModel(given: Model, options: BenchOptions): Promise<Bench> {
	const { batch = 1, seconds = 2, profile = false, signal } = options;
	checkBatch(batch);
	if (!(seconds > 0 && seconds <= 3600))
		throw new MobileNetError(
			"usage",
			`seconds must be a number above 0 and up to 3600, not ${shown(seconds)}.`,
		);
	const { model, arithmetic, planner, threads, loaded } = await readyModel(given, options);
	const { build } = loaded;
	const executor = executorFor(model, planner, { build, batch, threads }, loaded);
	try {
		await allJoined(executor, threads, signal);
		const times = await timeRuns(executor, batch, seconds, signal);
		const plain = { build, threads: executor.threads(), batch, ...times };
		if (!profile) return plain;
		const steps = await timeSteps(executor, batch, seconds, signal);
		return { ...plain, steps, peakFlops: await peakFlops(loaded, arithmetic, peakSeconds, signal) };
	} finally {
		executor.dispose();
	}
}

/** Waits for all workers to join, which they do when they are ready: the time of all of them is measured. */
async function allJoined(
	executor: Executor,
	threads: number,
	signal: AbortSignal | undefined,
): Promise<void> {
	const latest = performance.now() + longestWait;
	while (executor.threads() < threads && performance.now() < latest) {
		signal?.throwIfAborted();
		executor.run("bytes", 1);
		await new Promise((resolve) => setTimeout(resolve, 1));
	}
	signal?.throwIfAborted();
}
