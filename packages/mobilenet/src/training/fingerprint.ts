/** How a resumed run recognizes its data. weights/digest.ts does the same for its network. */
import { marker } from "../base/marker.ts";
import type { Pictures } from "./options.ts";

export interface DataFingerprint {
	readonly pictures: number;
	readonly classes: number;
	/** Hash of the classes' names, and of the pictures' names and classes in order. */
	readonly mark: string;
}

/** The fingerprint ignores the location of the data: only names below it count. */
export function dataFingerprint({ dataset, indices }: Pictures): DataFingerprint {
	const mark = marker();
	const { name, classes, labels, nameOf } = dataset;
	for (const label of classes) mark.text(label.name);
	const count = indices?.length ?? labels.length;
	for (let i = 0; i < count; i++) {
		const index = indices?.[i] ?? i;
		const own = nameOf(index);
		mark.text(own.startsWith(name) ? own.slice(name.length) : own);
		mark.word(labels[index]!);
	}
	return { pictures: count, classes: classes.length, mark: mark.value() };
}
