/** What commands write: files with the right ending, never over the model that is read, and lines of JSON. */
import { stat } from "node:fs/promises";
import { quoted, usageError } from "./errors.ts";
import { filesOf } from "./locations.ts";

/** The endings of what is written, as messages name them, and what else there is to say of each. */
const kinds = {
	model: { ending: /\.safetensors$/i, expected: ".safetensors, which is what this command writes", hint: "" },
	vectors: {
		ending: /\.npy$/i,
		expected: ".npy",
		hint: "; without it JSON lines go to standard output",
	},
	report: { ending: /\.html?$/i, expected: ".html", hint: "" },
} as const;

/**
 * Fails unless a file has the ending of what is to be written: a slip must not write over something else.
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

/** Fails where a file to be written is one of those that a model is read from; others may be written over. */
export async function checkOverwriting(model: string, output: string): Promise<void> {
	const identity = async (file: string): Promise<string | undefined> => {
		const found = await stat(file, { bigint: true }).catch(() => undefined);
		return found && `${found.dev} ${found.ino}`;
	};
	const there = await identity(output);
	if (there === undefined) return;
	for (const file of (await filesOf(model)) ?? [])
		if ((await identity(file)) === there)
			throw usageError(`${output} is a file of the model that is read: give another --output.`);
}
