/** Programs that check-package.ts starts, and what it expects of them. */
import { execFile } from "node:child_process";

export interface Ended {
	readonly code: number;
	readonly stdout: string;
	readonly stderr: string;
}

/** Runs a program to its end, whatever its exit code. */
export function run(
	folder: string,
	program: string,
	words: readonly string[],
	shell = false,
	env = process.env,
): Promise<Ended> {
	return new Promise((resolve) => {
		execFile(
			program,
			words,
			{ cwd: folder, timeout: 120_000, maxBuffer: 2 ** 26, shell, env },
			(error, stdout, stderr) =>
				resolve({
					code: error === null ? 0 : typeof error.code === "number" ? error.code : 1,
					stdout: stdout.trim(),
					stderr: stderr.trim() || (error && typeof error.code !== "number" ? error.message : ""),
				}),
		);
	});
}

/** What a program printed that must succeed. */
export async function output(folder: string, program: string, words: readonly string[]): Promise<string> {
	const { code, stdout, stderr } = await run(folder, program, words);
	expect(code === 0, `${program} ${words.join(" ")} ends with ${code}:\n${stdout}\n${stderr}`);
	return stdout;
}

/** npm, without what it would say or run besides. */
export async function npm(folder: string, words: readonly string[]): Promise<string> {
	const isWindows = process.platform === "win32";
	const quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"];
	const { code, stdout, stderr } = await run(
		folder,
		isWindows ? "npm.cmd" : "npm",
		[...words, ...quiet],
		isWindows,
	);
	expect(code === 0, `npm ${words.join(" ")} ends with ${code}:\n${stdout}\n${stderr}`);
	return stdout;
}

export function expect(condition: boolean, otherwise: string): asserts condition {
	if (!condition) throw new Error(otherwise);
}
