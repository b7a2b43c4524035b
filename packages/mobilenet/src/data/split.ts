/** Parts of a data set that have the same share of every class: for validation, and for cross-validation. */
import { MobileNetError, shown } from "../base/error.ts";
import { byClass } from "./classes.ts";
import type { Dataset } from "./dataset.ts";
import { randomOf, shuffle } from "./seeds.ts";

/** Numbers of pictures to learn from and to judge by, in rising order. */
export interface Split {
	readonly training: Int32Array;
	readonly validation: Int32Array;
}

/**
 * Takes a share of the pictures for validation, the same of every class but for less than a picture. Every class keeps at
 * least one picture for training.
 *
 * @param dataset a data set, or its labels alone
 * @throws MobileNetError `usage` where the share is not between 0 and 1
 * @example
 * const { training, validation } = split(dataset, { share: 0.1, seed: 1 });
 */
export function split(
	{ labels }: Pick<Dataset, "labels">,
	{ share = 0.1, seed = 0 }: { readonly share?: number; readonly seed?: number } = {},
): Split {
	if (!(share > 0 && share < 1))
		throw new MobileNetError(
			"usage",
			`the share for validation must be between 0 and 1, such as 0.1, not ${shown(share)}.`,
		);
	const random = randomOf(seed);
	const strata = [...byClass(all(labels), labels).values()].map((pictures) => ({
		pictures: shuffle(pictures, random),
		taken: Math.min(Math.floor(share * pictures.length), pictures.length - 1),
		rest: (share * pictures.length) % 1,
		tie: random.bits(),
	}));
	// What whole pictures do not make up is given to the classes that have lost most by it, so that the whole is right.
	let missing = Math.round(share * labels.length) - strata.reduce((sum, { taken }) => sum + taken, 0);
	for (const stratum of strata.toSorted((a, b) => b.rest - a.rest || a.tie - b.tie)) {
		if (missing <= 0) break;
		if (stratum.taken + 1 >= stratum.pictures.length || stratum.rest === 0) continue;
		stratum.taken++;
		missing--;
	}
	return {
		training: sorted(strata.flatMap(({ pictures, taken }) => pictures.slice(taken))),
		validation: sorted(strata.flatMap(({ pictures, taken }) => pictures.slice(0, taken))),
	};
}

/**
 * Splits for cross-validation: every picture is in the validation part of exactly one. Parts differ by one picture at
 * most, in whole and in each class.
 *
 * @throws MobileNetError `usage` where folds are fewer than two or more than pictures
 * @example
 * for (const { training, validation } of foldsOf(dataset, { folds: 5, seed: 1 })) …
 */
export function foldsOf(
	{ labels }: Pick<Dataset, "labels">,
	{ folds = 5, seed = 0 }: { readonly folds?: number; readonly seed?: number } = {},
): readonly Split[] {
	if (!(Number.isInteger(folds) && folds >= 2 && folds <= labels.length))
		throw new MobileNetError(
			"usage",
			`folds must be a whole number from 2 to the ${labels.length} pictures, not ${shown(folds)}.`,
		);
	const random = randomOf(seed);
	const foldOf = new Int32Array(labels.length);
	// Dealt like cards, and the next class goes on where the last one ended.
	let dealt = 0;
	for (const pictures of byClass(all(labels), labels).values())
		for (const picture of shuffle(pictures, random)) foldOf[picture] = dealt++ % folds;
	return Array.from({ length: folds }, (_, fold) => ({
		training: all(labels).filter((picture) => foldOf[picture] !== fold),
		validation: all(labels).filter((picture) => foldOf[picture] === fold),
	}));
}

function all(labels: Int32Array): Int32Array {
	return Int32Array.from(labels, (_, index) => index);
}

function sorted(numbers: readonly number[]): Int32Array {
	return Int32Array.from(numbers).sort();
}
