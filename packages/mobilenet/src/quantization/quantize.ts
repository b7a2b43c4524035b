/**
 * Post-training quantization: converts a trained float network to 8-bit integers, using only some pictures to determine
 * ranges and errors. The float network is observed on them (calibration.ts), the integer network is made layer by layer
 * (integer-network.ts), and both are compared (comparison.ts).
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

/** The stages of a quantization. `quantize` counts layers, the others count pictures. */
export type QuantizationStage = "calibrate" | "quantize" | "compare" | "evaluate";

export interface QuantizationOptions<Key = PictureSource> {
	/** How the ranges of activations are chosen. Default: `mse`. */
	readonly range?: RangeMethod | undefined;
	/** Whether biases correct the mean error of rounding. Default: true. */
	readonly biasCorrection?: boolean | undefined;
	/** Labeled pictures, on which the accuracy of both networks is measured. Default: none. */
	readonly labeled?: Iterable<LabeledPicture<Key>> | undefined;
	/** Called with the key of each picture that cannot be read; it is skipped. Default: the first one is an error. */
	readonly onUnreadable?: ((key: Key, error: unknown) => void) | undefined;
	/** Called with the stage, and the number of its pictures or layers that are done. */
	readonly onProgress?: OnProgress<QuantizationStage> | undefined;
	readonly signal?: AbortSignal | undefined;
}

export interface Quantized {
	readonly model: Model;
	readonly report: QuantizationReport;
}

/**
 * Converts a network to 8-bit integers.
 *
 * Labels and configuration stay. So does the preprocessing, except that the pixels' mean becomes one whole number and their
 * deviation one number (pixel-codes.ts).
 *
 * @param model a float network; an integer one is quantized again
 * @param calibration a hundred or more pictures of the kind that the network will see, in random order; they need no
 *   labels, and may have keys. Each takes size² · channels bytes of memory
 * @returns the integer model, and how far it is from the float network
 * @throws MobileNetError `usage` without pictures; `unsupported` for leaky ReLU, whose ranges are not calibrated;
 *   `broken-file`; `picture` or `not-found` for the first picture that cannot be read
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
	const float = floatModel(model);
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
	const report = { pictures: pictures.length, range, biasCorrection, ...comparison, accuracy };
	return { model: quantized, report };
}

/** The network in float32 without batch norm, validated. */
function floatModel(model: Model): Model {
	checkTensors(model);
	const { preprocessing, configuration } = model;
	const fault = preprocessingFault(preprocessing, configuration.inputChannels);
	if (fault !== undefined) throw new MobileNetError("usage", `${fault}.`);
	if (model.configuration.activation === "leakyRelu")
		throw new MobileNetError(
			"unsupported",
			"a network with leaky ReLU cannot be quantized here: take a file that another program has quantized.",
		);
	const folded = fold(dequantize(model));
	for (const own of weightedParts(folded)) {
		const [names, numbers] = [namesOf(own.layer), foldedWeights(own)];
		for (const part of ["weight", "bias"] as const)
			if (!numbers[part].every(Number.isFinite))
				throw new MobileNetError(
					"broken-file",
					`${names[part]} has numbers that are not finite: the weights are damaged.`,
				);
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
