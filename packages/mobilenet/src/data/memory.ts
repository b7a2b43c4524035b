/** A data set of pictures that are in memory. */
import { MobileNetError, shown } from "../base/error.ts";
import { checkPixels, type Pixels } from "../image/pixels.ts";
import type { Label } from "../weights/model.ts";
import type { Dataset } from "./dataset.ts";

export interface MemoryOptions {
	/** Raw pixels, or bytes of picture files. They are not copied. */
	readonly pictures: readonly (Pixels | Uint8Array)[];
	/** The class of each picture, a whole number from 0; −1 for none. Not given: no picture has one. */
	readonly labels?: ArrayLike<number>;
	/** Names of the classes; their numbers if not given. */
	readonly classes?: readonly (string | Label)[];
	/** What errors call it; `pictures in memory` if not given. */
	readonly name?: string;
}

/**
 * Pictures in memory as a data set.
 *
 * @throws MobileNetError `usage` where labels do not fit pictures or classes, `picture` where something is no picture
 * @example
 * const dataset = datasetOf({ pictures: [red, green], labels: [0, 1], classes: ["red", "green"] });
 */
export function datasetOf({
	pictures,
	labels,
	classes,
	name = "pictures in memory",
}: MemoryOptions): Dataset {
	const refuse = (what: string): never => {
		throw new MobileNetError("usage", `${name}: ${what}.`);
	};
	if (labels && labels.length !== pictures.length)
		refuse(
			`there must be a label for each of the ${pictures.length} pictures, but there are ${labels.length}`,
		);
	const numbers = new Int32Array(pictures.length).fill(-1);
	let most = -1;
	for (const [index, picture] of pictures.entries()) {
		if (!(picture instanceof Uint8Array)) checkPixels(picture, `${name}, picture ${index}`);
		const label = labels ? labels[index]! : -1;
		if (!(Number.isInteger(label) && label >= -1 && label < (classes?.length ?? mostClasses)))
			refuse(
				`the label of picture ${index} must be a whole number from -1 to ${(classes?.length ?? mostClasses) - 1}, not ${shown(label)}`,
			);
		numbers[index] = label;
		most = Math.max(most, label);
	}
	return {
		name,
		classes: classes
			? classes.map((label) => (typeof label === "string" ? { name: label } : label))
			: Array.from({ length: most + 1 }, (_, index) => ({ name: String(index) })),
		labels: numbers,
		nameOf: (index) => `${name}, picture ${index}`,
		read: async (index) => {
			const picture = pictures[index];
			if (picture === undefined) return refuse(`there is no picture ${index}`);
			return picture;
		},
		close: async () => undefined,
	};
}

/** Far above any data set's: a label beyond is a mistake, and a network for it would not fit in memory. */
export const mostClasses = 1_000_000;
