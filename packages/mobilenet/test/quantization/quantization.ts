/**
 * What quantization costs: real networks in float, calibrated on photographs of ImageNet, and both networks' accuracy on
 * 500 other ones, from its validation set, stretched as the networks of docs/accuracy.md are.
 *
 *   node --conditions=mobilenet-source packages/mobilenet/test/quantization-report.ts    (docs/quantization.md holds its results)
 */
import { readFileSync } from "node:fs";
import { random } from "../../src/base/random.ts";
import { readModel } from "../../src/formats/read.ts";
import { type QuantizationOptions, type Quantized, quantize } from "../../src/quantization/quantize.ts";
import type { RangeMethod } from "../../src/quantization/ranges.ts";
import { shared } from "../support/shared-paths.ts";

export const calibration = "data/imagenet_samples";
export const evaluation = "data/ilsvrc_val_227";

/** Points of percent that top-1 may lose against float. */
export const networks = [
	{ file: "mobilenet_v1_1.0_224_tfjs", points: 1 },
	{ file: "mobilenet_v1_0.25_224_tfjs", points: 2 },
] as const;

export interface StudyOptions extends Pick<QuantizationOptions, "range" | "biasCorrection"> {
	/** Of the 200; all if not given. */
	readonly calibrating?: number;
	/** Of the 500; all if not given. */
	readonly evaluated?: number;
}

/** Quantizes a network and measures both. */
export async function study(file: string, options: StudyOptions = {}): Promise<Quantized> {
	const { calibrating, evaluated, ...rest } = options;
	return quantize(await readModel(shared(`weights/${file}`)), calibrationPictures().slice(0, calibrating), {
		...rest,
		labeled: shuffled(labeled(evaluation)).slice(0, evaluated),
	});
}

/** A network with plain ReLU, whose ranges are not known beforehand: is there a person in the picture. */
export const unbounded = "vww_v1_0.25_96.h5";

/** Quantizes that network, for which there are no labeled pictures. */
export async function studyUnbounded(range: RangeMethod): Promise<Quantized> {
	const model = await readModel(shared(`weights/${unbounded}`));
	// Its file does not say that it takes pixels / 255.
	const preprocessing = { ...model.preprocessing, mean: [0, 0, 0], std: [255, 255, 255] };
	return quantize({ ...model, preprocessing }, calibrationPictures(), { range });
}

/** In random order, as their classes are in order. */
function calibrationPictures(): string[] {
	return shuffled(labeled(calibration)).map(({ source }) => source);
}

/** The pictures of a folder with their classes. */
function labeled(folder: string): { source: string; index: number }[] {
	return readFileSync(shared(`${folder}/labels.tsv`), "utf8")
		.trim()
		.split("\n")
		.slice(1)
		.map((line) => line.split("\t"))
		.map(([file, index]) => ({ source: shared(`${folder}/${file}`), index: Number(index) }));
}

/** The same order every time. */
function shuffled<T>(values: readonly T[]): T[] {
	const { bits } = random(1);
	return values
		.map((value) => ({ value, key: bits() }))
		.sort((a, b) => a.key - b.key)
		.map(({ value }) => value);
}
