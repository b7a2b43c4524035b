/**
 * A plan is data: a flat list of steps, each an operation and its operands, and what must lie in memory for them.
 * Making one happens once; running it is one call that walks the list. Operands that are addresses are a region and
 * an offset, so that a plan can be laid anywhere and never changes from run to run.
 */
import type { Operands, Operation } from "../kernels/operations.ts";
import type { PackingKind, Shape } from "../kernels/packing.ts";
import type { Build } from "../kernels/walker.ts";

/**
 * `pixels`: the pictures that come in. `weights`: packed at load, with the constants, and what training keeps of them.
 * `run`: what training is given from run to run, and what it gives. `activations`: the arena.
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

/** Weights of a layer that must be packed into the region of weights. */
export interface Placement {
	/** In bytes. */
	readonly offset: number;
	/** Name of the tensor in the model that the plan is run with: folded and in float32, or in integers. */
	readonly tensor: string;
	readonly shape: Shape;
	readonly packing: PackingKind;
	/** Factor of each input channel, and which of the network's channels it is: the stem of bytes has them folded in. */
	readonly inputs?: { readonly order: readonly number[]; readonly factors: readonly number[] };
}

/** Numbers that a plan brings with it. */
export interface Constant {
	readonly offset: number;
	readonly values: readonly number[];
}

/** Where a layer's output is found after a run. */
export interface Activation {
	/** In bytes, in the region of activations. */
	readonly offset: number;
	/** Width and height in pixels. */
	readonly size: number;
	readonly channels: number;
	/** Numbers from pixel to pixel. */
	readonly pitch: number;
	/** Of words, which stand for real numbers with this scale; absent where the numbers are floats. */
	readonly scale?: number;
}

/** What is laid in memory: steps, and what they name. */
export interface Layout {
	readonly build: Build;
	/** The most threads that may run it: each has its own part of the scratch buffers. */
	readonly threads: number;
	/** The most pictures a run may bring. */
	readonly batch: number;
	/** Of the input. */
	readonly size: number;
	readonly inputChannels: number;
	readonly steps: readonly Step[];
	/** Bytes that each region takes. */
	readonly regions: Readonly<Record<Region, number>>;
	readonly placements: readonly Placement[];
	readonly constants: readonly Constant[];
	/** By layer, those that survive a run; `probabilities` is the softmax. */
	readonly activations: ReadonlyMap<string, Activation>;
}

/** A plan of inference. */
export interface Plan extends Layout {
	/** Steps that take the input, by what it is made of; all other steps follow `after`. */
	readonly entries: { readonly bytes: number; readonly floats: number; readonly after: number };
}
