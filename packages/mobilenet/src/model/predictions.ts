/** From probabilities to answers: the best classes by name. */
import { MobileNetError, shown } from "../base/error.ts";
import { backgroundOutputs } from "../labels/background.ts";
import type { Model } from "../weights/model.ts";

export interface Prediction {
	/** The class's usual name; `class 17` if the model has no labels. */
	readonly label: string;
	/** Number of the class from 0, a background class not counted: for ImageNet 0…999. */
	readonly index: number;
	/**
	 * From 0 to 1. Those of all classes, including any background class, add up to 1. If the network's `output` is `sigmoid`,
	 * they are independent, because a picture may show several classes or none.
	 */
	readonly probability: number;
	/**
	 * Whether the answer can be trusted: whether its probability is at least the model's `sureFrom`. If the best answer
	 * cannot, the picture is hard to recognize or of none of the model's classes. Absent if the model has no `sureFrom`.
	 */
	readonly sure?: boolean;
}

export interface PredictionOptions {
	/** The most answers. Default: 5. */
	readonly top?: number | undefined;
	/**
	 * Answers below this probability are left out. Default: 0. With sigmoid outputs, 0.5 keeps the classes that are more
	 * likely in the picture than not.
	 */
	readonly threshold?: number | undefined;
	/** Only these classes are answers: by name, synonym, WordNet id or number (labels/find.ts). */
	readonly allow?: readonly (string | number)[] | undefined;
	/** These classes are never answers. */
	readonly deny?: readonly (string | number)[] | undefined;
}

export type Ranking = (probabilities: Float32Array) => Prediction[];

/** Makes the function that names the best of a model's classes. Options are checked here, once. */
export async function ranking(
	{ configuration: { classes }, labels, sureFrom }: Pick<Model, "configuration" | "labels" | "sureFrom">,
	{ top = 5, threshold = 0, allow, deny }: PredictionOptions,
): Promise<Ranking> {
	if (!(Number.isInteger(top) && top >= 1))
		throw new MobileNetError("usage", `top must be a whole number of at least 1, not ${shown(top)}.`);
	if (!(threshold >= 0 && threshold <= 1))
		throw new MobileNetError("usage", `threshold must be a number from 0 to 1, not ${shown(threshold)}.`);
	const background = backgroundOutputs(labels);
	// Most callers name no classes, and their pages then do not load the class finder.
	const { requiredClasses } = allow || deny ? await import("../labels/find.ts") : {};
	const find = requiredClasses?.(labels?.slice(background), classes - background);
	const allowed = allow && new Set(allow.flatMap(find!));
	const denied = new Set(deny?.flatMap(find!));
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
