/** Options of every command that runs a model: which model, its labels, its size, and changes to its preprocessing. */
import type { Filter, Fit, LoadOptions } from "../../index.ts";
import type { Output } from "../context.ts";
import { downloading } from "../terminal.ts";
import { parseFit } from "./fit.ts";
import { parseGiven } from "./given.ts";
import { expected, number, wholeNumber } from "./numbers.ts";

/** Written out here: importing the package's own list would load the package. */
const filters = Object.keys({
	"pillow-bilinear": true,
	"pillow-bicubic": true,
	"tf-bilinear": true,
	"tf-bilinear-legacy": true,
	"tf-bilinear-align-corners": true,
	nearest: true,
} satisfies Record<Filter, true>) as Filter[];

/** The model used when none is named. */
export const defaultModel = "default";

/** What stands in a command's help for a model. */
export const modelBrief = `a file, a folder, an address, a name such as imagenet, or ${defaultModel}, the package's own`;

/** Changes to what the model's file says. */
export interface ModelChanges {
	readonly labels?: string | undefined;
	readonly size?: number | undefined;
	readonly fit?: Fit | undefined;
	readonly filter?: Filter | undefined;
	readonly mean?: readonly number[] | undefined;
	readonly std?: readonly number[] | undefined;
	readonly channelOrder?: "rgb" | "bgr" | undefined;
	readonly configuration?: LoadOptions["configuration"];
}

export interface ModelOptions extends ModelChanges {
	/** A name or a location, as `loadModel` takes it. */
	readonly model: string;
	readonly threads?: number | undefined;
	readonly float?: boolean | undefined;
}

const optional = { kind: "parsed", optional: true } as const;

export const changeFlags = {
	labels: {
		...optional,
		parse: (input: string) => input,
		placeholder: "file",
		brief: "labels to use instead of the model's own: one per line, or JSON",
	},
	size: {
		...optional,
		parse: wholeNumber,
		placeholder: "pixels",
		brief: "width and height to run at, in pixels",
	},
	fit: {
		...optional,
		parse: parseFit,
		placeholder: "how",
		brief: "how pictures are made square: stretch, shorter-side=256, or central=0.875",
	},
	filter: {
		kind: "enum",
		values: filters,
		optional: true,
		brief: "how pixels are interpolated when resizing",
	},
	mean: {
		...optional,
		parse: channelNumbers,
		placeholder: "numbers",
		brief: "subtracted from each pixel (0…255): one number, or one per channel",
	},
	std: {
		...optional,
		parse: channelNumbers,
		placeholder: "numbers",
		brief: "what each pixel is divided by after the mean is subtracted: one number, or one per channel",
	},
	channelOrder: {
		kind: "enum",
		values: ["rgb", "bgr"],
		optional: true,
		brief: "the order of color channels that the network expects",
	},
	configuration: {
		...optional,
		parse: parseGiven,
		placeholder: "conventions",
		brief: "what weights alone do not say, such as lastBlock=stride1,activation=relu",
	},
} as const;

export const modelFlags = {
	model: {
		kind: "parsed",
		parse: (input: string) => input,
		default: defaultModel,
		placeholder: "model",
		brief: `the model: ${modelBrief}`,
	},
	threads: {
		...optional,
		parse: wholeNumber,
		placeholder: "count",
		brief: "threads to run on (default: what suits the machine and the network)",
	},
	float: {
		kind: "boolean",
		optional: true,
		withNegated: false,
		brief: "run a quantized (integer) network in floating point",
	},
	...changeFlags,
} as const;

/** `127.5`, or `123.675,116.28,103.53`. */
function channelNumbers(input: string): readonly number[] {
	try {
		return input.split(",").map((part) => number(part.trim()));
	} catch {
		throw expected("one number, or one per channel with commas between", input);
	}
}

/**
 * How to load it.
 *
 * @param watched where a download is shown
 */
export function loadOptions(options: ModelChanges & Partial<ModelOptions>, watched: Output): LoadOptions {
	const { labels, size, fit, filter, mean, std, channelOrder, configuration, threads, float } = options;
	const oneOrAll = (numbers: readonly number[] | undefined) => (numbers?.length === 1 ? numbers[0] : numbers);
	const preprocessing = { fit, filter, channelOrder, mean: oneOrAll(mean), std: oneOrAll(std) };
	const onProgress = downloading(watched);
	return {
		labels,
		size,
		preprocessing,
		configuration,
		threads,
		onProgress,
		...(float ? { arithmetic: "float" } : {}),
	};
}
