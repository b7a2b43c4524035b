/** A training plan as data: like an inference plan, with the addresses of what training keeps, takes and returns. */
import type { ParameterList } from "../parameters.ts";
import type { Address, Layout } from "../plan.ts";
import type { LossKinds } from "../training-executor.ts";

/** The losses of a plan, in the order in which they are added. */
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
	/** The forward pass, by the type of input: bytes or normalized floats. Its first step is `entry`; the section follows. */
	readonly forward: Readonly<Record<"bytes" | "floats", { readonly entry: number } & Section>>;
	readonly backward: Section;
	readonly norm: Section;
	readonly update: Section;
	/** Addresses of the input pictures. */
	readonly inputs: Readonly<Record<"bytes" | "floats", Address>>;
	readonly parameters: ParameterList;
	readonly running: ParameterList;
	/** Addresses of the lists. */
	readonly lists: Readonly<Record<"parameters" | "gradients" | "first" | "running", Address>> & {
		readonly second?: Address;
		readonly average?: Address;
		readonly runningAverage?: Address;
	};
	/** Addresses of what a run takes and returns. */
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
	/** Slices in which the squares of the gradients are summed. */
	readonly squareSlices: number;
	/** The norms of the layers that learn, in the order of the layers. */
	readonly norms: readonly { readonly layer: string; readonly address: Address; readonly channels: number }[];
}
