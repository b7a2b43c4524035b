/** From probabilities to answers: the best classes by name. */
import { MobileNetError, shown } from "../base/error.ts";
import { hasBackground, type Label, type Model } from "../weights/model.ts";

export interface Prediction {
	/** What people call the class; `class 17` where the model has no labels. */
	readonly label: string;
	/** Number of the class from 0, a background class not counted: for ImageNet 0…999. */
	readonly index: number;
	/** From 0 to 1. Those of all classes, with a background class where there is one, add up to 1. */
	readonly probability: number;
	/**
	 * Whether the answer is to be believed: whether its probability is at least the model's `sureFrom`. Where the best
	 * answer is not, the picture is hard to tell, or of none of the model's classes. Absent where the model has no
	 * `sureFrom`.
	 */
	readonly sure?: boolean;
}

export interface PredictionOptions {
	/** How many answers at the most; 5 if not given. */
	readonly top?: number | undefined;
	/** Answers below this probability are left out; 0 if not given. */
	readonly threshold?: number | undefined;
	/** Only these classes are answers: names, synonyms, WordNet ids or indices. */
	readonly allow?: readonly (string | number)[] | undefined;
	/** These classes are no answers. */
	readonly deny?: readonly (string | number)[] | undefined;
}

export type Ranking = (probabilities: Float32Array) => Prediction[];

/** Makes the function that names the best of a model's classes. Options are checked here, once. */
export function ranking(
	{ configuration: { classes }, labels, sureFrom }: Pick<Model, "configuration" | "labels" | "sureFrom">,
	{ top = 5, threshold = 0, allow, deny }: PredictionOptions,
): Ranking {
	if (!(Number.isInteger(top) && top >= 1))
		throw new MobileNetError("usage", `top must be a whole number of at least 1, not ${shown(top)}.`);
	if (!(threshold >= 0 && threshold <= 1))
		throw new MobileNetError("usage", `threshold must be a number from 0 to 1, not ${shown(threshold)}.`);
	const background = hasBackground(labels) ? 1 : 0;
	const find = finder(labels, classes - background, background);
	const allowed = allow && new Set(allow.flatMap(find));
	const denied = new Set(deny?.flatMap(find));
	const candidates = Array.from({ length: classes - background }, (_, index) => index).filter(
		(index) => (!allowed || allowed.has(index)) && !denied.has(index),
	);
	return (probabilities) =>
		candidates
			.map((index) => ({ index, probability: probabilities[index + background]! }))
			// The smaller index first among equals, as sorting is stable.
			.sort((a, b) => b.probability - a.probability)
			.slice(0, top)
			.filter(({ probability }) => probability >= threshold)
			.map(({ index, probability }) => ({
				label: labels?.[index + background]?.name ?? `class ${index}`,
				index,
				probability,
				...(sureFrom !== undefined && { sure: probability >= sureFrom }),
			}));
}

/** Finds classes by index or by name; some names of ImageNet stand for two classes. */
function finder(labels: readonly Label[] | undefined, classes: number, background: number) {
	return (wanted: string | number): number[] => {
		if (typeof wanted === "number") {
			if (Number.isInteger(wanted) && wanted >= 0 && wanted < classes) return [wanted];
			throw new MobileNetError(
				"usage",
				`there is no class ${shown(wanted)}: indices run from 0 to ${classes - 1}.`,
			);
		}
		const name = wanted.toLowerCase();
		const found = Array.from({ length: classes }, (_, index) => index).filter((index) => {
			const label = labels?.[index + background];
			return (
				label &&
				[label.name, label.id, ...(label.synonyms ?? [])].some((text) => text?.toLowerCase() === name)
			);
		});
		if (found.length > 0) return found;
		throw new MobileNetError(
			"usage",
			`no class is called ${shown(wanted)}${labels ? "" : ": the model has no labels"}.`,
		);
	};
}

/** Softmax of logits, for networks that give out those. */
export function softmax(logits: Float32Array): Float32Array {
	const largest = logits.reduce((most, x) => Math.max(most, x), Number.NEGATIVE_INFINITY);
	const powers = logits.map((x) => Math.exp(x - largest));
	const sum = powers.reduce((total, x) => total + x, 0);
	return powers.map((x) => x / sum);
}
