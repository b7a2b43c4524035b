/** Checks preprocessing that comes from a file, an option or the command line. */
import { MobileNetError, shown } from "../base/error.ts";
import { isJson } from "../base/json.ts";
import type { Filter, Model, Preprocessing } from "./model.ts";
import { inputTableName } from "./names.ts";

/** Any part of a preprocessing; one number for mean or std stands for every channel. */
export type PreprocessingOptions = {
	readonly [F in keyof Preprocessing]?:
		| (F extends "mean" | "std" ? number | Preprocessing[F] : Preprocessing[F])
		| undefined;
};

/** The ways of interpolating pixels. */
export const filters: readonly Filter[] = [
	"pillow-bilinear",
	"pillow-bicubic",
	"tf-bilinear",
	"tf-bilinear-legacy",
	"tf-bilinear-align-corners",
	"nearest",
];
const longestSide = 65536;

/** For every field, whether a value is valid for a network with this many channels, and what would be. */
const checks: {
	readonly [F in keyof Preprocessing]: (value: unknown, channels: number) => readonly [boolean, string];
} = {
	mean: (value, channels) => [isNumbers(value, channels), `${channels} numbers`],
	std: (value, channels) => [
		isNumbers(value, channels) && value.every((n) => n > 0),
		`${channels} numbers above 0`,
	],
	channelOrder: (value) => [value === "rgb" || value === "bgr", '"rgb" or "bgr"'],
	filter: (value) => [(filters as readonly unknown[]).includes(value), `one of ${filters.join(", ")}`],
	fit: (value) => [
		isFit(value),
		`"stretch", {"shorterSide": 1 to ${longestSide}} or {"centralFraction": above 0 to 1}`,
	],
};

/**
 * What is wrong with a value as the preprocessing of a network of so many input channels, as a clause for an
 * error; undefined where it is one.
 *
 * @example
 * preprocessingFault({ ...usualPreprocessing(3), std: [1, 1, 0] }, 3) // "preprocessing.std must be 3 numbers above 0, not [1,1,0]"
 */
export function preprocessingFault(value: unknown, inputChannels: number): string | undefined {
	if (!isJson(value)) return `preprocessing must be an object, not ${shown(value)}`;
	for (const field of Object.keys(checks) as (keyof Preprocessing)[]) {
		const fault = fieldFault(field, value[field], inputChannels);
		if (fault !== undefined) return fault;
	}
	return undefined;
}

/**
 * What is wrong with one field of a preprocessing, as `preprocessingFault` says it.
 *
 * @example
 * fieldFault("fit", "crop", 3) // 'preprocessing.fit must be "stretch", …, not "crop"'
 */
export function fieldFault(
	field: keyof Preprocessing,
	value: unknown,
	inputChannels: number,
): string | undefined {
	const [valid, expected] = checks[field](value, inputChannels);
	return valid ? undefined : `preprocessing.${field} must be ${expected}, not ${shown(value)}`;
}

/**
 * The fields given as options, each checked; one number for mean or std applies to every channel.
 *
 * @throws MobileNetError `usage` for the first invalid field
 * @example
 * toldFields({ mean: 127.5 }, 3) // { mean: [127.5, 127.5, 127.5] }
 */
export function toldFields(options: PreprocessingOptions, inputChannels: number): Partial<Preprocessing> {
	const told: Record<string, unknown> = {};
	for (const field of Object.keys(checks) as (keyof Preprocessing)[]) {
		const given = options[field];
		if (given === undefined) continue;
		const value = typeof given === "number" ? new Array<number>(inputChannels).fill(given) : given;
		const fault = fieldFault(field, value, inputChannels);
		if (fault !== undefined) throw new MobileNetError("usage", `${fault}.`);
		told[field] = value;
	}
	return told;
}

/**
 * The model with other preprocessing. What the options say is no longer assumed; a mean or a std takes the place of the
 * network's own table from pixels to codes.
 *
 * @throws MobileNetError `usage` where an option makes no sense
 * @example
 * withPreprocessing(model, { mean: 0, std: 255 })
 */
export function withPreprocessing(model: Model, options: PreprocessingOptions): Model {
	const { inputChannels } = model.configuration;
	const told = toldFields(options, inputChannels);
	const preprocessing = { ...model.preprocessing, ...told };
	const fault = preprocessingFault(preprocessing, inputChannels);
	if (fault !== undefined) throw new MobileNetError("usage", `${fault}.`);
	const tensors = new Map(model.tensors);
	if (told.mean || told.std) tensors.delete(inputTableName);
	const assumed = model.source.assumed.filter((field) => !Object.hasOwn(told, field));
	return {
		...model,
		...(tensors.size < model.tensors.size && { tensors }),
		preprocessing,
		source: { ...model.source, assumed },
	};
}

function isNumbers(value: unknown, count: number): value is number[] {
	return Array.isArray(value) && value.length === count && value.every(Number.isFinite);
}

function isFit(value: unknown): boolean {
	if (!isJson(value) || Object.keys(value).length !== 1) return value === "stretch";
	const { shorterSide: side, centralFraction: fraction } = value;
	return side !== undefined
		? Number.isInteger(side) && (side as number) >= 1 && (side as number) <= longestSide
		: typeof fraction === "number" && fraction > 0 && fraction <= 1;
}
