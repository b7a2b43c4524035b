/** The command line run in this process, with what it wrote. */
import { type ExitCode, run } from "../../src/cli/program.ts";

export interface Ran {
	readonly exitCode: ExitCode;
	readonly stdout: string;
	readonly stderr: string;
}

/** Runs a command line; `input` is what stands on its standard input. */
export async function mobilenet(
	inputs: readonly string[],
	input: Uint8Array = new Uint8Array(),
): Promise<Ran> {
	let [stdout, stderr] = ["", ""];
	const exitCode = await run(inputs, {
		stdout: { write: (text) => (stdout += text) },
		stderr: { write: (text) => (stderr += text) },
		stdin: (async function* () {
			yield input;
		})(),
		env: {},
	});
	return { exitCode, stdout, stderr };
}
