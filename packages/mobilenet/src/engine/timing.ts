/** Measures how long an executor's plan and its steps take, and the peak rate of multiply-adds of a build. */
import { mostBusy, pauses } from "../base/pauses.ts";
import { bumpAllocator } from "../kernels/bump-allocator.ts";
import { type Arithmetic, encodeStep, runWords, stepWords } from "../kernels/operations.ts";
import { createWalker, type LoadedBuild } from "../kernels/walker.ts";
import type { Executor } from "./executor.ts";
import type { Step } from "./plan.ts";

/** Times in milliseconds. */
export interface Times {
	readonly min: number;
	readonly median: number;
	readonly p90: number;
	readonly runs: number;
}

export interface StepTime {
	/** The layer, or the last of those that the step fuses. */
	readonly layer: string;
	readonly operation: Step["operation"];
	/** The shortest time, in milliseconds. */
	readonly min: number;
	/** Floating-point or integer operations, two per mult-add. */
	readonly flops: number;
}

/**
 * Times runs of the plan for a number of seconds, in slices with pauses between them.
 *
 * @param signal ends it with its reason
 */
export async function timeRuns(
	executor: Executor,
	pictures: number,
	seconds: number,
	signal?: AbortSignal,
): Promise<Times> {
	const run = (): number => timed(() => executor.run("bytes", pictures));
	const pause = pauses(signal);
	const warm = performance.now() + Math.min(500, seconds * 200);
	do {
		run();
		await pause();
	} while (performance.now() < warm);
	const times: number[] = [];
	const end = performance.now() + seconds * 1000;
	do {
		const time = run();
		times.push(time);
		// A pause leaves caches cold and threads asleep: a short run that follows it would show that.
		if ((await pause()) && time < mostBusy) run();
	} while (performance.now() < end);
	times.sort((a, b) => a - b);
	const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(times.length * share))]!;
	return { min: times[0]!, median: at(0.5), p90: at(0.9), runs: times.length };
}

/** Times the steps one by one, in turn, for a number of seconds, as `timeRuns` does. */
export async function timeSteps(
	executor: Executor,
	pictures: number,
	seconds: number,
	signal?: AbortSignal,
): Promise<readonly StepTime[]> {
	const { steps, entries } = executor.plan;
	const chosen = [entries.bytes, ...steps.keys()].filter((step, i) => i === 0 || step >= entries.after);
	const best = chosen.map(() => Number.POSITIVE_INFINITY);
	const pause = pauses(signal);
	executor.run("bytes", pictures);
	const end = performance.now() + seconds * 1000;
	do {
		for (const [i, step] of chosen.entries())
			best[i] = Math.min(
				best[i]!,
				timed(() => executor.runStep(step, pictures)),
			);
		await pause();
	} while (performance.now() < end);
	return chosen.map((step, i) => ({
		layer: steps[step]!.layer,
		operation: steps[step]!.operation,
		min: best[i]!,
		flops: pictures * flopsOf(steps[step]!),
	}));
}

function timed(run: () => void): number {
	const start = performance.now();
	run();
	return performance.now() - start;
}

/** Floating-point or integer operations of a step for one picture. */
function flopsOf({ operation, operands }: Step): number {
	switch (operation) {
		case "stemBytes":
		case "stemFloats":
		case "int8StemBytes":
		case "int8StemFloats":
			return 2 * operands.outputSize ** 2 * operands.outputChannels * operands.inputChannels * 9;
		case "depthwise":
		case "int8Depthwise":
			return 2 * operands.outputSize ** 2 * operands.channels * 9;
		case "pointwise":
		case "int8Pointwise":
		case "int8BytePointwise":
			return 2 * operands.rows * operands.inputChannels * operands.outputChannels;
		case "separable":
		case "int8Separable":
		case "int8ByteSeparable":
			return 2 * operands.outputSize ** 2 * operands.inputChannels * (9 + operands.outputChannels);
		default:
			return 0;
	}
}

/** A product whose operands stay in the L1 cache; with bytes it has more outputs, since inputs are narrowed first. */
const small = { rows: 60, inputChannels: 96, outputChannels: 16, inputPitch: 96, outputPitch: 16 } as const;
const smallOfBytes = {
	...small,
	outputChannels: 128,
	outputPitch: 128,
	bandPitch: 96,
	bandRows: 60,
} as const;

/**
 * Operations per second of this build's pointwise kernel on one thread with all operands in the L1 cache: an upper bound
 * for every layer.
 */
export async function peakFlops(
	loaded: LoadedBuild,
	arithmetic: Arithmetic,
	seconds: number,
	signal?: AbortSignal,
): Promise<number> {
	const memory = bumpAllocator();
	const block = memory.take(runWords * 4);
	const plan = memory.take(stepWords * 4);
	const take = (floats: number): number => memory.take(floats * 4);
	const isOfBytes = arithmetic === "integer" && "int8BytePointwise" in loaded.kernels;
	const shape = isOfBytes ? smallOfBytes : small;
	const { rows, inputChannels, outputChannels } = shape;
	const operands = {
		...shape,
		input: take(rows * shape.inputPitch),
		weights: take(inputChannels * outputChannels),
		bias: take(outputChannels),
		multipliers: take(outputChannels * 2),
		bounds: take(3),
		output: take(rows * shape.outputPitch),
	};
	const step = isOfBytes
		? encodeStep("int8BytePointwise", { ...smallOfBytes, ...operands, band: take(rows * inputChannels) })
		: encodeStep(arithmetic === "integer" ? "int8Pointwise" : "pointwise", operands);
	const { buffer, run } = createWalker(loaded, memory.size());
	new Int32Array(buffer)[block / 4] = 1;
	new Int32Array(buffer).set(step, plan / 4);
	const repeats = 200;
	let best = Number.POSITIVE_INFINITY;
	const pause = pauses(signal);
	const end = performance.now() + seconds * 1000;
	do {
		best = Math.min(
			best,
			timed(() => {
				for (let i = 0; i < repeats; i++) run(plan, 0, 1, 1, block, 1);
			}) / repeats,
		);
		await pause();
	} while (performance.now() < end);
	return (2 * rows * inputChannels * outputChannels) / (best / 1000);
}
