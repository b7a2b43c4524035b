/** Checks, before training starts, whether a network can learn from the given pictures. */
import { MobileNetError, shown } from "../base/error.ts";
import type { Label, Model } from "../weights/model.ts";
import type { Pictures } from "./options.ts";

/** The most names that a message shows. */
const shownNames = 5;

/** The numbers of the pictures. */
export function indicesOf({ dataset, indices }: Pictures): Int32Array {
	return indices ?? Int32Array.from(dataset.labels, (_, index) => index);
}

/**
 * Throws if nothing can be learned from the pictures.
 *
 * @param labeled whether labels are needed; a teacher needs none
 * @returns notes for a person on missing labels and classes, a sentence each
 * @throws MobileNetError `usage`
 */
export function checkPictures(pictures: Pictures, labeled: boolean): readonly string[] {
	const { dataset } = pictures;
	const indices = indicesOf(pictures);
	if (indices.length === 0) throw new MobileNetError("usage", `${dataset.name} has no pictures to train on.`);
	if (!labeled) return [];
	const { classes, labels, name } = dataset;
	if (classes.length === 0)
		throw new MobileNetError(
			"usage",
			`${name} has no classes: give a folder with a folder of pictures for each class, a list with labels, or shards.`,
		);
	const counts = new Int32Array(classes.length);
	let unlabeled = 0;
	for (const index of indices)
		if (labels[index]! < 0) unlabeled++;
		else counts[labels[index]!]!++;
	const present = classes.filter((_, label) => counts[label]! > 0);
	const absent = classes.filter((_, label) => counts[label] === 0);
	if (present.length < 2)
		throw new MobileNetError(
			"usage",
			`${name} has ${
				present.length === 0
					? "no pictures with a class"
					: `pictures of one class only, ${shown(present[0]!.name)}`
			}: a network learns to tell at least two apart.`,
		);
	const notes: string[] = [];
	if (absent.length > 0)
		notes.push(
			`${name} has no pictures of ${listed(absent)}: the network learns that ${absent.length === 1 ? "it is" : "they are"} never the answer.`,
		);
	if (unlabeled > 0)
		notes.push(`${unlabeled} of the ${indices.length} pictures have no class and are not used for training.`);
	return notes;
}

/** Throws unless the network has an output for each class, in the same order. */
export function checkClasses({ configuration, labels }: Model, { dataset }: Pictures): void {
	const { classes, name } = dataset;
	if (configuration.classes !== classes.length)
		throw new MobileNetError(
			"usage",
			`${name} has ${classes.length} classes, but the network has ${configuration.classes} outputs: give it a new classifier first.`,
		);
	const other = labels?.findIndex((label, i) => label.name !== classes[i]!.name) ?? -1;
	if (other >= 0)
		throw new MobileNetError(
			"usage",
			`class ${other} of ${name} is ${shown(classes[other]!.name)}, but the network's is ${shown(labels![other]!.name)}: the classes must be the same, in the same order.`,
		);
}

function listed(labels: readonly Label[]): string {
	const names = labels.slice(0, shownNames).map((label) => shown(label.name));
	const rest = labels.length - names.length;
	return names.join(", ") + (rest > 0 ? ` and ${rest} more classes` : "");
}
