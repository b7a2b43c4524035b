/**
 * The rule for finding a class by name: `golden_retriever`, "Golden Retriever", `n02099601`, 207. Allowing and denying
 * answers, evaluation, distillation and the folders of a data set all use it.
 */
import { MobileNetError, shown } from "../base/error.ts";
import type { Label } from "../weights/model.ts";

/** A class's number, one of its names or its WordNet id; or a label, which may have several of these. */
export type ClassName = number | string | Label;

/** The numbers of all classes that a name could mean (some ImageNet names mean two); empty if there is none. */
export type ClassFinder = (wanted: ClassName) => readonly number[];

/**
 * Makes the function that finds classes by name.
 *
 * It tries in this order, and the first that finds anything decides: the WordNet id; all of a label's names as one text; its
 * name among the classes' names, then among their synonyms; its synonyms in the same way; the name as a class number. Upper
 * case, `_` and `-` do not matter.
 *
 * @param labels one for each class, without a background class; undefined for a network without labels
 * @param classes the number of classes; class numbers run from 0 to `classes - 1`
 * @example
 * classFinder(imagenetLabels(1000), 1000)("golden_retriever") // [207]
 */
export function classFinder(labels: readonly Label[] | undefined, classes: number): ClassFinder {
	const [ids, whole, names, synonyms] = [index(), index(), index(), index()];
	for (const [number, label] of (labels ?? []).entries()) {
		for (const id of [label.id, label.name]) if (id !== undefined && isWordNetId(id)) ids.add(id, number);
		whole.add([label.name, ...(label.synonyms ?? [])].join(", "), number);
		names.add(label.name, number);
		for (const synonym of label.synonyms ?? []) synonyms.add(synonym, number);
	}
	return (wanted) => {
		const { name, id, synonyms: own = [] } = typeof wanted === "object" ? wanted : { name: String(wanted) };
		const number = /^\d+$/.test(name) ? Number(name) : classes;
		const byNumber = number < classes ? [number] : [];
		if (typeof wanted === "number") return byNumber;
		// A list may hold all the names of a class in one field, as ImageNet's own does.
		const [first = "", ...others] = name.split(", ");
		const ways: (() => readonly number[])[] = [
			...[id, name].flatMap((text) => (text !== undefined && isWordNetId(text) ? [() => ids.of(text)] : [])),
			() => whole.of([name, ...own].join(", ")),
			...[name, first].flatMap((text) => [() => names.of(text), () => synonyms.of(text)]),
			...[...own, ...others].flatMap((text) => [() => names.of(text), () => synonyms.of(text)]),
			() => byNumber,
		];
		for (const way of ways) {
			const found = way();
			if (found.length > 0) return found;
		}
		return [];
	};
}

/**
 * Like `classFinder`, but fails if there is no such class.
 *
 * @throws MobileNetError `usage` if no class has that name or number
 * @example
 * requiredClasses(imagenetLabels(1000), 1000)("crane") // [134, 517]: the bird and the machine
 */
export function requiredClasses(labels: readonly Label[] | undefined, classes: number): ClassFinder {
	const find = classFinder(labels, classes);
	return (wanted) => {
		const found = find(wanted);
		if (found.length > 0) return found;
		throw new MobileNetError(
			"usage",
			typeof wanted === "number"
				? `there is no class ${shown(wanted)}: class numbers run from 0 to ${classes - 1}.`
				: `no class is called ${shown(typeof wanted === "string" ? wanted : wanted.name)}${labels ? "" : ": the model has no labels"}.`,
		);
	};
}

function index() {
	const numbers = new Map<string, number[]>();
	return {
		add: (text: string, number: number): void => {
			const found = numbers.get(plain(text)) ?? [];
			if (!found.includes(number)) found.push(number);
			numbers.set(plain(text), found);
		},
		of: (text: string): readonly number[] => numbers.get(plain(text)) ?? [],
	};
}

/** The form in which names are compared. File systems differ in how they encode accented letters. */
function plain(text: string): string {
	return text
		.normalize("NFC")
		.toLowerCase()
		.replaceAll(/[\s_-]+/g, " ")
		.trim();
}

function isWordNetId(text: string): boolean {
	return /^n\d{8}$/i.test(text);
}
