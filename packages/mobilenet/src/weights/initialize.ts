/**
 * Random weights to train from. Batch norm begins as the identity, biases at 0; what the filters begin with is
 * one of two usual distributions. Layers are filled in order, so that a seed gives the same features whatever
 * the classifier.
 */
import { mersenneTwister } from "../base/mersenne-twister.ts";
import { checkSeed, random } from "../base/random.ts";
import type { Configuration } from "../network/configuration.ts";
import { isConvolution, isPool, layers } from "../network/layers.ts";
import { type Model, usualPreprocessing } from "./model.ts";
import { type LayerParts, tensorsOf } from "./parts.ts";
import { filled, float32, sizeOf } from "./tensor.ts";

export interface InitializeOptions {
	/** A whole number from 0 to 2^53 − 1; default: 0. */
	readonly seed?: number;
	readonly method?: InitializationMethod;
	/**
	 * Instead of seed and method: the weights that PyTorch gives the same network after `torch.manual_seed(torchSeed)`, bit for
	 * bit, by its generator and its usual initialization of `Conv2d` (without bias), `BatchNorm2d` and `Linear`, layer after
	 * layer.
	 */
	readonly torchSeed?: number;
}

/**
 * - `he`, the default: normal with deviation √(2 / inputs of one output), He and others 2015, "Delving Deep into
 *   Rectifiers", equation 10: keeps the activations' variance from layer to layer. In PyTorch's words
 *   `kaiming_normal_(mode="fan_in", nonlinearity="relu")`; one output of a depthwise layer has 9 inputs.
 * - `truncated-normal`: normal with deviation 0.09, drawn again beyond two deviations, in every layer, as the
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
	{ seed = 0, method = "he", torchSeed }: InitializeOptions = {},
): Model {
	const draw = torchSeed === undefined ? drawn(seed, method) : drawnByTorch(torchSeed);
	const parts = layers(configuration).map((layer): LayerParts => {
		if (isPool(layer)) return { layer };
		const inputs = sizeOf(layer.weightShape.slice(1));
		const weight = float32(draw.weights(sizeOf(layer.weightShape), inputs), layer.weightShape);
		const all = (value: number) => filled([layer.outputChannels], value);
		return isConvolution(layer)
			? { layer, weight, norm: { weight: all(1), bias: all(0), mean: all(0), variance: all(1) } }
			: { layer, weight, bias: float32(draw.biases(layer.outputChannels, inputs)) };
	});
	return {
		configuration,
		tensors: tensorsOf({ layers: parts }),
		preprocessing: usualPreprocessing(configuration.inputChannels),
		source: {
			format: randomFormat,
			assumed: [],
			notes: [
				torchSeed === undefined
					? `Begun with random weights (${method}, seed ${seed}).`
					: `Begun with the random weights of PyTorch (seed ${torchSeed}).`,
			],
		},
	};
}

/** Numbers of a layer whose outputs have so many inputs. */
interface Draw {
	readonly weights: (count: number, inputs: number) => Float32Array;
	readonly biases: (count: number, inputs: number) => Float32Array;
}

function drawn(seed: number, method: InitializationMethod): Draw {
	const { normal } = random(seed);
	const one = (inputs: number): number =>
		method === "he" ? normal() * Math.sqrt(2 / inputs) : truncated(normal) * truncatedDeviation;
	return {
		weights: (count, inputs) => Float32Array.from({ length: count }, () => one(inputs)),
		biases: (count) => new Float32Array(count),
	};
}

/**
 * PyTorch's `reset_parameters` of `Conv2d` and `Linear`: `kaiming_uniform_(weight, a=√5)`, and biases as far from 0 as that.
 * A number is 24 bits of the generator, times the range, plus its lower end, in one fused multiply-add, as PyTorch computes
 * on processors that have it.
 *
 * Source: torch/nn/init.py; aten/src/ATen/core/TransformationHelper.h, `uniform_real`.
 *
 * @throws MobileNetError `usage` for an impossible seed
 */
function drawnByTorch(seed: number): Draw {
	checkSeed(seed);
	const next = mersenneTwister(seed);
	const uniform = (count: number, bound: number): Float32Array => {
		const [low, high] = [Math.fround(-bound), Math.fround(bound)];
		const range = Math.fround(high - low);
		// 24 bits times 24 bits, and a sum of at most 50: a double holds it exactly, and is rounded once.
		return Float32Array.from({ length: count }, () => ((next() & 0xffffff) / 2 ** 24) * range + low);
	};
	const slope = Math.sqrt(5);
	const gain = Math.sqrt(2 / (1 + slope ** 2));
	return {
		weights: (count, inputs) => uniform(count, Math.sqrt(3) * (gain / Math.sqrt(inputs))),
		biases: (count, inputs) => uniform(count, 1 / Math.sqrt(inputs)),
	};
}

function truncated(normal: () => number): number {
	for (;;) {
		const value = normal();
		if (Math.abs(value) <= 2) return value;
	}
}
