/** What commands write: files with the right ending, never over the model that is read, and lines of JSON. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { quoted, usageError } from "./errors.ts";
import { isAddress, modelSource } from "./model-source.ts";

/** The endings of what is written, as messages name them, and what else there is to say of each. */
const kinds = {
	model: { ending: /\.safetensors$/i, expected: ".safetensors, the only format that is written", hint: "" },
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

/** The files that a model is made of, as far as there are any: undefined for an address and the embedded one. */
export async function filesOf(model: string): Promise<readonly string[] | undefined> {
	if (model.startsWith("file:")) return filesOf(fileURLToPath(model));
	if (modelSource(model) === undefined || isAddress(model)) return undefined;
	const found = await stat(model).catch(() => undefined);
	if (!found?.isDirectory()) return found ? [model, ...(await shardsOf(model))] : [];
	const names = await readdir(model);
	if (names.includes("model.json")) return filesOf(join(model, "model.json"));
	return names.map((name) => join(model, name));
}

/** What a TensorFlow.js model.json names; nothing for any other file. */
async function shardsOf(file: string): Promise<readonly string[]> {
	if (!/\.json$/i.test(file)) return [];
	try {
		const { weightsManifest } = JSON.parse(await readFile(file, "utf8")) as {
			weightsManifest: { paths: string[] }[];
		};
		return weightsManifest.flatMap(({ paths }) => paths).map((path) => join(file, "..", path));
	} catch {
		// Loading it says what is wrong.
		return [];
	}
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
