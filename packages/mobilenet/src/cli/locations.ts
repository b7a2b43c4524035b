/** Where the things named on the command line are: at a URL or in files, and in which files. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Whether a name is a URL rather than a path: a URL's scheme has at least two letters, a drive has one. */
export function isAddress(name: string): boolean {
	return /^[a-z][a-z+.-]+:/i.test(name);
}

/** The files that a model is made of; undefined for an address, for a name, and where there is no such file. */
export async function filesOf(model: string): Promise<readonly string[] | undefined> {
	if (model.startsWith("file:")) return filesOf(fileURLToPath(model));
	const { isWeightsName, modelNames } = await import("../index.ts");
	if (modelNames.includes(model) || isWeightsName(model) || isAddress(model)) return undefined;
	const found = await stat(model).catch(() => undefined);
	if (!found?.isDirectory()) return found && [model, ...(await shardsOf(model))];
	const names = await readdir(model);
	if (names.includes("model.json")) return filesOf(join(model, "model.json"));
	return names.map((name) => join(model, name));
}

/** The shards that a TensorFlow.js model.json lists; none for any other file. */
async function shardsOf(file: string): Promise<readonly string[]> {
	if (!/\.json$/i.test(file)) return [];
	try {
		const { parseJson } = await import("../formats/index.ts");
		const { weightsManifest } = parseJson(await readFile(file, "utf8")) as {
			weightsManifest: { paths: string[] }[];
		};
		return weightsManifest.flatMap(({ paths }) => paths).map((path) => join(file, "..", path));
	} catch {
		// Loading the model reports the error.
		return [];
	}
}
