/** Which model a command line means: a file, a folder, an address, or by the name `default` the embedded one. */
import type { ReadOptions } from "../formats/index.ts";
import type { Model } from "../index.ts";

/** The name of the embedded model wherever a model is named. A file that is called so is reached as `./default`. */
export const defaultModel = "default";

/** What stands in a command's help for a model. */
export const modelBrief = `a file, a folder, an address, or ${defaultModel}, the package's own`;

/** Whether a name is an address, not a path: its scheme has two letters at least, since drives have one. */
export function isAddress(name: string): boolean {
	return /^[a-z][a-z+.-]+:/i.test(name);
}

/** What `MobileNet.load` takes for the model of that name. */
export function modelSource(name: string): string | undefined {
	return name === defaultModel ? undefined : name;
}

/**
 * The model of that name as a plain value.
 *
 * @throws MobileNetError in one sentence
 * @example
 * const { configuration } = await readNamedModel("default");
 */
export async function readNamedModel(name: string, options: ReadOptions = {}): Promise<Model> {
	const { readAnyModel } = await import("../index.ts");
	return readAnyModel(modelSource(name), options);
}
