/**
 * A whole model as one safetensors file, which any safetensors library opens: the tensors under their canonical
 * names, and the model's rest as JSON in the metadata, under one key. Nothing in a file is believed: the JSON
 * is checked value by value, and the tensors against the layers of the configuration.
 */
import { MobileNetError, messageOf, shown } from "../../base/error.ts";
import { parseJson } from "../../base/json.ts";
import { checkTensors } from "../../weights/check.ts";
import type { Model } from "../../weights/model.ts";
import { modelFromJson } from "./model-json.ts";
import { readSafetensors, type Safetensors } from "./safetensors.ts";

/** The metadata's key. */
export const key = "mobilenet";
/** Raised when a reader of today could misunderstand what a writer of tomorrow means. */
const latestVersion = 2;
/** An object of lists of labels of synonyms. */
const modelDepth = 4;

/**
 * A model from the bytes of a file that `writeModel` made. Its tensors are views of these bytes where they can be.
 *
 * @param name how errors call the file
 * @throws MobileNetError `broken-file`, or `unsupported` for a newer version and for safetensors of others
 * @example
 * readModelFile(await readFile("model.safetensors"), "model.safetensors").configuration.alpha
 */
export function readModelFile(bytes: Uint8Array, name: string): Model {
	return modelIn(readSafetensors(bytes, name), name);
}

/** The same of a file that was read already. */
export function modelIn(file: Safetensors, name: string): Model {
	const text = file.metadata[key];
	if (text === undefined)
		throw new MobileNetError(
			"unsupported",
			`${name} is a safetensors file without the metadata ${shown(key)} that this package writes.`,
		);
	const model = { ...modelFromJson(readJson(text, name), name), tensors: file.tensors };
	checkTensors(model, name);
	return model;
}

export function readJson(text: string, name: string): Record<string, unknown> {
	let json: unknown;
	try {
		json = parseJson(text, modelDepth);
	} catch (error) {
		throw new MobileNetError(
			"broken-file",
			`${name}: its metadata ${key} is not the JSON it should be: ${messageOf(error)}.`,
			{ cause: error },
		);
	}
	if (typeof json !== "object" || json === null || Array.isArray(json))
		throw new MobileNetError(
			"broken-file",
			`${name}: its metadata ${key} must be a JSON object, not ${shown(json)}.`,
		);
	const { format_version: version } = json as { format_version?: unknown };
	if (typeof version !== "number" || !Number.isSafeInteger(version) || version < 1)
		throw new MobileNetError(
			"broken-file",
			`${name}: the format_version of its metadata ${key} must be a whole number above 0, not ${shown(version)}.`,
		);
	if (version > latestVersion)
		throw new MobileNetError(
			"unsupported",
			`${name} is of format_version ${version}, but this version of mobilenet reads up to ${latestVersion}: install a newer one.`,
		);
	return json as Record<string, unknown>;
}
