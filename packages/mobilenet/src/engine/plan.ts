/**
 * A plan is data: a flat list of steps, each an operation and its operands, and what must be in memory for them. A plan
 * is made once; one call runs it by walking the list. Operands that are addresses are a region and an offset, so a plan
 * can be placed anywhere and never changes from run to run.
 */
import type { Operands, Operation } from "../kernels/operations.ts";
import type { PackingKind, Shape } from "../kernels/packing.ts";
import type { Build } from "../kernels/walker.ts";

/**
 * `pixels`: the input pictures. `weights`: packed weights, constants, and training's gradients and moments. `exchange`:
 * what training takes and returns in a run, such as targets, rates and losses. `activations`: the arena.
 */
export type Region = "pixels" | "weights" | "exchange" | "activations";

export interface Address {
	readonly region: Region;
	/** In bytes. */
	readonly offset: number;
}

export type Step = {
	[O in Operation]: {
		readonly operation: O;
		/** The layer that the step belongs to. */
		readonly layer: string;
		readonly operands: Operands<O, Address>;
	};
}[Operation];

/** A tensor to be packed into the region `weights`. */
export interface Placement {
	/** In bytes. */
	readonly offset: number;
	/** Name of the tensor in the model as `createExecutor` takes it: folded and in float32, or in integers. */
	readonly tensor: string;
	readonly shape: Shape;
	readonly packing: PackingKind;
	/** For the stem of bytes: which of the network's channels each input channel is, and the factor to fold into it. */
	readonly inputs?: { readonly order: readonly number[]; readonly factors: readonly number[] } | undefined;
}

/** Float32 constants of a plan. */
export interface Constant {
	/** In bytes, in the region `weights`. */
	readonly offset: number;
	readonly values: readonly number[];
}

/** Where a layer's output is after a run. */
export interface Activation {
	/** In bytes, in the region `activations`. */
	readonly offset: number;
	/** Width and height in pixels. */
	readonly size: number;
	readonly channels: number;
	/** Numbers from one pixel to the next. */
	readonly pitch: number;
	/** The scale of words, which stand for real numbers; absent for floats. */
	readonly scale?: number;
}

/** Everything that is placed in memory: steps, and what they refer to. */
export interface Layout {
	readonly build: Build;
	/** The most threads that may run it; each has its own part of the scratch buffers. */
	readonly threads: number;
	/** The most pictures per run. */
	readonly batch: number;
	/** Width and height of the input. */
	readonly size: number;
	readonly inputChannels: number;
	readonly steps: readonly Step[];
	/** Size of each region in bytes. */
	readonly regions: Readonly<Record<Region, number>>;
	readonly placements: readonly Placement[];
	readonly constants: readonly Constant[];
	/** The outputs that survive a run, by layer; `probabilities` is the softmax. */
	readonly activations: ReadonlyMap<string, Activation>;
}

/** An inference plan. */
export interface Plan extends Layout {
	/** The number that each value of a pixel becomes before the step that reads bytes, a row for each of the picture's channels. */
	readonly pixelTable?: readonly Uint8Array[];
	/** The step that reads the input, for either type of input; the steps from `after` on follow. */
	readonly entries: { readonly bytes: number; readonly floats: number; readonly after: number };
}
