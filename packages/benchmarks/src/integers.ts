/** The network in integers, with the same codes for all runtimes, and the photographs on which they must agree. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Model } from "mobilenet";
import { quantize } from "mobilenet/quantization";
import { runsInIntegers } from "../../mobilenet/dist/engine/arithmetic.js";
import { hasByteWeights } from "../../mobilenet/dist/engine/integers.js";
import { preparedPictures } from "../../mobilenet/dist/quantization/calibration.js";
import { codesOfPixels } from "../../mobilenet/dist/quantization/pixel-codes.js";
import { partsOf, weightedParts } from "../../mobilenet/dist/weights/parts.js";
import { pictures } from "./folders.ts";

/** Fewer than `mobilenet quantize` uses, since times do not depend on them. */
const calibrationPictures = 64;

/** Quantizes a model to int8, unless it already is. */
export async function inIntegers(model: Model): Promise<Model> {
	if (isInt8(model)) return model;
	const folder = join(pictures, "imagenet_samples");
	const files = namesIn(folder, (name) => name.endsWith(".jpg"));
	const every = Math.ceil(files.length / calibrationPictures);
	return (
		await quantize(
			model,
			files.filter((_, i) => i % every === 0).map((name) => join(folder, name)),
		)
	).model;
}

function isInt8(model: Model): boolean {
	return (
		runsInIntegers(model) && model.rounding !== "reference" && weightedParts(model).every(hasByteWeights)
	);
}

/** The network's input for each of the photographs, [size, size, inputChannels]. */
export async function photographs(model: Model): Promise<readonly Float32Array[]> {
	const folder = join(pictures, "photos");
	const listed = existsSync(folder)
		? readFileSync(join(folder, "labels.tsv"), "utf8").trim().split("\n").slice(1)
		: [];
	const names = new Set(listed.map((line) => line.split("\t")[0]!));
	const files = namesIn(folder, (name) => names.has(name)).map((name) => join(folder, name));
	const { scale, zeroPoint } = partsOf(model).input!;
	const inputs: Float32Array[] = [];
	for await (const { pixels } of preparedPictures(files, model, {}))
		inputs.push(Float32Array.from(codesOfPixels(pixels, model), (code) => scale * (code - zeroPoint)));
	return inputs;
}

function namesIn(folder: string, wanted: (name: string) => boolean): readonly string[] {
	const names = existsSync(folder) ? readdirSync(folder).filter(wanted).sort() : [];
	if (names.length === 0)
		throw new Error(`--precision int8 needs the pictures of ../shared/data, but ${folder} has none.`);
	return names;
}
