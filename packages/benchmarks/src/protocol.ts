/** The messages between the benchmark and the process of a runtime: one question at a time, each with its answer. */

export type Precision = "fp32" | "int8";
/** The files that ours reads: the measured network, and the same in float32 without batch norm. */
export type NetworkFile = "network.safetensors" | "folded.safetensors";

/** What a runtime should run. */
export interface Job {
	/** Contains the files of network.ts: the network in every format, and `input.f32`. */
	readonly folder: string;
	/** The file that ours runs. */
	readonly network: NetworkFile;
	readonly size: number;
	readonly channels: number;
	readonly classes: number;
	readonly batch: number;
	/** Number of inputs of `batch` pictures in `input.f32`. */
	readonly inputs: number;
	readonly threads: number;
	/** Present if training steps are measured instead of runs. */
	readonly training?: TrainingJob;
}

/** Repeated steps of SGD with momentum on one batch. */
export interface TrainingJob {
	/** The class of each picture in the batch. */
	readonly labels: readonly number[];
	readonly learningRate: number;
	readonly momentum: number;
	/** Epsilon of batch norm. */
	readonly epsilon: number;
	/** Weight of the batch in batch norm's running statistics. */
	readonly normMomentum: number;
	/** Number of first steps, whose losses are compared. */
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
	/** The peak memory of the process so far, in bytes. */
	readonly memory: number;
	readonly stop: null;
}

export interface Ready {
	/** Probabilities [inputs, batch, classes], from a first run on each input; or the losses of the first steps. */
	readonly outputs: readonly number[];
	/** Where it runs, such as `Node 24.21.0 (V8 13.6)`. */
	readonly host: string;
	/** The build of the kernels, for ours. */
	readonly build?: string | undefined;
	/** The version of a runtime that is not an npm package. */
	readonly version?: string | undefined;
}

export type Reply = { readonly value: Answers[Question["kind"]] } | { readonly error: string };
