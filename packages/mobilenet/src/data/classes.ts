/** Pictures grouped by class, and weights of classes. */
import { MobileNetError } from "../base/error.ts";

/** Groups pictures by class: classes in the order of their numbers, pictures in their given order. */
export function byClass(indices: Int32Array, labels: Int32Array): Map<number, number[]> {
	const groups = new Map<number, number[]>();
	for (const index of indices) {
		const label = labels[index];
		if (label === undefined)
			throw new MobileNetError(
				"usage",
				`there is no picture ${index}: the ${labels.length} pictures of the data set are numbered from 0.`,
			);
		const group = groups.get(label);
		if (group) group.push(index);
		else groups.set(label, [index]);
	}
	return new Map([...groups].sort(([a], [b]) => a - b));
}

/**
 * Weights with which every class counts equally in a loss: pictures / (classes with pictures · pictures of the class).
 * Their mean over the pictures is 1; a class without pictures has weight 0. Scikit-learn calls them "balanced".
 *
 * @param labels the class of each training picture; −1 is ignored
 * @param classes number of classes
 * @example
 * classWeights(Int32Array.of(0, 0, 0, 1), 2) // [0.667, 2]
 */
export function classWeights(labels: Int32Array, classes: number): Float32Array {
	const counts = new Float64Array(classes);
	let pictures = 0;
	for (const label of labels) {
		if (label < 0) continue;
		if (label >= classes)
			throw new MobileNetError(
				"usage",
				`a picture has the class ${label}, but the ${classes} classes are numbered from 0.`,
			);
		counts[label]!++;
		pictures++;
	}
	const present = counts.filter((count) => count > 0).length;
	return Float32Array.from(counts, (count) => (count > 0 ? pictures / (present * count) : 0));
}
