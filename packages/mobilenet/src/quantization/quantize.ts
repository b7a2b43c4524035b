/**
 * Post-training quantization: a trained network in float becomes one of 8-bit integers, with nothing but some pictures
 * to learn its ranges and its errors from. The pictures are seen in float (calibration.ts), the network of integers is
 * made layer by layer (integer-network.ts), and both are compared (comparison.ts).
 */
import { MobileNetError, shown } from "../base/error.ts";
import type { OnProgress } from "../base/progress.ts";
import { loadBuild } from "../kernels/load.ts";
import type { KeyOf, Picture, PictureSource, Pictures } from "../model/pictures.ts";
import { checkTensors } from "../weights/check.ts";
import { dequantize } from "../weights/dequantize.ts";
import { fold, foldedWeights } from "../weights/fold.ts";
import type { Model } from "../weights/model.ts";
import { namesOf } from "../weights/names.ts";
import { weightedParts } from "../weights/parts.ts";
import { preprocessingFault } from "../weights/preprocessing.ts";
import { observe, preparedPictures } from "./calibration.ts";
import { checkLabeled, compareNetworks, measureAccuracy, pairOf } from "./comparison.ts";
import { correctingPictures, integerNetwork } from "./integer-network.ts";
import { type RangeMethod, rangeMethods } from "./ranges.ts";
import type { LabeledPicture, QuantizationReport } from "./report.ts";

/** What a quantization is doing: pictures are calibrated with, compared and evaluated; layers are quantized. */
export type QuantizationStage = "calibrate" | "quantize" | "compare" | "evaluate";

export interface QuantizationOptions<Key = PictureSource> {
	/** How ranges of activations are chosen: `mse` if not given. */
	readonly range?: RangeMethod | undefined;
	/** Whether biases make up for what rounding changes on average; they do if not given. */
	readonly biasCorrection?: boolean | undefined;
	/** Pictures whose classes are known, on which the accuracy of both networks is measured. */
	readonly labeled?: Iterable<LabeledPicture<Key>> | undefined;
	/** Called with the key of each picture that cannot be read, which is left out. Default: the first one is an error. */
	readonly onUnreadable?: ((key: Key, error: unknown) => void) | undefined;
	/** Called with the stage, and how many of its pictures or layers are done. */
	readonly onProgress?: OnProgress<QuantizationStage> | undefined;
	readonly signal?: AbortSignal | undefined;
}

export interface Quantized {
	readonly model: Model;
	readonly report: QuantizationReport;
}

/**
 * A network in 8-bit integers.
 *
 * Labels and configuration are kept, and so is the preprocessing, but that the pixels' mean becomes one whole number
 * and their deviation one number, where they are not (pixel-codes.ts).
 *
 * @param model a network in float; one of integers is quantized anew
 * @param calibration a hundred or more pictures of the kind that the network will see, in random order; they need no
 *   labels, and may have keys. Each takes size² · channels bytes of memory
 * @returns the integer model, and how far it is from the network in float
 * @throws MobileNetError `usage` without pictures; `unsupported` for leaky ReLU, which has no integer kernels;
 *   `broken-file`; `picture` or `not-found` for the first picture that cannot be had
 * @example
 * const { model, report } = await quantize(await readModel("model.tflite"), ["a.jpg", "b.jpg"]);
 * await writeFile("model-int8.safetensors", writeModel(model));
 */
export async function quantize<P extends Picture>(
	model: Model,
	calibration: Pictures<P>,
	options: QuantizationOptions<KeyOf<P>> = {},
): Promise<Quantized> {
	const { range = "mse", biasCorrection = true, onProgress, signal } = options;
	if (!rangeMethods.includes(range))
		throw new MobileNetError("usage", `range must be ${rangeMethods.join(", ")}, not ${shown(range)}.`);
	const float = realNetwork(model);
	const labeled = options.labeled && [...options.labeled];
	if (labeled) checkLabeled(model, labeled);
	const pictures: Uint8Array[] = [];
	for await (const { pixels } of preparedPictures(calibration, float, options)) pictures.push(pixels);
	if (pictures.length === 0)
		throw new MobileNetError("usage", "there are no calibration pictures: give a hundred or more.");
	signal?.throwIfAborted();

	const { loaded } = await loadBuild();
	const observation = await observe(float, pictures, loaded, {
		signal,
		meanPictures: Math.min(pictures.length, correctingPictures(float)),
		onPicture: (loaded) => onProgress?.({ loaded, total: pictures.length, source: "calibrate" }),
	});
	const integer = await integerNetwork(float, pictures, observation, loaded, {
		range,
		biasCorrection,
		signal,
		onLayer: (loaded, total) => onProgress?.({ loaded, total, source: "quantize" }),
	});
	const quantized = { ...integer, source: sourceOf(model, pictures.length, range, biasCorrection) };
	const pair = await pairOf(float, quantized);
	const comparison = await compareNetworks(pair, { float, quantized, observation }, pictures, {
		signal,
		onPicture: (loaded, total) => onProgress?.({ loaded, total, source: "compare" }),
	});
	const accuracy =
		labeled &&
		(await measureAccuracy(pair, float, labeled, {
			...options,
			onPicture: (loaded, total) => onProgress?.({ loaded, total, source: "evaluate" }),
		}));
	const report = { pictures: pictures.length, range, biasCorrection, ...comparison };
	return { model: quantized, report: { ...report, ...(accuracy && { accuracy }) } };
}

/** The network in float32 without batch norm, looked through. */
function realNetwork(model: Model): Model {
	checkTensors(model);
	const { preprocessing, configuration } = model;
	const fault = preprocessingFault(preprocessing, configuration.inputChannels);
	if (fault !== undefined) throw new MobileNetError("usage", `${fault}.`);
	if (model.configuration.activation === "leakyRelu")
		throw new MobileNetError(
			"unsupported",
			"a network with leaky ReLU cannot be quantized: the integer kernels have ReLU and ReLU6 only.",
		);
	const folded = fold(dequantize(model));
	for (const own of weightedParts(folded)) {
		const [names, numbers] = [namesOf(own.layer), foldedWeights(own)];
		for (const part of ["weight", "bias"] as const)
			if (!numbers[part].every(Number.isFinite))
				throw new MobileNetError("broken-file", `${names[part]} holds numbers that are not finite.`);
	}
	return folded;
}

function sourceOf(
	{ source }: Model,
	pictures: number,
	range: RangeMethod,
	biasCorrection: boolean,
): Model["source"] {
	const note = `Quantized to int8 with ${pictures} calibration ${pictures === 1 ? "picture" : "pictures"}, ranges by ${range}, biases ${biasCorrection ? "" : "not "}corrected.`;
	return { ...source, notes: [...source.notes, note] };
}
