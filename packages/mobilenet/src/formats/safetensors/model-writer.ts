/** A whole model written as one safetensors file: the mirror of model-file.ts. */
import { checkTensors } from "../../weights/check.ts";
import type { Model } from "../../weights/model.ts";
import { formatVersion, key, readJson } from "./model-file.ts";
import { modelFromJson, modelToJson } from "./model-json.ts";
import { writeSafetensors } from "./safetensors-writer.ts";

/**
 * A model as the bytes of a safetensors file.
 *
 * @throws MobileNetError `broken-file` for a model that could not be read again
 * @example
 * await writeFile("model.safetensors", writeModel(model))
 */
export function writeModel(model: Model): Uint8Array {
	return writeSafetensors(model.tensors, modelMetadata(model));
}

/** The metadata by which a safetensors file with the tensors of a model, and others beside them, is that model's. */
export function modelMetadata(model: Model): Readonly<Record<string, string>> {
	const text = JSON.stringify({ format_version: formatVersion, ...modelToJson(model) });
	modelFromJson(readJson(text, "the model"), "the model");
	checkTensors(model);
	return { [key]: text };
}
