/** A model with changes that the user wants to its file: another size, another preprocessing. */
import { configure } from "../network/configuration.ts";
import type { Model } from "../weights/model.ts";
import { withPreprocessing } from "../weights/preprocessing.ts";
import type { RunOptions } from "./options.ts";

/**
 * The model with another size or preprocessing: the same weights, since a network runs at any size. What the options set
 * is no longer marked as assumed.
 *
 * @throws MobileNetError `configuration` or `usage` if an option is not valid
 * @example
 * transfer({ model: changedModel(await readAnyModel("model.tflite"), { size: 128 }), training, validation });
 */
export function changedModel(
	model: Model,
	{ size, preprocessing = {} }: Pick<RunOptions, "size" | "preprocessing">,
): Model {
	const changed = withPreprocessing(model, preprocessing);
	if (size === undefined) return changed;
	const assumed = changed.source.assumed.filter((field) => field !== "size");
	return {
		...changed,
		configuration: configure({ ...model.configuration, size }),
		source: { ...changed.source, assumed },
	};
}
