/** Splits a data set with the same share of every class in each part, for validation and cross-validation. */
import { MobileNetError, shown } from "../base/error.ts";
import { byClass } from "./classes.ts";
import type { Dataset } from "./dataset.ts";
import { randomOf, shuffle } from "./seeds.ts";

/** Numbers of pictures for training and for validation, in ascending order. */
export interface Split {
	readonly training: Int32Array;
	readonly validation: Int32Array;
}

/**
 * Takes a share of the pictures for validation, equal for every class to within one picture. Every class keeps at least
 * one picture for training.
 *
 * @param dataset a data set, or only its labels
 * @throws MobileNetError `usage` if the share is not between 0 and 1
 * @example
 * const { training, validation } = split(dataset, { share: 0.1, seed: 1 });
 */
export function split(
	{ labels }: Pick<Dataset, "labels">,
	{ share = 0.1, seed = 0 }: { readonly share?: number | undefined; readonly seed?: number | undefined } = {},
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
	// Rounding down takes too few pictures; the classes that lost most by it give one more, until the total is right.
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
 * Splits for cross-validation: every picture is in the validation part of exactly one split. The parts differ by at most
 * one picture, in total and in each class.
 *
 * @throws MobileNetError `usage` if there are fewer than two folds, or more folds than pictures
 * @example
 * for (const { training, validation } of foldsOf(dataset, { folds: 5, seed: 1 })) …
 */
export function foldsOf(
	{ labels }: Pick<Dataset, "labels">,
	{ folds = 5, seed = 0 }: { readonly folds?: number | undefined; readonly seed?: number | undefined } = {},
): readonly Split[] {
	if (!(Number.isInteger(folds) && folds >= 2 && folds <= labels.length))
		throw new MobileNetError(
			"usage",
			`folds must be a whole number from 2 to ${labels.length}, the number of pictures, not ${shown(folds)}.`,
		);
	const random = randomOf(seed);
	const foldOf = new Int32Array(labels.length);
	// Dealt like cards: the next class continues where the last one ended.
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
