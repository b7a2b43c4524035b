/** What table.ts says of every operation. */
import type { KernelSet, Operands, Operation } from "./operations.ts";
import type { PackingKind, Shape } from "./packing.ts";

/** The operands of an operation that are whole numbers, and those that are addresses. */
export type Geometry<O extends Operation> = {
	readonly [F in keyof Operands<O> as Operands<O>[F] extends number ? F : never]: number;
};
export type Address<O extends Operation> = Exclude<keyof Operands<O>, keyof Geometry<O>> & string;

/** Results of a kernel in memory: an operand, how many rows it has for all pictures, how many numbers of a row count, and the pitch. */
export interface Result<O extends Operation> {
	readonly operand: Address<O>;
	readonly rows: number;
	readonly channels: number;
	readonly pitch: number;
	/** Where rows are weights, packed: how, and their shape. `channels` and `pitch` are then of no account. */
	readonly packing?: readonly [kind: PackingKind, shape: Shape];
}

export interface Kernel<O extends Operation> {
	readonly reference: (operands: Operands<O>, pictures: number) => void;
	/** The addresses that are weights: how they are packed, and their shape in the model. */
	readonly parameters?: (
		geometry: Geometry<O>,
	) => Readonly<Record<string, readonly [kind: PackingKind, shape: Shape]>>;
	/**
	 * Items that each address covers which holds no parameters: a picture's worth for what comes and goes with pictures,
	 * a thread's worth of `band` and `scratch`.
	 */
	readonly extents: (geometry: Geometry<O>) => Readonly<Partial<Record<Address<O>, number>>>;
	/** Where results are. */
	readonly results: (geometry: Geometry<O>, pictures: number) => readonly Result<O>[];
	/** What random inputs are like, by operand, where that is not left to self-test.ts: item `i`, given numbers in −1…1. */
	readonly sample?: (
		operand: string,
		geometry: Geometry<O>,
		random: () => number,
		set: KernelSet,
	) => ((i: number) => number) | undefined;
	/** Small and odd: run once at load to see whether a build computes rightly. */
	readonly small: readonly Geometry<O>[];
	/** Layers of 1.0-224, 0.25-128 and odd ones, for tests and benchmarks. */
	readonly real: readonly Geometry<O>[];
}

/** A list of kernels: those of inference, or those of training too. */
export type KernelTable = { readonly [O in Operation]?: Kernel<O> };
