/** Compares a float network and its integer version on the engine. */
import { MobileNetError, shown } from "../base/error.ts";
import { pauses } from "../base/pauses.ts";
import { createExecutor } from "../engine/executor.ts";
import { integers, wordsOf } from "../engine/integers.ts";
import { int8Plan } from "../engine/plans/int8.ts";
import { loadBuild } from "../kernels/load.ts";
import { backgroundOutputs } from "../labels/background.ts";
import type { Configuration } from "../network/configuration.ts";
import { layers } from "../network/layers.ts";
import { dequantize } from "../weights/dequantize.ts";
import { foldedWeights } from "../weights/fold.ts";
import type { Model } from "../weights/model.ts";
import { partsOf, weightedParts } from "../weights/parts.ts";
import {
	floatNetwork,
	type Observation,
	type PictureOptions,
	preparedPictures,
	type RunningNetwork,
} from "./calibration.ts";
import { withPixelCodes } from "./pixel-codes.ts";
import type { Accuracy, AccuracyReport, LabeledPicture, LayerReport, QuantizationReport } from "./report.ts";

/** At most this many pictures are compared; with more, the layers' figures hardly change. */
const mostCompared = 64;

export interface ComparisonOptions {
	readonly signal?: AbortSignal | undefined;
	readonly onPicture: (done: number, total: number) => void;
}

/** Both networks; every layer's output can be read. */
export interface Pair {
	readonly float: RunningNetwork;
	readonly integer: RunningNetwork;
}

export async function pairOf(float: Model, quantized: Model): Promise<Pair> {
	const [{ loaded }, { loaded: loadedIntegers }] = [
		await loadBuild(),
		await loadBuild({ kernelSet: "integer" }),
	];
	const keep = layers(quantized.configuration).map(({ name }) => name);
	const plan = int8Plan(quantized, { build: loadedIntegers.build, batch: 1, keep });
	const executor = createExecutor(plan, integers(quantized), loadedIntegers);
	return {
		float: floatNetwork(float, loaded),
		integer: (pixels) => {
			executor.pixels.set(pixels);
			executor.run("bytes", 1);
			return (layer) => executor.read(layer, 0);
		},
	};
}

/** Compares the layers' outputs and the answers of two networks on prepared pictures. */
export async function compareNetworks(
	{ float, integer }: Pair,
	models: { readonly float: Model; readonly quantized: Model; readonly observation: Observation },
	pictures: readonly Uint8Array[],
	{ signal, onPicture }: ComparisonOptions,
): Promise<Pick<QuantizationReport, "layers" | "compared" | "agreement">> {
	const { configuration } = models.quantized;
	const table = layers(configuration);
	const compared = pictures.slice(0, mostCompared);
	const outputs = table.map(({ name }) => ({ name, signal: 0, noise: 0 }));
	const isBest = bestOf(models.quantized);
	const answers = answersOf(configuration);
	const pause = pauses(signal);
	let agreeing = 0;
	for (const [n, pixels] of compared.entries()) {
		const [expected, actual] = [float(pixels), integer(pixels)];
		for (const output of outputs) {
			const sums = squares(expected(output.name), actual(output.name));
			output.signal += sums.signal;
			output.noise += sums.noise;
		}
		if (configuration.head && isBest(expected(answers)) === isBest(actual(answers))) agreeing++;
		onPicture(n + 1, compared.length);
		await pause();
	}
	const signalToNoise = weightSignalToNoise(models.float, models.quantized);
	const wordsByLayer = wordsOf(partsOf(models.quantized));
	return {
		compared: compared.length,
		agreement: configuration.head ? agreeing / compared.length : undefined,
		layers: table.map(({ name }, i): LayerReport => {
			const { scale, low, high } = wordsByLayer.get(name)!;
			return {
				layer: name,
				seen: models.observation.layers.get(name)!.seen.range,
				covered: [scale * low, scale * high],
				weightSignalToNoise: signalToNoise.get(name),
				signalToNoise: decibels(outputs[i]!),
			};
		}),
	};
}

/**
 * Throws unless every picture's class is one of the network's.
 *
 * @throws MobileNetError `usage`
 */
export function checkLabeled(
	{ configuration: { head, classes }, labels }: Model,
	labeled: readonly Pick<LabeledPicture, "index">[],
): void {
	if (!head)
		throw new MobileNetError(
			"usage",
			"the model has no classifier, so its accuracy cannot be measured: omit the labeled pictures.",
		);
	const most = classes - 1 - backgroundOutputs(labels);
	for (const { index } of labeled)
		if (!(Number.isInteger(index) && index >= 0 && index <= most))
			throw new MobileNetError(
				"usage",
				`a labeled picture's index must be a class from 0 to ${most}, not ${shown(index)}.`,
			);
}

/** Measures the accuracy of two networks on labeled pictures. */
export async function measureAccuracy<Key>(
	{ float, integer }: Pair,
	model: Model,
	labeled: readonly LabeledPicture<Key>[],
	options: ComparisonOptions & PictureOptions<Key>,
): Promise<AccuracyReport> {
	const background = backgroundOutputs(model.labels);
	const counts = { float: { top1: 0, top5: 0 }, integer: { top1: 0, top5: 0 } };
	const pause = pauses(options.signal);
	const { signal, onUnreadable } = options;
	const numbered = labeled.map(({ source }, key) => ({ key, source }));
	let pictures = 0;
	for await (const { key: number, pixels } of preparedPictures(numbered, model, {
		signal,
		onUnreadable: onUnreadable && ((key, error) => onUnreadable(keyOf(labeled[key]!), error)),
	})) {
		for (const [run, count] of [
			[float, counts.float],
			[integer, counts.integer],
		] as const) {
			const better = rankOf(
				run(pixels)(answersOf(model.configuration)),
				labeled[number]!.index + background,
				background,
			);
			if (better < 1) count.top1++;
			if (better < 5) count.top5++;
		}
		pictures++;
		options.onPicture(number + 1, labeled.length);
		await pause();
	}
	if (pictures === 0) throw new MobileNetError("usage", "none of the labeled pictures can be read.");
	const share = ({ top1, top5 }: Accuracy): Accuracy => ({ top1: top1 / pictures, top5: top5 / pictures });
	return { pictures, float: share(counts.float), integer: share(counts.integer) };
}

function keyOf<Key>({ key, source }: LabeledPicture<Key>): Key {
	// Without a key, the type `Key` is that of sources.
	return key ?? (source as Key);
}

/** The number of classes ranked before this one; among equals, the smaller index comes first. */
function rankOf(logits: Float32Array, index: number, background: number): number {
	let better = 0;
	for (let c = background; c < logits.length; c++)
		if (logits[c]! > logits[index]! || (logits[c] === logits[index] && c < index)) better++;
	return better;
}

/** The output that tells classes apart; a binary network has one logit for both. */
function answersOf({ binary }: Configuration): string {
	return binary ? "probabilities" : "classifier";
}

/** The class with the largest number, without the background class. */
function bestOf({ labels }: Model): (logits: Float32Array) => number {
	const background = backgroundOutputs(labels);
	return (logits) => {
		const answers = logits.subarray(background);
		return answers.indexOf(answers.reduce((most, x) => Math.max(most, x), Number.NEGATIVE_INFINITY));
	};
}

/** Signal-to-noise ratio of the weights of each layer that has weights. */
function weightSignalToNoise(float: Model, quantized: Model): ReadonlyMap<string, number> {
	const after = weightedParts(dequantize(quantized));
	return new Map(
		weightedParts(withPixelCodes(float).model).map((own, i) => [
			own.layer.name,
			decibels(squares(foldedWeights(own).weight, foldedWeights(after[i]!).weight)),
		]),
	);
}

interface Squares {
	readonly signal: number;
	readonly noise: number;
}

function squares(expected: Float32Array, actual: Float32Array): Squares {
	let [signal, noise] = [0, 0];
	for (let i = 0; i < expected.length; i++) {
		signal += expected[i]! ** 2;
		noise += (expected[i]! - actual[i]!) ** 2;
	}
	return { signal, noise };
}

function decibels({ signal, noise }: Squares): number {
	return 10 * Math.log10(signal / noise);
}
