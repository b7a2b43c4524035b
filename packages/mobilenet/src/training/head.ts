/**
 * A new classifier on a network's pooled features, trained to its optimum in seconds by logistic regression, and the model
 * with that classifier. Cross-validation on the training vectors chooses the penalty; its answers to pictures that were not
 * trained on say how good the classifier is, and give the temperature with which its probabilities mean what they say.
 *
 * The vectors are shifted to mean 0, which changes only the bias, and divided by one number, so that a penalty means the
 * same for every network. They are not standardized feature by feature, because that inflates features that hardly ever
 * fire. In scikit-learn's cross-validation on ../shared/data it did worse on three of four pairs of data and network
 * (best nats per picture, with and without: flowers 0.426 and 0.405 at α 1.0, 0.554 and 0.525 at 0.25; hymenoptera 0.157
 * and 0.149, 0.347 and 0.349).
 */
import { MobileNetError } from "../base/error.ts";
import type { OnProgress } from "../base/progress.ts";
import { classWeights } from "../data/classes.ts";
import type { Configuration } from "../network/configuration.ts";
import { isPool, layers } from "../network/layers.ts";
import { dequantize } from "../weights/dequantize.ts";
import type { Label, Model } from "../weights/model.ts";
import { partsOf, tensorsOf } from "../weights/parts.ts";
import { float32 } from "../weights/tensor.ts";
import { type Judged, judged } from "./cross-validation.ts";
import { fitLogistic } from "./logistic.ts";
import { quickestLoss } from "./logistic-engine.ts";
import { checkExamples } from "./logistic-loss.ts";
import { type Choice, chooseStrength, type Trial } from "./logistic-strength.ts";
import { temperatureOf } from "./temperature.ts";

/** A linear classifier of pooled features, as in a model. */
export interface Classifier {
	/** [classes, features]. */
	readonly weights: Float32Array;
	/** [classes]. */
	readonly bias: Float32Array;
	readonly classes: number;
	readonly features: number;
}

export interface Head extends Classifier {
	/** The chosen penalty. */
	readonly strength: number;
	/** Results of cross-validation, strongest penalty first; empty if there were too few pictures for it. */
	readonly trials: readonly Trial[];
	/** What the logits were divided by; 1 if there were too few pictures for cross-validation. */
	readonly temperature: number;
	/** Answers to pictures by classifiers that were not trained on them; undefined if there were too few. */
	readonly outOfFold?: OutOfFold | undefined;
}

/** Answers to vectors by classifiers of the same penalty that were not trained on their pictures. */
export interface OutOfFold extends Judged {
	/** The vectors that were tested: all of them, or a fifth if there are very many. */
	readonly rows: Int32Array;
	/** [rows, classes], with the classifier's temperature. */
	readonly probabilities: Float32Array;
}

export interface TrainHeadOptions {
	/** Determines the folds of cross-validation. Default: 0. */
	readonly seed?: number | undefined;
	/** Number of each vector's picture: vectors of one picture and its mirror image stay in one fold. Default: all differ. */
	readonly groups?: Int32Array | undefined;
	/** Whether every class counts the same, however many pictures it has. Default: false. */
	readonly balanced?: boolean | undefined;
	/** The penalty and temperature of another classifier, to use without cross-validation. */
	readonly like?: Pick<Head, "strength" | "temperature"> | undefined;
	/** Called with the number of penalties tried; there may be fewer than `total`. */
	readonly onProgress?: OnProgress | undefined;
	readonly signal?: AbortSignal | undefined;
}

/** Penalties to choose from, for vectors of mean squared length 1. */
const strengths: readonly number[] = Array.from({ length: 15 }, (_, i) => 10 ** (-1 - i / 2));
/** The penalty if there are too few pictures for cross-validation. */
const usualStrength = 1e-3;
/** How far the classifier's loss may be above its optimum, in nats. */
const tolerance = 1e-6;
/** The logit of a class without pictures; the largest of the others is never below 0. */
const neverLogit = -30;

/**
 * Trains a classifier on vectors: multinomial logistic regression whose penalty is chosen by cross-validation
 * (logistic-strength.ts). A class without vectors is never answered.
 *
 * @param vectors [rows, features]
 * @param labels one per row, from 0 to below `classes`
 * @throws MobileNetError `usage` if they do not match; the signal's reason
 * @example
 * const { vectors, labels } = await embeddingsOf(mobilenet, dataset);
 * const head = await trainHead(vectors, labels, dataset.classes.length);
 * head.outOfFold?.accuracy // 0.88: what to expect of other pictures
 */
export async function trainHead(
	vectors: Float32Array,
	labels: Int32Array,
	classes: number,
	{ seed = 0, groups: given, balanced = false, like, onProgress, signal }: TrainHeadOptions = {},
): Promise<Head> {
	if (labels.length === 0)
		throw new MobileNetError("usage", "there are no pictures to train a classifier on: give at least one.");
	const features = vectors.length / labels.length;
	checkExamples({ vectors, labels, features, classes });
	const present = [...new Set(labels)].sort((a, b) => a - b);
	const places = new Map(present.map((label, place) => [label, place]));
	const { scaled, mean, scale } = centered(vectors, features);
	const own = labels.map((label) => places.get(label)!);
	const weighed = balanced ? classWeights(own, present.length) : undefined;
	const examples = {
		vectors: scaled,
		labels: own,
		features,
		classes: present.length,
		weights: weighed && Float32Array.from(own, (label) => weighed[label]!),
	};
	const groups = given ?? Int32Array.from(labels.keys());
	const lossOf = await quickestLoss(examples);
	const { strength, trials, start, tested }: Choice =
		present.length === 1 || like
			? { strength: like?.strength ?? usualStrength, trials: [] }
			: await chooseStrength(examples, {
					groups,
					seed,
					strengths,
					usual: usualStrength,
					lossOf,
					onProgress,
					signal,
				});
	signal?.throwIfAborted();
	const { parameters } = fitLogistic(examples, { strength, tolerance, lossOf, start });
	const temperature = tested
		? temperatureOf(
				tested.logits,
				tested.rows.map((row) => own[row]!),
				present.length,
				examples.weights && Float32Array.from(tested.rows, (row) => examples.weights![row]!),
			)
		: (like?.temperature ?? 1);

	// Rewrite (W (x − mean) / scale + b) / temperature as a classifier of x.
	const weights = new Float32Array(classes * features);
	const bias = new Float32Array(classes).fill(neverLogit);
	for (const [place, label] of present.entries()) {
		const row = parameters.subarray(place * (features + 1), (place + 1) * (features + 1));
		let shift = row[features]!;
		for (let j = 0; j < features; j++) {
			weights[label * features + j] = row[j]! / (scale * temperature);
			shift -= (row[j]! / scale) * mean[j]!;
		}
		bias[label] = shift / temperature;
	}
	const answers = tested && { rows: tested.rows, logits: tested.logits.map((logit) => logit / temperature) };
	return {
		...{ weights, bias, classes, features, strength, trials, temperature },
		outOfFold: answers && {
			rows: answers.rows,
			probabilities: probabilitiesOf(answers.logits, present, classes),
			...judged(answers, examples, groups),
		},
	};
}

/** The softmax of logits of the classes that have pictures, [rows, classes]. */
function probabilitiesOf(logits: Float64Array, present: readonly number[], classes: number): Float32Array {
	const rows = logits.length / present.length;
	const probabilities = new Float32Array(rows * classes);
	for (let row = 0; row < rows; row++) {
		const own = logits.subarray(row * present.length, (row + 1) * present.length);
		const largest = own.reduce((most, x) => Math.max(most, x));
		const powers = own.map((x) => Math.exp(x - largest));
		const sum = powers.reduce((total, x) => total + x);
		for (const [place, label] of present.entries())
			probabilities[row * classes + label] = powers[place]! / sum;
	}
	return probabilities;
}

/** The vectors brought to mean 0 and mean squared length 1, and the mean and scale that did so. */
function centered(vectors: Float32Array, features: number) {
	const rows = vectors.length / features;
	const mean = new Float64Array(features);
	for (let i = 0; i < vectors.length; i += features)
		for (let j = 0; j < features; j++) mean[j]! += vectors[i + j]!;
	for (let j = 0; j < features; j++) mean[j]! /= rows;
	let squares = 0;
	for (let i = 0; i < vectors.length; i += features)
		for (let j = 0; j < features; j++) squares += (vectors[i + j]! - mean[j]!) ** 2;
	// If all vectors are equal, keep them at 0.
	const scale = Math.sqrt(squares / rows) || 1;
	const scaled = new Float32Array(vectors.length);
	for (let i = 0; i < vectors.length; i += features)
		for (let j = 0; j < features; j++) scaled[i + j] = (vectors[i + j]! - mean[j]!) / scale;
	return { scaled, mean, scale };
}

/** What a configuration says of a head that is a classifier alone. */
export const linearHead = { head: true, headLayers: [], binary: false } as const;

/**
 * Replaces a network's classifier, and the dense layers before it. Sigmoid outputs become a softmax. The result is in
 * float32: a quantized model is dequantized. `sureFrom`, which was measured with the old classifier, is dropped.
 *
 * @param labels one per class, in the order of the classifier's outputs, without a background class
 * @throws MobileNetError `usage` if the number of features or of labels does not match
 * @example
 * await writeFile("flowers.safetensors", writeModel(withHead(mobilenet.model, head, dataset.classes)));
 */
export function withHead(model: Model, head: Classifier, labels: readonly Label[]): Model {
	const { weights, bias, classes } = head;
	const { outputChannels: features } = layers(model.configuration).find(isPool)!;
	if (head.features !== features || labels.length !== classes)
		throw new MobileNetError(
			"usage",
			`the classifier takes ${head.features} features and has ${classes} classes, but the network gives ${features} features and there are ${labels.length} labels.`,
		);
	const { rounding: _, sureFrom: __, ...real } = dequantize(model);
	const { output } = model.configuration;
	const configuration: Configuration = {
		...{ ...model.configuration, ...linearHead, classes },
		// Classes of which a picture has exactly one.
		output: output === "sigmoid" ? "softmax" : output,
	};
	const layer = layers(configuration).at(-1)!;
	const classifier = { layer, weight: float32(weights, layer.weightShape), bias: float32(bias) };
	const others = partsOf(real).layers.filter((own) => own.layer.kind !== "dense");
	return { ...real, configuration, tensors: tensorsOf({ layers: [...others, classifier] }), labels };
}
