/**
 * Keras's layers that prepare the picture: those that scale and shift its numbers, those that change it at random while
 * the network learns and do nothing afterwards, and the order of its colors.
 */
import { shown } from "../../base/error.ts";
import { isJson } from "../../base/json.ts";
import { float32Of, isFloat } from "../../weights/float.ts";
import type { ChainLayer } from "../chain/chain.ts";
import { refuse } from "../chain/units.ts";
import { areBeforeNetwork } from "../reversed-colors.ts";
import type { Context } from "./context.ts";
import { isCount, nameOf, numbersIn } from "./fields.ts";
import type { KerasLayer } from "./graph.ts";
import { weightOf } from "./weights.ts";

/** Layers that do nothing once the network has learned. */
export const idle: readonly string[] = [
	...["RandomFlip", "RandomRotation", "RandomZoom", "RandomTranslation", "RandomShear", "RandomPerspective"],
	...["RandomHeight", "RandomWidth", "RandomElasticTransform", "RandomErasing", "RandomGaussianBlur"],
	...["RandomContrast", "RandomBrightness", "RandomHue", "RandomSaturation", "RandomSharpness"],
	...[
		"RandomColorJitter",
		"RandomColorDegeneration",
		"RandomGrayscale",
		"RandomInvert",
		"RandomPosterization",
	],
	...["RandAugment", "AugMix", "CutMix", "MixUp", "GaussianNoise", "GaussianDropout", "AlphaDropout"],
	...["SpatialDropout2D", "ActivityRegularization", "Identity"],
];

/** What Keras divides by at least, `backend.epsilon()`. */
const leastDeviation = 1e-7;

/** y = scale · x + offset. */
export function rescaling(layer: KerasLayer, context: Context): readonly ChainLayer[] {
	const { scale, offset } = layer.config;
	return [
		{
			kind: "affine",
			name: nameOf(layer),
			factor: numbersIn(layer, context, "scale", scale),
			offset: numbersIn(layer, context, "offset", offset ?? 0),
		},
	];
}

/** y = (x − mean) / √variance, by numbers of its configuration or learned ones; inverted where it says so. */
export function normalization(layer: KerasLayer, context: Context): readonly ChainLayer[] {
	const { config } = layer;
	const axis: unknown = Array.isArray(config.axis) ? config.axis : [config.axis ?? null];
	if (!Array.isArray(axis) || axis.length > 1 || ![-1, 3, null, undefined].includes(axis[0] as number | null))
		refuse(context, `the layer ${nameOf(layer)} normalizes along the axes ${shown(axis)}, not the channels`);
	const numbers = (field: "mean" | "variance"): readonly number[] => {
		if (config[field] !== null && config[field] !== undefined)
			return numbersIn(layer, context, field, config[field]);
		const tensor = weightOf(layer, context, field, axis[0] === null || axis[0] === undefined ? 0 : 1);
		if (!isFloat(tensor))
			return refuse(
				context,
				`the ${field} of the layer ${nameOf(layer)} is no tensor of floats`,
				"broken-file",
			);
		return Array.from(float32Of(tensor));
	};
	const mean = numbers("mean");
	const deviation = numbers("variance").map((variance) => Math.max(Math.sqrt(variance), leastDeviation));
	if (mean.length !== deviation.length || !deviation.every(Number.isFinite))
		return refuse(
			context,
			`the layer ${nameOf(layer)} has ${mean.length} means and ${deviation.length} variances where positive numbers, as many of both, were expected`,
			"broken-file",
		);
	const name = nameOf(layer);
	if (config.invert === true) return [{ kind: "affine", name, factor: deviation, offset: mean }];
	return [
		{
			kind: "affine",
			name,
			factor: deviation.map((value) => 1 / value),
			offset: mean.map((value, channel) => -value / deviation[channel]!),
		},
	];
}

/** Resizing to the size that the network then has, or cropping to the size that the picture has. */
export function resizing(layer: KerasLayer, context: Context): readonly ChainLayer[] {
	const { className, config } = layer;
	const { height, width, interpolation = "bilinear" } = config;
	const { found } = context;
	const isWhole = isCount(height) && height === width;
	if (isWhole && height === found.size) return [];
	const isPlain =
		className === "Resizing" &&
		interpolation === "bilinear" &&
		config.crop_to_aspect_ratio !== true &&
		config.pad_to_aspect_ratio !== true;
	if (
		!isWhole ||
		!isPlain ||
		found.size !== undefined ||
		context.layers.some(({ kind }) => kind !== "affine")
	)
		return refuse(
			context,
			`the layer ${nameOf(layer)} (${className}) makes its picture ${shown(width)}×${shown(height)} pixels in a way that is not done here`,
			"unsupported",
		);
	found.size = height;
	found.resized = true;
	context.picture = [height, height];
	return [];
}

/** The colors in the opposite order, by a slice `[..., ::-1]` or channel by channel. */
export function reversed(layer: KerasLayer, context: Context): readonly ChainLayer[] {
	const { className, given } = layer;
	const slices = given.get("slice_spec") ?? given.get("1");
	const isReverse = className === "Stack" || (Array.isArray(slices) && isReversal(slices));
	if (!isReverse || !areBeforeNetwork(context.layers))
		return refuse(
			context,
			`the layer ${nameOf(layer)} (${className}) takes parts of the picture where only its colors were expected to be reversed`,
		);
	context.found.reversed = context.found.reversed !== true;
	return [];
}

/** Whether a slice takes everything, the last axis backward. */
function isReversal(slices: readonly unknown[]): boolean {
	const whole = (slice: unknown, step: number): boolean => {
		if (!isJson(slice)) return false;
		if (slice.class_name === "__ellipsis__") return step === 1;
		const { start, stop, step: own } = isJson(slice.config) ? slice.config : slice;
		return (start ?? null) === null && (stop ?? null) === null && (own ?? 1) === step;
	};
	return slices.every((slice, i) => whole(slice, i === slices.length - 1 ? -1 : 1));
}
