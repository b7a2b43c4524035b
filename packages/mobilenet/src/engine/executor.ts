/** Runs an inference plan on pictures. */
import type { LoadedBuild } from "../kernels/walker.ts";
import type { Model } from "../weights/model.ts";
import { placeInMemory } from "./memory.ts";
import type { Plan } from "./plan.ts";

export interface Executor {
	readonly plan: Plan;
	/** Size of the memory in bytes. */
	readonly bytes: number;
	/** The input, [batch, size, size, inputChannels]: as bytes or, in the same memory, as normalized floats. */
	readonly pixels: Uint8Array;
	readonly floats: Float32Array;
	/**
	 * Runs the plan on the first `pictures` pictures, up to the layer `until` or to the end. Bytes may be changed by it (a
	 * plan's `pixelTable`): write them anew for every run.
	 */
	readonly run: (input: "bytes" | "floats", pictures: number, until?: string) => void;
	/** Runs a single step of the plan, for timing. */
	readonly runStep: (step: number, pictures: number) => void;
	/** Replaces the weights by those of another model, prepared as for `createExecutor`. */
	readonly load: (model: Model) => void;
	/** Number of threads that work now. */
	readonly threads: () => number;
	/** Stops the workers. The executor must not run again. */
	readonly dispose: () => void;
	/** A copy of a layer's output for one picture, [size, size, channels]. */
	readonly read: (layer: string, picture: number) => Float32Array;
}

/**
 * Creates an executor for a plan.
 *
 * @param model the plan's model, prepared for its arithmetic: in float32 and without batch norm (fold.ts,
 *   dequantize.ts), or in integers (integers.ts)
 */
export function createExecutor(plan: Plan, model: Model, loaded: LoadedBuild): Executor {
	const placed = placeInMemory(plan, model, loaded);
	const { batch, entries, steps } = plan;
	// The step after each layer's last one; the stem's end is never before the entries'.
	const ends = new Map(steps.map(({ layer }, i) => [layer, Math.max(i + 1, entries.after)] as const));
	const inputs = batch * plan.size ** 2 * plan.inputChannels;
	const pixels = placed.byteOf({ region: "pixels", offset: 0 });
	return {
		plan,
		bytes: placed.buffer.byteLength,
		pixels: new Uint8Array(placed.buffer, pixels, inputs),
		floats: new Float32Array(placed.buffer, pixels, inputs),
		run: (input, pictures, until) => {
			if (input === "bytes" && plan.pixelTable)
				throughTable(placed.buffer, pixels, (pictures * inputs) / batch, plan.pixelTable);
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

/** Puts pixels through the tables of their channels, in place. */
function throughTable(
	buffer: ArrayBuffer,
	byte: number,
	length: number,
	tables: readonly Uint8Array[],
): void {
	const pixels = new Uint8Array(buffer, byte, length);
	for (let c = 0; c < tables.length; c++) {
		const table = tables[c]!;
		for (let i = c; i < length; i += tables.length) pixels[i] = table[pixels[i]!]!;
	}
}
