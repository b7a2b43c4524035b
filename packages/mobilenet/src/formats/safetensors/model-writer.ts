/** A whole model written as one safetensors file: the mirror of model-file.ts. */
import { type Configuration, configure } from "../../network/configuration.ts";
import { layers } from "../../network/layers.ts";
import { checkTensors } from "../../weights/check.ts";
import type { Model } from "../../weights/model.ts";
import { boundsName, inputTableName } from "../../weights/names.ts";
import { key, readJson } from "./model-file.ts";
import { modelFromJson, type Rest, since2 } from "./model-json.ts";
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
	const text = JSON.stringify({ format_version: versionOf(model), ...modelToJson(model) });
	modelFromJson(readJson(text, "the model"), "the model");
	checkTensors(model);
	return { [key]: text };
}

/**
 * The version of the format that says all of a model: 1 where it has nothing that version 2 brought.
 */
function versionOf({
	configuration,
	tensors,
	rounding,
}: Pick<Model, "configuration" | "tensors" | "rounding">): 1 | 2 {
	const { padding, channelRounding, output } = configuration;
	const news =
		since2.some((field) => !isUsual(configuration, field)) ||
		padding === "keras" ||
		channelRounding === "truncate" ||
		output === "sigmoid" ||
		rounding === "onnxruntime" ||
		tensors.has(inputTableName) ||
		layers(configuration).some((layer) => tensors.has(boundsName(layer)));
	return news ? 2 : 1;
}

/** Whether a field says what a file without it says. */
function isUsual(configuration: Configuration, field: (typeof since2)[number]): boolean {
	const rest = { ...configuration, [field]: undefined };
	return JSON.stringify(configure(rest)[field]) === JSON.stringify(configuration[field]);
}

/** What goes into the file. */
function modelToJson(model: Model): Omit<Rest, "configuration"> & {
	readonly configuration: Partial<Configuration>;
} {
	const { configuration, preprocessing, rounding, labels, sureFrom, source } = model;
	return {
		configuration: withoutUsual(configuration),
		preprocessing,
		...(rounding && { rounding }),
		...(labels && { labels }),
		...(sureFrom !== undefined && { sureFrom }),
		source,
	};
}

/** So that files of networks that version 1 knows are files of version 1, to the byte. */
function withoutUsual(configuration: Configuration): Partial<Configuration> {
	const fields: Partial<Record<keyof Configuration, unknown>> = { ...configuration };
	for (const field of since2) if (isUsual(configuration, field)) delete fields[field];
	return fields as Partial<Configuration>;
}
