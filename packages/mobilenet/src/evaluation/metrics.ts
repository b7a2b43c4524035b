/**
 * How good answers are, from the true classes and the probabilities that a network gave: top-1 and top-k, log loss,
 * precision and recall of each class, who is taken for whom, and whether the network is as sure as it is right. Pure
 * arithmetic, picture by picture, keeping only counts. Words and formulas are scikit-learn's where
 * it has them.
 */
import { MobileNetError, shown } from "../base/error.ts";

/** Bins of the confidence from 0 to 1, all of one width: as many as Guo et al. 2017 take. */
export const reliabilityBins = 15;

/** The least probability in the log loss: the ε of float32, scikit-learn's. One of 0 would make the loss infinite. */
const leastProbability = 2 ** -23;

export interface Metrics {
	/** Pictures that were counted. */
	readonly pictures: number;
	/** Share of pictures, from 0 to 1, whose class is the most probable one. */
	readonly top1: number;
	/** Share of pictures whose class is among the five most probable. */
	readonly top5: number;
	/** The same for as many answers as were asked for, if it was asked. */
	readonly topK?: { readonly k: number; readonly share: number };
	/**
	 * Share of pictures whose best answer is sure, being at least as probable as `sureFrom`, and top-1 of those, null where
	 * there are none; if it was asked.
	 */
	readonly sure?: { readonly share: number; readonly top1: number | null };
	/** Mean of −ln of the true class's probability, which is taken to be at least 2⁻²³. */
	readonly loss: number;
	/**
	 * Expected calibration error: how far the mean confidence of a bin is from the share of right answers there, mean over
	 * the bins of `reliability` weighted by their pictures. 0 is best.
	 * Source: Guo et al. 2017, "On Calibration of Modern Neural Networks".
	 */
	readonly ece: number;
	/** Means over the classes that have pictures, each class counting alike; a class that is no answer has precision 0. */
	readonly mean: { readonly precision: number; readonly recall: number; readonly f1: number };
	/** Classes that are true or answered at least once, by number. */
	readonly classes: readonly ClassMetrics[];
	/** The confusion matrix without its zeros, by true class, then by answer. */
	readonly confusion: readonly Confusion[];
	/** The bins of the confidence, the probability of the best answer. */
	readonly reliability: readonly ReliabilityBin[];
}

export interface ClassMetrics {
	/** Number of the class from 0. */
	readonly index: number;
	/** Pictures of the class. */
	readonly support: number;
	/** Pictures for which it is the best answer. */
	readonly predicted: number;
	/** Share of `predicted` that are of the class; null where it is never the answer. */
	readonly precision: number | null;
	/** Share of `support` for which it is the answer; null if the class has no pictures. */
	readonly recall: number | null;
	/** Harmonic mean of both: twice the pictures that are right, by `support` and `predicted` together. */
	readonly f1: number;
}

/** How many pictures of one class have another, or the same, for their best answer. */
export interface Confusion {
	readonly truth: number;
	readonly predicted: number;
	readonly pictures: number;
}

/** Pictures whose confidence is above `from` and at most `to`. */
export interface ReliabilityBin {
	readonly from: number;
	readonly to: number;
	readonly pictures: number;
	/** Mean confidence; null where there are no pictures. */
	readonly confidence: number | null;
	/** Share of right answers; null where there are no pictures. */
	readonly accuracy: number | null;
}

export interface MetricsOptions {
	/** Answers a picture for `topK`. */
	readonly topK?: number | undefined;
	/** The probability from which the best answer counts as `sure`: the model's `sureFrom`. */
	readonly sureFrom?: number | undefined;
}

/** Counts pictures one by one. */
export interface Tally {
	/**
	 * Counts a picture.
	 *
	 * @param truth its class
	 * @param probabilities [classes]; not kept
	 * @returns the best answer
	 */
	readonly add: (truth: number, probabilities: Float32Array) => number;
	/** What has been counted so far. Fails where nothing has. */
	readonly metrics: () => Metrics;
}

/**
 * The metrics of a list of pictures.
 *
 * @param labels the class of each picture, from 0
 * @param probabilities a row of all classes for each picture, [classes]
 * @throws MobileNetError `usage` where there are no pictures, or labels and rows do not fit
 * @example
 * metricsOf(Int32Array.of(1, 0), [Float32Array.of(0.2, 0.8), Float32Array.of(0.4, 0.6)]).top1 // 0.5
 */
export function metricsOf(
	labels: Int32Array,
	probabilities: readonly Float32Array[],
	options: MetricsOptions = {},
): Metrics {
	if (labels.length !== probabilities.length)
		throw new MobileNetError(
			"usage",
			`there are ${labels.length} labels, but ${probabilities.length} rows of probabilities: give one of each for every picture.`,
		);
	const tally = createTally(probabilities[0]?.length ?? 0, options);
	for (const [picture, row] of probabilities.entries()) tally.add(labels[picture]!, row);
	return tally.metrics();
}

/**
 * Counts pictures one by one, for data whose probabilities are too many to keep.
 *
 * @throws MobileNetError `usage` if `topK` is not a whole number of at least 1
 */
export function createTally(classes: number, { topK, sureFrom }: MetricsOptions = {}): Tally {
	if (topK !== undefined && !(Number.isInteger(topK) && topK >= 1))
		throw new MobileNetError("usage", `topK must be a whole number of at least 1, not ${shown(topK)}.`);
	let pictures = 0;
	let loss = 0;
	const sure = { pictures: 0, right: 0 };
	/** How many pictures have their class for the best answer, for the second best … */
	const ranks = new Float64Array(classes);
	/** By true class · classes + answer: a matrix of a thousand classes is nearly all zeros. */
	const pairs = new Map<number, number>();
	const bins = Array.from({ length: reliabilityBins }, () => ({ pictures: 0, confidence: 0, right: 0 }));

	const add = (truth: number, probabilities: Float32Array): number => {
		check(truth, probabilities, classes, pictures);
		const ofTruth = probabilities[truth]!;
		let best = 0;
		let rank = 0;
		for (let i = 0; i < classes; i++) {
			const probability = probabilities[i]!;
			// The smaller number first among equals.
			if (probability > probabilities[best]!) best = i;
			if (probability > ofTruth || (probability === ofTruth && i < truth)) rank++;
		}
		pictures++;
		loss -= Math.log(Math.max(ofTruth, leastProbability));
		ranks[rank]!++;
		pairs.set(truth * classes + best, (pairs.get(truth * classes + best) ?? 0) + 1);
		const confidence = probabilities[best]!;
		const bin =
			bins[Math.min(Math.max(Math.ceil(confidence * reliabilityBins) - 1, 0), reliabilityBins - 1)]!;
		bin.pictures++;
		bin.confidence += confidence;
		if (best === truth) bin.right++;
		if (sureFrom !== undefined && confidence >= sureFrom) {
			sure.pictures++;
			if (best === truth) sure.right++;
		}
		return best;
	};

	const metrics = (): Metrics => {
		if (pictures === 0) throw new MobileNetError("usage", "there are no pictures to evaluate.");
		const top = (k: number): number => ranks.subarray(0, k).reduce((sum, n) => sum + n, 0) / pictures;
		const confusion = [...pairs]
			.sort(([a], [b]) => a - b)
			.map(([pair, count]) => ({
				truth: Math.floor(pair / classes),
				predicted: pair % classes,
				pictures: count,
			}));
		const ofClasses = classMetrics(confusion);
		return {
			pictures,
			top1: top(1),
			top5: top(5),
			...(topK === undefined ? {} : { topK: { k: topK, share: top(topK) } }),
			...(sureFrom !== undefined && {
				sure: {
					share: sure.pictures / pictures,
					top1: sure.pictures > 0 ? sure.right / sure.pictures : null,
				},
			}),
			loss: loss / pictures,
			ece: bins.reduce((sum, bin) => sum + Math.abs(bin.confidence - bin.right), 0) / pictures,
			mean: meanOf(ofClasses.filter(({ support }) => support > 0)),
			classes: ofClasses,
			confusion,
			reliability: bins.map((bin, i) => ({
				from: i / reliabilityBins,
				to: (i + 1) / reliabilityBins,
				pictures: bin.pictures,
				confidence: bin.pictures > 0 ? bin.confidence / bin.pictures : null,
				accuracy: bin.pictures > 0 ? bin.right / bin.pictures : null,
			})),
		};
	};
	return { add, metrics };
}

function check(truth: number, probabilities: Float32Array, classes: number, picture: number): void {
	if (probabilities.length !== classes)
		throw new MobileNetError(
			"usage",
			`picture ${picture} has ${probabilities.length} probabilities, but those before it have ${classes}: give one for each class.`,
		);
	if (!(Number.isInteger(truth) && truth >= 0 && truth < classes))
		throw new MobileNetError(
			"usage",
			`picture ${picture} is of class ${shown(truth)}: classes run from 0 to ${classes - 1}.`,
		);
	// Nothing is above or below what is no number, and every answer would seem right.
	if (probabilities.some((probability) => Number.isNaN(probability)))
		throw new MobileNetError(
			"broken-file",
			`the probabilities of picture ${picture} are not numbers (NaN): the weights of the network are damaged, or its training has diverged.`,
		);
}

function classMetrics(confusion: readonly Confusion[]): readonly ClassMetrics[] {
	const counts = new Map<number, { support: number; predicted: number; right: number }>();
	const of = (index: number) => {
		const found = counts.get(index) ?? { support: 0, predicted: 0, right: 0 };
		counts.set(index, found);
		return found;
	};
	for (const { truth, predicted, pictures } of confusion) {
		of(truth).support += pictures;
		of(predicted).predicted += pictures;
		if (truth === predicted) of(truth).right += pictures;
	}
	return [...counts]
		.sort(([a], [b]) => a - b)
		.map(([index, { support, predicted, right }]) => ({
			index,
			support,
			predicted,
			precision: predicted > 0 ? right / predicted : null,
			recall: support > 0 ? right / support : null,
			f1: (2 * right) / (support + predicted),
		}));
}

function meanOf(classes: readonly ClassMetrics[]): Metrics["mean"] {
	const mean = (of: (metrics: ClassMetrics) => number): number =>
		classes.reduce((sum, metrics) => sum + of(metrics), 0) / classes.length;
	return {
		precision: mean(({ precision }) => precision ?? 0),
		recall: mean(({ recall }) => recall ?? 0),
		f1: mean(({ f1 }) => f1),
	};
}
