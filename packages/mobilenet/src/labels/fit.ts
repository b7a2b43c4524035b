/** Whether a list of labels fits a network: one label for each of its classes. */
import { MobileNetError } from "../base/error.ts";
import type { Label } from "../weights/model.ts";
import { backgroundName } from "./background.ts";

/**
 * Labels for a number of classes: unchanged, or with a background class added in front if only that is missing, or with a
 * "not" label added if a network with a single output has only one label; undefined if they do not fit.
 */
export function fittedLabels(
	labels: readonly Label[],
	classes: number,
	binary = false,
): readonly Label[] | undefined {
	if (labels.length === classes) return labels;
	const [only] = labels;
	if (binary && only && labels.length === 1) return [{ name: `not ${only.name}` }, only];
	if (labels.length === 1000 && classes === 1001) return [{ name: backgroundName }, ...labels];
	return undefined;
}

/**
 * Like `fittedLabels`, for labels that the user gave for this network.
 *
 * @throws MobileNetError `usage` with both numbers if they do not fit
 */
export function labelsFor(
	labels: readonly Label[],
	classes: number,
	name: string,
	binary = false,
): readonly Label[] {
	const fitted = fittedLabels(labels, classes, binary);
	if (fitted) return fitted;
	throw new MobileNetError(
		"usage",
		`${name} has ${labels.length} labels, but the network has ${classes} classes: give a file with one label for each class.`,
	);
}
