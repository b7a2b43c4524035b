/**
 * Random weights to train from. Batch norm begins as the identity, biases at 0; what the filters begin with is
 * one of two usual distributions. Layers are filled in order, so that a seed gives the same features whatever
 * the classifier.
 */
import { random } from "../base/random.ts";
import type { Configuration } from "../network/configuration.ts";
import { isConvolution, isPool, layers } from "../network/layers.ts";
import { type Model, usualPreprocessing } from "./model.ts";
import { type LayerParts, tensorsOf } from "./parts.ts";
import { filled, float32, sizeOf } from "./tensor.ts";

export interface InitializeOptions {
	/** A whole number from 0 to 2^53 − 1; 0 where nothing is said. */
	readonly seed?: number;
	readonly method?: InitializationMethod;
}

/**
 * - `he`, the default: normal with deviation √(2 / inputs of one output), He and others 2015, "Delving Deep into
 *   Rectifiers", equation 10: keeps the activations' variance from layer to layer. In PyTorch's words
 *   `kaiming_normal_(mode="fan_in", nonlinearity="relu")`; one output of a depthwise layer has 9 inputs.
 * - `truncated-normal`: normal with deviation 0.09, drawn anew beyond two deviations, in every layer, as the
 *   paper's network has it (TF-slim, `mobilenet_v1_arg_scope(stddev=0.09)`); cutting the tails off leaves a
 *   deviation of 0.0792.
 */
export type InitializationMethod = "he" | "truncated-normal";

const truncatedDeviation = 0.09;

/** The format of a model that no training has changed yet. */
export const randomFormat = "random weights";

/**
 * A network with random weights, the usual preprocessing and no labels.
 *
 * @throws MobileNetError `usage` for an impossible seed
 * @example
 * initialize(configure({ alpha: 0.5, classes: 10 }), { seed: 1 }).tensors.get("stem.conv.weight")?.shape // [16, 3, 3, 3]
 */
export function initialize(
	configuration: Configuration,
	{ seed = 0, method = "he" }: InitializeOptions = {},
): Model {
	const { normal } = random(seed);
	const parts = layers(configuration).map((layer): LayerParts => {
		if (isPool(layer)) return { layer };
		const inputs = sizeOf(layer.weightShape.slice(1));
		const draw =
			method === "he" ? () => normal() * Math.sqrt(2 / inputs) : () => truncated(normal) * truncatedDeviation;
		const weights = new Float32Array(sizeOf(layer.weightShape));
		for (let i = 0; i < weights.length; i++) weights[i] = draw();
		const weight = float32(weights, layer.weightShape);
		const all = (value: number) => filled([layer.outputChannels], value);
		return isConvolution(layer)
			? { layer, weight, norm: { weight: all(1), bias: all(0), mean: all(0), variance: all(1) } }
			: { layer, weight, bias: all(0) };
	});
	return {
		configuration,
		tensors: tensorsOf({ layers: parts }),
		preprocessing: usualPreprocessing(configuration.inputChannels),
		source: {
			format: randomFormat,
			assumed: [],
			notes: [`Begun with random weights (${method}, seed ${seed}).`],
		},
	};
}

function truncated(normal: () => number): number {
	for (;;) {
		const value = normal();
		if (Math.abs(value) <= 2) return value;
	}
}
