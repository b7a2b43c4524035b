/** What the command line needs from a process. It is passed in, so tests run commands without spawning one. */
import type { CommandContext, StricliProcess } from "@stricli/core";

export interface Output {
	write(text: string): unknown;
	/** Whether it is a terminal that somebody is watching. */
	readonly isTTY?: boolean | undefined;
	/** Characters that fit in one line. */
	readonly columns?: number | undefined;
}

/** A process, or a test's substitute for one. */
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
	/** A command sets `exitCode` to 1 if some inputs failed and the rest are done. */
	readonly process: ProcessLike & StricliProcess;
}
