/** Pictures whose classes are numbered as a network, or another data set, numbers them. */
import { matchClasses } from "../labels/match.ts";
import type { Label } from "../weights/model.ts";
import type { Dataset } from "./dataset.ts";

/**
 * The data set with the numbers that its classes have in another list, in which they are found as `matchClasses` finds
 * them: pictures to judge by often lie in a folder of their own, with fewer classes or in another order.
 *
 * @throws MobileNetError `usage` where a class is not in the list
 * @example
 * const training = await openDataset("photos/train");
 * const validation = withClasses(await openDataset("photos/val", { oneClass: true }), training.classes);
 */
export function withClasses(dataset: Dataset, classes: readonly Label[]): Dataset {
	const { outputs } = matchClasses({
		name: dataset.name,
		classes: dataset.classes,
		labels: classes,
		outputs: classes.length,
	});
	return { ...dataset, classes, labels: dataset.labels.map((label) => (label < 0 ? -1 : outputs[label]!)) };
}
