/** The columns of table.ts. */
import type { KernelSet, Operands, Operation } from "./operations.ts";
import type { PackingKind, Shape } from "./packing.ts";

/** The operands of an operation that are whole numbers. */
export type Geometry<O extends Operation> = {
	readonly [F in keyof Operands<O> as Operands<O>[F] extends number ? F : never]: number;
};
/** The names of the operands that are addresses. */
export type Address<O extends Operation> = Exclude<keyof Operands<O>, keyof Geometry<O>> & string;

/** A result of a kernel in memory: `rows` rows over all pictures, each with `channels` numbers, `pitch` numbers apart. */
export interface Result<O extends Operation> {
	readonly operand: Address<O>;
	readonly rows: number;
	readonly channels: number;
	readonly pitch: number;
	/** If rows are packed weights: their packing and shape. `channels` and `pitch` are then ignored. */
	readonly packing?: readonly [kind: PackingKind, shape: Shape];
}

export interface Kernel<O extends Operation> {
	readonly reference: (operands: Operands<O>, pictures: number) => void;
	/** For addresses that hold weights: their packing, and their shape in the model. */
	readonly parameters?: (
		geometry: Geometry<O>,
	) => Readonly<Record<string, readonly [kind: PackingKind, shape: Shape]>>;
	/**
	 * For all other addresses: the number of items. Per picture for what each picture has, per thread for `band` and
	 * `scratch`.
	 */
	readonly extents: (geometry: Geometry<O>) => Readonly<Partial<Record<Address<O>, number>>>;
	readonly results: (geometry: Geometry<O>, pictures: number) => readonly Result<O>[];
	/** Random inputs where the defaults of self-test.ts do not fit: item `i` of an operand, given numbers in −1…1. */
	readonly sample?: (
		operand: string,
		geometry: Geometry<O>,
		random: () => number,
		set: KernelSet,
	) => ((i: number) => number) | undefined;
	/** Small odd shapes, which the self-test runs at load. */
	readonly small: readonly Geometry<O>[];
	/** Shapes of layers of 1.0-224 and 0.25-128, and odd ones, for tests and benchmarks. */
	readonly real: readonly Geometry<O>[];
}

/** The kernels of inference, or of inference and training. */
export type KernelTable = { readonly [O in Operation]?: Kernel<O> };
