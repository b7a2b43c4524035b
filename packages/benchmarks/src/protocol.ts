/** What the benchmark and the process of a runtime say to one another: a question at a time, each with its answer. */

/** What a runtime is to run. */
export interface Job {
	/** Holds the files of network.ts: the network in every format, and `input.f32`. */
	readonly folder: string;
	readonly size: number;
	readonly channels: number;
	readonly classes: number;
	readonly batch: number;
	readonly threads: number;
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
	/** [batch, classes], from a first run on the input. */
	readonly probabilities: readonly number[];
	/** Where it runs, such as `Node 24.21.0 (V8 13.6)`. */
	readonly host: string;
	/** The build of the kernels; ours alone has such a name. */
	readonly build?: string;
}

export type Reply = { readonly value: Answers[Question["kind"]] } | { readonly error: string };
