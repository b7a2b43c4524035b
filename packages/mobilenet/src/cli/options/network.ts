/** Options of every command that creates a network, and the configuration they stand for. */
import type { FlagParametersForType } from "@stricli/core";
import { type Configuration, configure, type Preset, presets } from "../../network/index.ts";
import type { Context } from "../context.ts";
import { number, numberOrFraction, wholeNumber } from "./numbers.ts";

export interface NetworkOptions {
	readonly preset: Preset;
	readonly alpha?: number | undefined;
	readonly size?: number | undefined;
	readonly rho?: number | undefined;
	readonly classes?: number | undefined;
	readonly shallow: boolean;
	readonly inputChannels?: number | undefined;
	readonly activation?: Configuration["activation"] | undefined;
}

export const networkFlags: FlagParametersForType<NetworkOptions, Context> = {
	preset: {
		kind: "enum",
		values: Object.keys(presets) as Preset[],
		default: "tf",
		brief: "conventions to follow: tf (Google and Keras), torch (timm), or tutorial (the PyTorch tutorial)",
	},
	alpha: {
		kind: "parsed",
		parse: number,
		optional: true,
		placeholder: "α",
		brief: "width multiplier (default: 1)",
	},
	size: {
		kind: "parsed",
		parse: wholeNumber,
		optional: true,
		placeholder: "pixels",
		brief: "width and height of the picture in pixels (default: 224)",
	},
	rho: {
		kind: "parsed",
		parse: numberOrFraction,
		optional: true,
		placeholder: "ρ",
		brief: "resolution multiplier instead of the size, such as 6/7",
	},
	classes: {
		kind: "parsed",
		parse: wholeNumber,
		optional: true,
		placeholder: "count",
		brief: "number of outputs of the classifier",
	},
	shallow: {
		kind: "boolean",
		default: false,
		withNegated: false,
		brief: "leave out the five 14×14×512 blocks",
	},
	inputChannels: {
		kind: "parsed",
		parse: wholeNumber,
		optional: true,
		placeholder: "count",
		brief: "3 for color (default), 1 for gray",
	},
	activation: {
		kind: "enum",
		values: ["relu6", "relu", "leakyRelu"],
		optional: true,
		brief: "activation after every batch norm (default: relu6)",
	},
};

/** Classes of a network that is only described, not trained: ImageNet's, without a background class. */
export const describedClasses = 1000;

/**
 * The configuration that the options stand for.
 *
 * @param classes used where the options say nothing; undefined: the preset's
 * @throws MobileNetError `configuration`
 */
export function configurationOf(options: NetworkOptions, classes?: number): Configuration {
	const { preset, alpha, size, rho, shallow, inputChannels, activation } = options;
	return configure({
		preset,
		alpha,
		size,
		rho,
		inputChannels,
		activation,
		classes: options.classes ?? classes,
		depth: shallow ? "shallow" : undefined,
	});
}

/** A network in one line, such as `MobileNet tf, α 0.5, 224×224×3, 1000 classes`. */
export function describe(options: NetworkOptions, configuration: Configuration): string {
	const { alpha, size, inputChannels, classes, depth } = configuration;
	const shallow = depth === "shallow" ? ", shallow" : "";
	return `MobileNet ${options.preset}, α ${alpha}, ${size}×${size}×${inputChannels}, ${classes} classes${shallow}`;
}
