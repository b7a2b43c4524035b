/** Data sets of pictures in memory. */
import { MobileNetError, shown } from "../base/error.ts";
import { checkPixels, type Pixels } from "../image/pixels.ts";
import type { Label } from "../weights/model.ts";
import type { Dataset } from "./dataset.ts";

export interface MemoryOptions {
	/** Raw pixels, or the bytes of picture files. They are not copied. */
	readonly pictures: readonly (Pixels | Uint8Array)[];
	/** The class of each picture, a whole number from 0, or −1 for none. Default: no picture has a class. */
	readonly labels?: ArrayLike<number> | undefined;
	/** Names of the classes. Default: their numbers. */
	readonly classes?: readonly (string | Label)[] | undefined;
	/** What errors call the data set. Default: `pictures in memory`. */
	readonly name?: string | undefined;
}

/**
 * Makes a data set of pictures in memory.
 *
 * @throws MobileNetError `usage` if labels do not match the pictures or classes, `picture` if something is not a picture
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
			`there must be one label for each of the ${pictures.length} pictures, but there are ${labels.length}`,
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

/** More than any data set has: a larger label is a mistake, and a network for it would not fit in memory. */
export const mostClasses = 1_000_000;
