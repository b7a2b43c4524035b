/** What the command line needs of a process, passed in, so that every command is tested without spawning one. */
import type { CommandContext, StricliProcess } from "@stricli/core";

export interface Output {
	write(text: string): unknown;
	/** Whether it is a terminal, which somebody watches. */
	readonly isTTY?: boolean | undefined;
	/** Characters that fit in a line of it. */
	readonly columns?: number | undefined;
}

/** A process, or what a test puts in its place. */
export interface ProcessLike {
	/** Results, and nothing else. */
	readonly stdout: Output;
	/** Progress, warnings, errors. */
	readonly stderr: Output;
	readonly stdin: AsyncIterable<Uint8Array | string>;
	readonly env: Readonly<Partial<Record<string, string>>>;
}

/** `this` of every command: `this.process.stdout.write(…)`. */
export interface Context extends CommandContext {
	/** A command of which some inputs failed, the rest done, sets `exitCode` to 1. */
	readonly process: ProcessLike & StricliProcess;
}
