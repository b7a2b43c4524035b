/**
 * Short marks of long things, by which a run that is resumed knows its data and its network again. No guard against
 * people who mean harm: 53 bits, quickly mixed.
 */
import type { Model } from "../weights/model.ts";
import type { Pictures } from "./options.ts";

export interface DataFingerprint {
	readonly pictures: number;
	readonly classes: number;
	/** Of the classes' names, and of the pictures' names and classes in order. */
	readonly mark: string;
}

/** Where the data lie does not count, only what they are called there. */
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

/** Of the weights that a run begins with. */
export function modelFingerprint({ configuration, tensors }: Model): string {
	const mark = marker();
	mark.text(JSON.stringify(configuration));
	for (const [name, { data }] of [...tensors].sort(([a], [b]) => (a < b ? -1 : 1))) {
		mark.text(name);
		const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
		const words = new Int32Array(bytes.slice(0, bytes.length & ~3).buffer);
		for (let i = 0; i < words.length; i++) mark.word(words[i]!);
		for (let i = bytes.length & ~3; i < bytes.length; i++) mark.word(bytes[i]!);
	}
	return mark.value();
}

/** cyrb53 (bryc, public domain): two multiply-xor lanes of 32 bits. */
function marker() {
	let [high, low] = [0xdeadbeef, 0x41c6ce57];
	const word = (value: number): void => {
		high = Math.imul(high ^ value, 2654435761);
		low = Math.imul(low ^ value, 1597334677);
		// Without turning, high bits would never reach low ones.
		high = (high << 13) | (high >>> 19);
		low = (low << 17) | (low >>> 15);
	};
	return {
		word,
		text: (text: string): void => {
			for (let i = 0; i < text.length; i++) word(text.charCodeAt(i));
			word(-1);
		},
		value: (): string => {
			const a = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
			const b = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
			return [a, b].map((part) => (part >>> 0).toString(16).padStart(8, "0")).join("");
		},
	};
}
