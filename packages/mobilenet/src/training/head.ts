/**
 * A new classifier on a network's pooled features, trained to its optimum in seconds: logistic regression, whose
 * penalty is chosen by cross-validation on the very vectors that it is trained on. Then the model with that
 * classifier.
 *
 * The vectors are moved to mean 0, which changes nothing but the bias, and divided by one number, so that a penalty
 * means the same for every network. They are not standardized feature by feature: that blows up features that hardly
 * ever fire. In scikit-learn's cross-validation on ../shared/data it did worse on three of four pairs of data and
 * network (best nats a picture, standardized against not: flowers 0.426 and 0.405 at α 1.0, 0.554 and 0.525 at 0.25;
 * hymenoptera 0.157 and 0.149, 0.347 and 0.349).
 */
import { MobileNetError } from "../base/error.ts";
import type { OnProgress } from "../base/progress.ts";
import { layers } from "../network/layers.ts";
import { dequantize } from "../weights/dequantize.ts";
import type { Label, Model } from "../weights/model.ts";
import { partsOf, tensorsOf } from "../weights/parts.ts";
import { float32 } from "../weights/tensor.ts";
import { fitLogistic } from "./logistic.ts";
import { quickestLoss } from "./logistic-engine.ts";
import { checkExamples } from "./logistic-loss.ts";
import { chooseStrength, type Trial } from "./logistic-strength.ts";

/** A linear classifier of pooled features, as a model holds it. */
export interface Classifier {
	/** [classes, features]. */
	readonly weights: Float32Array;
	/** [classes]. */
	readonly bias: Float32Array;
	readonly classes: number;
	readonly features: number;
}

export interface Head extends Classifier {
	/** The penalty that was chosen. */
	readonly strength: number;
	/** What cross-validation found, from the strongest penalty on; empty where there was nothing to choose by. */
	readonly trials: readonly Trial[];
}

export interface TrainHeadOptions {
	/** Decides which vectors are tried together; 0 if not given. */
	readonly seed?: number | undefined;
	/** Numbers of the pictures, one a vector: where a picture has several, its mirror image too, they stay together. */
	readonly groups?: Int32Array | undefined;
	/** Called with the penalties that were tried; there may be fewer than `total`. */
	readonly onProgress?: OnProgress | undefined;
	readonly signal?: AbortSignal | undefined;
}

/** Penalties to choose among, for vectors of mean squared length 1. */
const strengths: readonly number[] = Array.from({ length: 15 }, (_, i) => 10 ** (-1 - i / 2));
/** What is taken where there are too few pictures to choose by. */
const usualStrength = 1e-3;
/** Nats that the classifier may be above its optimum. */
const tolerance = 1e-6;
/** The logit of a class that has no pictures; the largest of the others is not below 0. */
const neverLogit = -30;

/**
 * Trains a classifier on vectors: multinomial logistic regression whose penalty is chosen by cross-validation
 * (logistic-strength.ts). A class without vectors is never answered.
 *
 * @param vectors [rows, features]
 * @param labels one a row, from 0 to below `classes`
 * @throws MobileNetError `usage` where they do not fit each other; the signal's reason
 * @example
 * const { vectors, labels } = await embeddingsOf(mobilenet, dataset);
 * const head = await trainHead(vectors, labels, dataset.classes.length);
 */
export async function trainHead(
	vectors: Float32Array,
	labels: Int32Array,
	classes: number,
	{ seed = 0, groups, onProgress, signal }: TrainHeadOptions = {},
): Promise<Head> {
	if (labels.length === 0) throw new MobileNetError("usage", "there is no picture to train a classifier on.");
	const features = vectors.length / labels.length;
	checkExamples({ vectors, labels, features, classes });
	const present = [...new Set(labels)].sort((a, b) => a - b);
	const places = new Map(present.map((label, place) => [label, place]));
	const { scaled, mean, scale } = centered(vectors, features);
	const examples = {
		vectors: scaled,
		labels: labels.map((label) => places.get(label)!),
		features,
		classes: present.length,
	};
	const lossOf = await quickestLoss(examples);
	const { strength, trials, start } =
		present.length === 1
			? { strength: usualStrength, trials: [] }
			: await chooseStrength(examples, {
					groups: groups ?? Int32Array.from(labels.keys()),
					...{ seed, strengths, usual: usualStrength, lossOf, onProgress, signal },
				});
	signal?.throwIfAborted();
	const { parameters } = fitLogistic(examples, { strength, tolerance, lossOf, ...(start ? { start } : {}) });

	// W (x − mean) / scale + b, as a classifier of x.
	const weights = new Float32Array(classes * features);
	const bias = new Float32Array(classes).fill(neverLogit);
	for (const [place, label] of present.entries()) {
		const own = parameters.subarray(place * (features + 1), (place + 1) * (features + 1));
		let shift = own[features]!;
		for (let j = 0; j < features; j++) {
			weights[label * features + j] = own[j]! / scale;
			shift -= (own[j]! / scale) * mean[j]!;
		}
		bias[label] = shift;
	}
	return { weights, bias, classes, features, strength, trials };
}

/** Vectors of mean 0 and mean squared length 1, and what was done to them. */
function centered(vectors: Float32Array, features: number) {
	const rows = vectors.length / features;
	const mean = new Float64Array(features);
	for (let i = 0; i < vectors.length; i += features)
		for (let j = 0; j < features; j++) mean[j]! += vectors[i + j]!;
	for (let j = 0; j < features; j++) mean[j]! /= rows;
	let squares = 0;
	for (let i = 0; i < vectors.length; i += features)
		for (let j = 0; j < features; j++) squares += (vectors[i + j]! - mean[j]!) ** 2;
	// All alike: nothing can be told apart.
	const scale = Math.sqrt(squares / rows) || 1;
	const scaled = new Float32Array(vectors.length);
	for (let i = 0; i < vectors.length; i += features)
		for (let j = 0; j < features; j++) scaled[i + j] = (vectors[i + j]! - mean[j]!) / scale;
	return { scaled, mean, scale };
}

/**
 * The network with another classifier. The model is in float32 whatever it was: a quantized one is dequantized. What
 * was measured of the old classifier's answers, `sureFrom`, goes with it.
 *
 * @param labels one a class, in the order of the classifier's outputs; there is no background class among them
 * @throws MobileNetError `usage` where the classifier is not for as many features, or labels are not as many as classes
 * @example
 * await writeFile("flowers.safetensors", writeModel(withHead(mobilenet.model, head, dataset.classes)));
 */
export function withHead(model: Model, head: Classifier, labels: readonly Label[]): Model {
	const { weights, bias, classes } = head;
	const { outputChannels: features } = layers(model.configuration).find(({ kind }) => kind === "pool")!;
	if (head.features !== features || labels.length !== classes)
		throw new MobileNetError(
			"usage",
			`the classifier takes ${head.features} features and has ${classes} classes, but the network gives ${features} features and there are ${labels.length} labels.`,
		);
	const { rounding: _, sureFrom: __, ...real } = dequantize(model);
	const configuration = { ...model.configuration, classes, head: true };
	const layer = layers(configuration).at(-1)!;
	const classifier = { layer, weight: float32(weights, layer.weightShape), bias: float32(bias) };
	const others = partsOf(real).layers.filter((own) => own.layer.kind !== "dense");
	return { ...real, configuration, tensors: tensorsOf({ layers: [...others, classifier] }), labels };
}
