/**
 * What the benchmark and the process of a runtime say to one another: a question at a time, each with its answer.
 * Programs of former commits answer too (`--against`): nothing here may change its name or its meaning, and what is new
 * must be optional.
 */

export type Precision = "fp32" | "int8";
/** Files that ours reads: the network that is measured, and the same in float32 without batch norm. */
export type NetworkFile = "network.safetensors" | "folded.safetensors";

/** What a runtime is to run. */
export interface Job {
	/** Holds the files of network.ts: the network in every format, and `input.f32`. */
	readonly folder: string;
	/** Ours runs this one. */
	readonly network: NetworkFile;
	readonly size: number;
	readonly channels: number;
	readonly classes: number;
	readonly batch: number;
	/** How many inputs of so many pictures `input.f32` holds. */
	readonly inputs: number;
	readonly threads: number;
	/** Where steps of training are measured, and not runs. */
	readonly training?: TrainingJob;
}

/** Steps of SGD with momentum on one batch, over and over. */
export interface TrainingJob {
	/** Of the pictures of the batch. */
	readonly labels: readonly number[];
	readonly learningRate: number;
	readonly momentum: number;
	/** Of batch norm. */
	readonly epsilon: number;
	/** Of batch norm: share of the batch in the running statistics. */
	readonly normMomentum: number;
	/** How many steps are made beforehand, to compare their losses. */
	readonly losses: number;
}

export type Question =
	| { readonly kind: "prepare"; readonly job: Job }
	| { readonly kind: "run"; readonly runs: number }
	| { readonly kind: "memory" }
	| { readonly kind: "stop" };

export interface Answers {
	readonly prepare: Ready;
	/** Milliseconds of each run. */
	readonly run: readonly number[];
	/** The most memory that the process has held so far, in bytes. */
	readonly memory: number;
	readonly stop: null;
}

export interface Ready {
	/** Probabilities [inputs, batch, classes], from a first run on each input; or the losses of the first steps. */
	readonly outputs: readonly number[];
	/** Where it runs, such as `Node 24.21.0 (V8 13.6)`. */
	readonly host: string;
	/** The build of the kernels; ours alone has such a name. */
	readonly build?: string;
	/** Of a runtime that is no package of npm. */
	readonly version?: string;
}

export type Reply = { readonly value: Answers[Question["kind"]] } | { readonly error: string };
