/** A plan of training, as data: what a plan of inference has, and where what training keeps, takes and gives lies. */
import type { ParameterList } from "../parameters.ts";
import type { Address, Layout } from "../plan.ts";
import type { LossKinds } from "../training-executor.ts";

/** The losses of a plan, in the order in which they are added up. */
export const lossKinds = [
	"crossEntropy",
	"distillation",
	"squaredError",
] as const satisfies readonly (keyof LossKinds)[];
export type LossKind = (typeof lossKinds)[number];

/** Steps `first` up to `last`. */
export interface Section {
	readonly first: number;
	readonly last: number;
}

export interface TrainingPlan extends Layout {
	/** Forward, by what comes in: bytes or normalized floats. Its first step is `entry`, and `section` follows. */
	readonly forward: Readonly<Record<"bytes" | "floats", { readonly entry: number } & Section>>;
	readonly backward: Section;
	readonly norm: Section;
	readonly update: Section;
	/** Where pictures come in. */
	readonly inputs: Readonly<Record<"bytes" | "floats", Address>>;
	readonly parameters: ParameterList;
	readonly running: ParameterList;
	/** Where the lists lie, by what they hold. */
	readonly lists: Readonly<Record<"parameters" | "gradients" | "first" | "running", Address>> & {
		readonly second?: Address;
		readonly average?: Address;
		readonly runningAverage?: Address;
	};
	/** What a run is given, and what it gives. */
	readonly run: {
		readonly targets: Address;
		readonly softTargets: Address;
		/** Weight and temperature of each loss. */
		readonly factors: Readonly<Record<LossKind, Address>>;
		readonly losses: Address;
		/** Epsilon and momentum of batch norm. */
		readonly constants: Address;
		readonly settings: Address;
		readonly dropout: Address;
		readonly squares: Address;
	};
	/** Floats from one picture's targets to the next's. */
	readonly targetPitch: number;
	/** Slices of the gradients' squares. */
	readonly squareSlices: number;
	/** Norms of the layers that learn, in order. */
	readonly norms: readonly { readonly layer: string; readonly address: Address; readonly channels: number }[];
}
