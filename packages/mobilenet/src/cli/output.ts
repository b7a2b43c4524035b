/** What commands write: files with the right ending, never over the model being read, and lines of JSON. */
import { stat } from "node:fs/promises";
import { quoted, usageError } from "./errors.ts";
import { filesOf } from "./locations.ts";

/** The file endings for each kind of output, and how error messages describe them. */
const kinds = {
	model: { ending: /\.safetensors$/i, expected: ".safetensors, which is what this command writes", hint: "" },
	vectors: {
		ending: /\.npy$/i,
		expected: ".npy",
		hint: "; without this option JSON lines go to standard output",
	},
	report: { ending: /\.html?$/i, expected: ".html", hint: "" },
} as const;

/**
 * Fails unless a file has the right ending, to keep a typo from overwriting something else.
 *
 * @param option the option that names the file
 */
export function checkEnding(option: string, file: string, kind: keyof typeof kinds): void {
	const { ending, expected, hint } = kinds[kind];
	if (!ending.test(file)) throw usageError(`${option} must end in ${expected}, not ${quoted(file)}${hint}.`);
}

/** A value as a line of JSON. */
export function jsonLine(value: unknown): string {
	return `${JSON.stringify(value)}\n`;
}

/** Fails if the output is one of the files that the model is read from; other files may be overwritten. */
export async function checkOverwriting(model: string, output: string): Promise<void> {
	const identity = async (file: string): Promise<string | undefined> => {
		const found = await stat(file, { bigint: true }).catch(() => undefined);
		return found && `${found.dev} ${found.ino}`;
	};
	const there = await identity(output);
	if (there === undefined) return;
	for (const file of (await filesOf(model)) ?? [])
		if ((await identity(file)) === there)
			throw usageError(`${output} belongs to the model being read: choose another --output.`);
}
