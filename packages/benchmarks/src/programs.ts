/**
 * The measured processes. They always run the built files, because stripping types would cost them time and memory.
 */
import { type ChildProcess, fork, spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { home, programs } from "./folders.ts";
import type { Answers, Question, Reply } from "./protocol.ts";

/**
 * Writes src/ without types to dist/.
 *
 * @param folder packages/benchmarks, of this checkout or of another one; its own compiler does it
 */
export function buildPrograms(folder = home): void {
	const compiler = join(
		dirname(createRequire(join(folder, "package.json")).resolve("typescript/package.json")),
		"bin/tsc",
	);
	const { status, stdout } = spawnSync(process.execPath, [compiler, "-p", folder, "--noCheck"], {
		encoding: "utf8",
	});
	if (status !== 0) throw new Error(`the benchmark's own files of ${folder} do not compile: ${stdout}`);
}

export interface Place {
	/** In the format of taskset. */
	readonly cores: string;
	/** The Node that runs the program. */
	readonly node: string;
}

const pins = process.platform === "linux" && spawnSync("taskset", ["--version"]).status === 0;
/** A note for the user if programs cannot be pinned. */
export const pinning = pins ? undefined : "taskset is not installed, so nothing is pinned to a core";

/** The command line of a program, pinned to its cores if taskset is installed. */
export function commandOf({ cores, node }: Place): [string, ...string[]] {
	return pins ? ["taskset", "-c", cores, node] : [node];
}

export interface Program {
	readonly ask: <K extends Question["kind"]>(question: Extract<Question, { kind: K }>) => Promise<Answers[K]>;
	readonly stop: () => Promise<void>;
}

/** Starts a program that answers questions; its name is its path in src/ without the ending. */
export function start(
	name: string,
	place: Place,
	environment: Readonly<Record<string, string>> = {},
	folder = programs,
): Program {
	const [execPath, ...execArgv] = commandOf(place);
	const child = fork(join(folder, `${name}.js`), {
		execPath,
		execArgv,
		env: { ...process.env, ...environment },
		// The output of runtimes must not mix with the results.
		stdio: ["ignore", 2, 2, "ipc"],
	});
	const ask = (question: Question): Promise<unknown> =>
		new Promise((resolve, reject) => {
			const ended = () =>
				reject(new Error(`its process ended (${child.exitCode ?? child.signalCode}) before it answered`));
			if (isOver(child)) return ended();
			child.once("exit", ended);
			child.once("error", reject);
			child.once("message", (reply: Reply) => {
				child.off("exit", ended);
				child.off("error", reject);
				if ("error" in reply) reject(new Error(reply.error));
				else resolve(reply.value);
			});
			// If it cannot be sent, the process is about to end.
			child.send(question, () => {});
		});
	return { ask: ask as Program["ask"], stop: () => stopped(child, ask) };
}

async function stopped(child: ChildProcess, ask: (question: Question) => Promise<unknown>): Promise<void> {
	if (isOver(child)) return;
	const exit = new Promise((resolve) => child.once("exit", resolve));
	await ask({ kind: "stop" }).catch(() => child.kill());
	await exit;
}

function isOver({ exitCode, signalCode }: ChildProcess): boolean {
	return exitCode !== null || signalCode !== null;
}
