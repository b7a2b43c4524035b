/** A model with what its user wants otherwise than its file has it: another size, another preprocessing. */
import { MobileNetError } from "../base/error.ts";
import { configure } from "../network/configuration.ts";
import type { Model, Preprocessing } from "../weights/model.ts";
import { preprocessingFault } from "../weights/preprocessing.ts";
import type { RunOptions } from "./options.ts";

/**
 * The model with another size or preprocessing: the same weights, since a network runs at any size. What the options say
 * is no longer assumed.
 *
 * @throws MobileNetError `configuration` or `usage` where an option makes no sense
 * @example
 * transfer({ model: changedModel(await readAnyModel("model.tflite"), { size: 128 }), training, validation });
 */
export function changedModel(
	model: Model,
	{ size, preprocessing = {} }: Pick<RunOptions, "size" | "preprocessing">,
): Model {
	const configuration =
		size === undefined ? model.configuration : configure({ ...model.configuration, size });
	const given = Object.entries(preprocessing)
		.filter(([, value]) => value !== undefined)
		.map(([field, value]) => [
			field,
			typeof value === "number" ? new Array<number>(configuration.inputChannels).fill(value) : value,
		]);
	const changed = { ...model.preprocessing, ...(Object.fromEntries(given) as Partial<Preprocessing>) };
	const fault = preprocessingFault(changed, configuration.inputChannels);
	if (fault !== undefined) throw new MobileNetError("usage", `${fault}.`);
	const told = new Set([...given.map(([field]) => field), ...(size === undefined ? [] : ["size"])]);
	const source = { ...model.source, assumed: model.source.assumed.filter((field) => !told.has(field)) };
	return { ...model, configuration, preprocessing: changed, source };
}
