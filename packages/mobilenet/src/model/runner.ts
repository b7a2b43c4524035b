/**
 * What a `MobileNet` runs its network on. Here it is the engine on this thread. Everything goes through promises and
 * copies, so an engine in a worker, in another process or on a device could replace it.
 */
import { MobileNetError } from "../base/error.ts";
import { executorFor } from "../engine/arithmetic.ts";
import type { Executor } from "../engine/executor.ts";
import { alwaysKept } from "../engine/plans/inference.ts";
import { layers } from "../network/layers.ts";
import type { ReadyModel } from "./ready.ts";

/** What is to be run. */
export interface Job {
	/** The most pictures that `input` provides. */
	readonly batch: number;
	/**
	 * Normalized numbers, [batch, size, size, inputChannels]; or a function that writes pictures as bytes, in the same
	 * order, and returns how many. It is called once, and may not use the region afterwards.
	 */
	readonly input: Float32Array | ((region: Uint8Array) => number);
	/** Layers whose outputs are read; `probabilities` is the softmax. */
	readonly layers: readonly string[];
}

/** Copies of outputs by layer, in the order of `Job.layers`, and by picture: [size, size, channels] each. */
export type Outputs = readonly (readonly Float32Array[])[];

export interface Runner {
	/**
	 * Prepares for jobs of this batch and these layers: a job that cannot run then fails before pictures are read.
	 *
	 * @param layers of the network
	 * @throws MobileNetError `disposed`; `engine` where memory is too small
	 */
	readonly reserve: (batch: number, layers: readonly string[]) => Promise<void>;
	/** Runs the network as far as the last of the layers. Fails as `reserve` does. */
	readonly run: (job: Job) => Promise<Outputs>;
	readonly dispose: () => void;
}

/** The engine on this thread and the worker threads that it starts. */
export function localRunner({ model, planner, threads, loaded }: ReadyModel): Runner {
	const order = [...layers(model.configuration).map(({ name }) => name), "probabilities"];
	/** One for ordinary runs, and one whose plan keeps every layer that was asked for so far. */
	const executors = new Map<"usual" | "layers", Executor>();
	const kept = new Set<string>();
	let isDisposed = false;

	const executorOf = (batch: number, wanted: readonly string[]): Executor => {
		if (isDisposed)
			throw new MobileNetError("disposed", "the model was disposed and cannot run: load it again.");
		const others = wanted.filter((layer) => !alwaysKept.includes(layer));
		const kind = others.length === 0 ? "usual" : "layers";
		const last = executors.get(kind);
		if (last && last.plan.batch >= batch && others.every((layer) => kept.has(layer))) return last;
		for (const layer of others) kept.add(layer);
		// The old memory may be freed before the new one exists.
		last?.dispose();
		executors.delete(kind);
		const plan =
			kind === "usual"
				? { build: loaded.build, batch, threads }
				: { build: loaded.build, batch, threads: 1, keep: [...kept] };
		const executor = executorFor(model, planner, plan, loaded);
		executors.set(kind, executor);
		return executor;
	};

	return {
		reserve: async (batch, wanted) => void executorOf(batch, wanted),
		run: async ({ batch, input, layers: wanted }) => {
			const executor = executorOf(batch, wanted);
			const isNumbers = input instanceof Float32Array;
			if (isNumbers) executor.floats.set(input);
			const pictures = isNumbers ? batch : input(executor.pixels);
			const until = order[Math.max(...wanted.map((layer) => order.indexOf(layer)))];
			if (pictures > 0) executor.run(isNumbers ? "floats" : "bytes", pictures, until);
			return wanted.map((layer) => Array.from({ length: pictures }, (_, n) => executor.read(layer, n)));
		},
		dispose: () => {
			isDisposed = true;
			for (const executor of executors.values()) executor.dispose();
			executors.clear();
		},
	};
}
