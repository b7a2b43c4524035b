/** Runs a plan of inference on pictures. */
import type { LoadedBuild } from "../kernels/walker.ts";
import type { Model } from "../weights/model.ts";
import { placeInMemory } from "./memory.ts";
import type { Plan } from "./plan.ts";

export interface Executor {
	readonly plan: Plan;
	/** The bytes that the memory takes. */
	readonly bytes: number;
	/** Pictures to come, [batch, size, size, inputChannels]: as bytes or, in the same place, as normalized floats. */
	readonly pixels: Uint8Array;
	readonly floats: Float32Array;
	/** Runs the plan on the first `pictures` pictures, up to a layer or whole. */
	readonly run: (input: "bytes" | "floats", pictures: number, until?: string) => void;
	/** Runs one step of the plan by itself, to be timed. */
	readonly runStep: (step: number, pictures: number) => void;
	/** Packs the weights of another model, as `createExecutor` takes one. */
	readonly load: (model: Model) => void;
	/** Threads that work now. */
	readonly threads: () => number;
	/** Sends workers home; the executor must not run again. */
	readonly dispose: () => void;
	/** A copy of what a layer gave out for one picture, [size, size, channels]. */
	readonly read: (layer: string, picture: number) => Float32Array;
}

/**
 * An executor for a plan.
 *
 * @param model what the plan was made of, as its arithmetic takes it: in float32 and without batch norm (fold.ts,
 *   dequantize.ts), or in integers (integers.ts)
 */
export function createExecutor(plan: Plan, model: Model, loaded: LoadedBuild): Executor {
	const placed = placeInMemory(plan, model, loaded);
	const { batch, entries, steps } = plan;
	// The step after a layer's last; the stem's first are the entries.
	const ends = new Map(steps.map(({ layer }, i) => [layer, Math.max(i + 1, entries.after)] as const));
	const inputs = batch * plan.size ** 2 * plan.inputChannels;
	const pixels = placed.byteOf({ region: "pixels", offset: 0 });
	return {
		plan,
		bytes: placed.buffer.byteLength,
		pixels: new Uint8Array(placed.buffer, pixels, inputs),
		floats: new Float32Array(placed.buffer, pixels, inputs),
		run: (input, pictures, until) => {
			const last = until === undefined ? steps.length : (ends.get(until) ?? entries.after);
			placed.run(pictures, entries[input], entries.after, last);
		},
		runStep: (step, pictures) => placed.run(pictures, step, step + 1, step + 1),
		load: placed.load,
		threads: placed.threads,
		dispose: placed.dispose,
		read: placed.read,
	};
}
