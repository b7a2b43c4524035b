/** Sends changed files to a process that reads them, and is there when that process hangs or ends. */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Input } from "./changes.ts";

/** How a reading went. Without `failure` it went as it must: a model, or a MobileNetError of this code. */
export interface Outcome {
	readonly refused?: string;
	readonly failure?: string;
	readonly milliseconds?: number;
	/** In bytes. */
	readonly allocated?: number;
	/** In bytes, of all of the model's files. */
	readonly size?: number;
}

export interface Reader {
	readonly check: (input: Input) => Promise<Outcome>;
	readonly stop: () => void;
}

/** After so many milliseconds without an answer it hangs; a whole model is read and run in them, too, beside other work. */
const patience = 60_000;
const options = [
	"--conditions=mobilenet-source",
	"--expose-gc",
	// In MiB. What a reading allocates stays young, so that no collection hides it; and a heap without end is noticed.
	"--min-semi-space-size=64",
	"--max-semi-space-size=64",
	"--max-old-space-size=1024",
];

export function startReader(): Reader {
	let child: ChildProcess | undefined;
	const stop = () => {
		child?.kill("SIGKILL");
		child = undefined;
	};
	const check = (input: Input): Promise<Outcome> =>
		new Promise((resolve) => {
			child ??= fork(fileURLToPath(new URL("fuzz-child.ts", import.meta.url)), {
				execArgv: options,
				stdio: ["ignore", "ignore", "inherit", "ipc"],
			});
			const { pid } = child;
			const done = (outcome: Outcome) => {
				clearTimeout(timer);
				child?.removeAllListeners();
				if (outcome.failure !== undefined && outcome.milliseconds === undefined) stop();
				resolve(outcome);
			};
			const timer = setTimeout(
				() => done({ failure: `no answer in ${patience / 1000} seconds (process ${pid})` }),
				patience,
			);
			child.once("message", (outcome: Outcome) => done(outcome));
			child.once("exit", (code, signal) =>
				done({ failure: `the process ended (${signal ?? `exit code ${code}`})` }),
			);
			child.once("error", (error) => done({ failure: `the process failed: ${error.message}` }));
			child.send(input);
		});
	return { check, stop };
}
