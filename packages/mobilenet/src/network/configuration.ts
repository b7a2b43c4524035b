/**
 * What distinguishes one MobileNet v1 from another. Every convention in which published networks differ is one field,
 * and three presets name the usual sets. A configuration is plain data and always valid, because only `configure`
 * makes one.
 */
import { MobileNetError, shown } from "../base/error.ts";

export interface Configuration {
	/** Width multiplier α, which scales the channels of every layer including the stem. Any number above 0. */
	readonly alpha: number;
	/** Width and height of the input in pixels, at least 32. The resolution multiplier ρ is size / 224. */
	readonly size: number;
	/** Channels of the input: 3 for color, 1 for gray. */
	readonly inputChannels: number;
	/**
	 * Classes that the network tells apart: outputs of the classifier, but for a `binary` one. The preset `tf` has 1001, of
	 * which the first is the background class.
	 */
	readonly classes: number;
	/** `shallow` leaves out the five 14×14×512 blocks (the paper's Table 5). */
	readonly depth: "full" | "shallow";
	/** Padding of the 3×3 convolutions. */
	readonly padding: Padding;
	/** Padding of the first convolution. Default: as `padding`. */
	readonly stemPadding: Padding;
	/** The last block's depthwise layer: `stride1`, or `stride2` with a padding of 4 as the paper's table prints it. */
	readonly lastBlock: "stride1" | "stride2";
	/** Added to the variance by batch norm. */
	readonly epsilon: number;
	/** Weight of the new batch in batch norm's running statistics. */
	readonly momentum: number;
	/** Which variance the running statistics track. */
	readonly runningVariance: "unbiased" | "biased";
	/**
	 * How α·c is rounded: `floor` is max(⌊αc⌋, 8), `truncate` ⌊αc⌋ as in Keras, `divisible8` the nearest multiple of 8 that is
	 * at least 90 % of αc.
	 */
	readonly channelRounding: "floor" | "truncate" | "divisible8";
	readonly activation: "relu6" | "relu" | "leakyRelu";
	/** Slope of `leakyRelu` below 0; 0 for other activations. */
	readonly leakySlope: number;
	/**
	 * What becomes of the last block's picture: the `average` or the greatest (`max`) of every channel, or with `none` all of
	 * its numbers, so that the network runs at one size only.
	 */
	readonly pooling: "average" | "max" | "none";
	/** Whether there is a classifier. Without one the network ends with the pooled features. */
	readonly head: boolean;
	/** Dense layers between the features and the classifier, in order. Default: none. */
	readonly headLayers: readonly HeadLayer[];
	/** Share of the features that training drops before the classifier. */
	readonly dropout: number;
	/** What the network outputs: one probability among all classes, logits, or a probability for every class by itself. */
	readonly output: "softmax" | "logits" | "sigmoid";
	/**
	 * Whether the classifier has a single output p, the probability of the second of two classes; that of the first is
	 * 1 − p. Default: for two classes with `sigmoid`.
	 */
	readonly binary: boolean;
}

/**
 * Zeros around a picture before a 3×3 convolution. `same`: as many as ⌈size / stride⌉ outputs need, an odd one goes bottom
 * and right (TensorFlow). `symmetric`: one on every side. `keras`: one bottom and right where the stride is 2, at every
 * size, else one on every side (Keras's applications).
 */
export type Padding = "same" | "symmetric" | "keras";

/** A dense layer between the features and the classifier. */
export interface HeadLayer {
	/** Outputs. */
	readonly units: number;
	readonly activation: HeadActivation;
}

export type HeadActivation = (typeof headActivations)[number];
const headActivations = ["none", "relu", "relu6", "tanh", "sigmoid"] as const;

export type Preset = "tf" | "torch" | "tutorial";

/** Any fields of a configuration; undefined means the preset's value. */
type AnyField = { readonly [F in keyof Configuration]?: Configuration[F] | undefined };

/** Options of `configure`: any fields, a preset to start from, and ρ instead of the size. */
export interface ConfigurationOptions extends AnyField {
	/** Default: `tf`. */
	readonly preset?: Preset | undefined;
	/** Resolution multiplier ρ: size = round(224·ρ). */
	readonly rho?: number | undefined;
}

const common = {
	alpha: 1,
	size: 224,
	inputChannels: 3,
	depth: "full",
	runningVariance: "unbiased",
	activation: "relu6",
	leakySlope: 0,
	pooling: "average",
	head: true,
	headLayers: [],
	binary: false,
} as const;

/** `tf`: Google's checkpoints, Keras and Hugging Face. `torch`: timm. `tutorial`: the PyTorch tutorial. */
export const presets: Readonly<Record<Preset, Configuration>> = {
	tf: {
		...common,
		padding: "same",
		stemPadding: "same",
		lastBlock: "stride1",
		epsilon: 1e-3,
		momentum: 0.01,
		channelRounding: "floor",
		classes: 1001,
		dropout: 0.001,
		output: "softmax",
	},
	torch: {
		...common,
		padding: "symmetric",
		stemPadding: "symmetric",
		lastBlock: "stride1",
		epsilon: 1e-5,
		momentum: 0.1,
		channelRounding: "divisible8",
		classes: 1000,
		dropout: 0,
		output: "logits",
	},
	tutorial: {
		...common,
		padding: "symmetric",
		stemPadding: "symmetric",
		lastBlock: "stride2",
		epsilon: 1e-5,
		momentum: 0.1,
		channelRounding: "floor",
		classes: 1000,
		dropout: 0,
		output: "softmax",
	},
};

/** Default slope of a leaky ReLU: that of the published PyTorch network. */
const usualLeakySlope = 0.1;
/** The size that the resolution multiplier ρ multiplies. */
const fullSize = 224;
const leastSize = 32;
/** Values beyond these are a mistake: such a network would not fit in any memory. */
const most = {
	...{ alpha: 64, size: 16384, inputChannels: 4096, classes: 1_000_000 },
	...{ headLayers: 16, units: 65_536 },
} as const;
const paddings = ["same", "symmetric", "keras"] as const satisfies readonly Padding[];

type Check = readonly [valid: boolean, expected: string];
const whole = (value: number, least: number, largest: number): Check => [
	Number.isInteger(value) && value >= least && value <= largest,
	`a whole number from ${least} to ${largest}`,
];
const finite = (value: number, valid: boolean, expected: string): Check => [
	Number.isFinite(value) && valid,
	expected,
];
const oneOf = (value: unknown, ...choices: unknown[]): Check => [
	choices.includes(value),
	choices
		.map(shown)
		.join(", ")
		.replace(/, ([^,]*)$/, " or $1"),
];

/** For every field: whether a value is valid, and what is expected. */
const checks: { readonly [F in keyof Configuration]: (value: Configuration[F]) => Check } = {
	alpha: (v) => finite(v, v > 0 && v <= most.alpha, `a number above 0 and up to ${most.alpha}`),
	size: (v) => whole(v, leastSize, most.size),
	inputChannels: (v) => whole(v, 1, most.inputChannels),
	classes: (v) => whole(v, 1, most.classes),
	depth: (v) => oneOf(v, "full", "shallow"),
	padding: (v) => oneOf(v, ...paddings),
	stemPadding: (v) => oneOf(v, ...paddings),
	lastBlock: (v) => oneOf(v, "stride1", "stride2"),
	epsilon: (v) => finite(v, v >= 0 && v < 1, "a number from 0 to below 1"),
	momentum: (v) => finite(v, v >= 0 && v <= 1, "a number from 0 to 1"),
	runningVariance: (v) => oneOf(v, "unbiased", "biased"),
	channelRounding: (v) => oneOf(v, "floor", "truncate", "divisible8"),
	activation: (v) => oneOf(v, "relu6", "relu", "leakyRelu"),
	leakySlope: (v) => finite(v, v >= 0 && v < 1, "a number from 0 to below 1"),
	pooling: (v) => oneOf(v, "average", "max", "none"),
	head: (v) => oneOf(v, true, false),
	headLayers: (v) => [
		Array.isArray(v) && v.length <= most.headLayers && v.every(isHeadLayer),
		`at most ${most.headLayers} layers of up to ${most.units} units and the activation ${headActivations.join(", ")}`,
	],
	dropout: (v) => finite(v, v >= 0 && v < 1, "a number from 0 to below 1"),
	output: (v) => oneOf(v, "softmax", "logits", "sigmoid"),
	binary: (v) => oneOf(v, true, false),
};

function isHeadLayer(value: unknown): boolean {
	if (typeof value !== "object" || value === null) return false;
	const { units, activation } = value as Partial<HeadLayer>;
	return whole(units ?? 0, 1, most.units)[0] && headActivations.some((known) => known === activation);
}

/**
 * Makes a complete, valid configuration from a preset and the fields that differ from it.
 *
 * @param options any fields of `Configuration`; `preset`, by default `tf`; `rho` instead of `size`
 * @throws MobileNetError `configuration` that names the field, what was expected and what was received
 * @example
 * configure({ preset: "tutorial", alpha: 0.5, rho: 6 / 7 }).size // 192
 */
export function configure(options: ConfigurationOptions = {}): Configuration {
	const { preset = "tf", rho, ...given } = options;
	if (!Object.hasOwn(presets, preset)) refuse("preset", oneOf(preset, ...Object.keys(presets))[1], preset);
	const fields: Record<string, unknown> = { ...presets[preset] };
	for (const [field, value] of Object.entries(given)) {
		if (!Object.hasOwn(checks, field))
			throw new MobileNetError(
				"configuration",
				`unknown configuration field ${shown(field)}: use ${Object.keys(checks).join(", ")}, preset or rho.`,
			);
		if (value !== undefined) fields[field] = value;
	}
	if (rho !== undefined) fields.size = sizeOf(rho, given.size);
	if (given.activation === "leakyRelu" && given.leakySlope === undefined) fields.leakySlope = usualLeakySlope;
	if (given.stemPadding === undefined) fields.stemPadding = fields.padding;
	if (given.binary === undefined) fields.binary = fields.output === "sigmoid" && fields.classes === 2;
	const configuration = fields as unknown as Configuration;
	for (const field of Object.keys(checks) as (keyof Configuration)[]) checkField(field, configuration);
	if (configuration.activation !== "leakyRelu" && configuration.leakySlope !== 0)
		refuse("leakySlope", `0 with the activation ${configuration.activation}`, configuration.leakySlope);
	const { binary, classes, output } = configuration;
	if (binary && (classes !== 2 || output === "softmax"))
		refuse("binary", `false for ${classes} classes and the output ${output}`, binary);
	return configuration;
}

/**
 * How many numbers the classifier gives out: one a class, or one for both classes of a binary network.
 *
 * @example
 * outputCount(configure({ classes: 2, output: "sigmoid" })) // 1
 */
export function outputCount({ classes, binary }: Pick<Configuration, "classes" | "binary">): number {
	return binary ? 1 : classes;
}

function sizeOf(rho: number, size: number | undefined): number {
	if (!(Number.isFinite(rho) && rho > 0)) refuse("rho", "a number above 0", rho);
	const fromRho = Math.round(fullSize * rho);
	if (fromRho < leastSize || fromRho > most.size)
		refuse("rho", `such that ${fullSize}·rho is from ${leastSize} to ${most.size} pixels`, rho);
	if (size !== undefined && size !== fromRho)
		throw new MobileNetError(
			"configuration",
			`rho ${rho} means a size of ${fromRho}, but size is ${shown(size)}: give only one of the two.`,
		);
	return fromRho;
}

function checkField<F extends keyof Configuration>(field: F, configuration: Configuration): void {
	const [valid, expected] = checks[field](configuration[field]);
	if (!valid) refuse(field, expected, configuration[field]);
}

function refuse(field: string, expected: string, received: unknown): never {
	throw new MobileNetError("configuration", `${field} must be ${expected}, not ${shown(received)}.`);
}
