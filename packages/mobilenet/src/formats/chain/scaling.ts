/**
 * What multiplies and adds to every channel (batch norm in inference, multiplications and additions of a graph), as
 * y = factor · x + offset, and how it is folded into a layer of floats beside it, in float64.
 */
import { shown } from "../../base/error.ts";
import { float32Of, isFloat } from "../../weights/float.ts";
import { float32, sameShape, sizeOf, type Tensor } from "../../weights/tensor.ts";
import type { Chain } from "./chain.ts";
import { type Affine, type BatchNorm, type Convolution, type Dense, refuse, type Unit } from "./units.ts";

/** One number for all channels or one a channel, in both. */
export interface Scaling {
	readonly factor: readonly number[];
	readonly offset: readonly number[];
}

/** A convolution with at most a batch norm between it and its activation; all else is folded. */
export type NormedUnit = Omit<Unit, "scalings"> & { readonly batchNorm?: BatchNorm };

/** The number that holds for a channel; several pixels of a picture may share those of their channels. */
function at(values: ArrayLike<number>, channel: number): number {
	return values[channel % values.length]!;
}

/**
 * A layer's factors and offsets, checked.
 *
 * @param channels of what it is given
 */
export function scalingOf(chain: Chain, layer: Affine | BatchNorm, channels: number): Scaling {
	const { factor, offset } = layer.kind === "affine" ? layer : normScaling(chain, layer);
	for (const values of [factor, offset])
		if ((values.length !== 1 && values.length !== channels) || !values.every(Number.isFinite))
			refuse(
				chain,
				`the layer ${layer.name} multiplies and adds ${shown(values)} where one number or ${channels} were expected`,
				"broken-file",
				layer.name,
			);
	return { factor, offset };
}

/** (x − μ) · γ / √(σ² + ε) + β */
function normScaling(chain: Chain, norm: BatchNorm): Scaling {
	const { mean, variance, weight, bias, epsilon, name } = norm;
	const numbers = (tensor: Tensor): Float32Array => {
		if (isFloat(tensor) && tensor.data.length === mean.data.length) return float32Of(tensor);
		return refuse(
			chain,
			`the batch norm ${name} has ${tensor.data.length} numbers of the type ${tensor.dtype} where ${mean.data.length} floats were expected`,
			"broken-file",
			name,
		);
	};
	const [gamma, beta] = [weight && numbers(weight), bias && numbers(bias)];
	const [mu, variances] = [numbers(mean), numbers(variance)];
	const factor = Array.from(variances, (value, c) => (gamma?.[c] ?? 1) / Math.sqrt(value + epsilon));
	return { factor, offset: factor.map((value, c) => (beta?.[c] ?? 0) - mu[c]! * value) };
}

/** The first, then the second. */
export function composed(first: Scaling, second: Scaling): Scaling {
	const length = Math.max(...[first, second].flatMap(({ factor, offset }) => [factor.length, offset.length]));
	const every = (number: (channel: number) => number): number[] =>
		Array.from({ length }, (_, c) => number(c));
	return {
		factor: every((c) => at(first.factor, c) * at(second.factor, c)),
		offset: every((c) => at(first.offset, c) * at(second.factor, c) + at(second.offset, c)),
	};
}

/** A layer whose outputs are scaled. */
export function scaledRows<L extends Convolution | Dense>(
	chain: Chain,
	layer: L,
	{ factor, offset }: Scaling,
): L {
	const { shape } = layer.weight.tensor;
	const outputs = shape[0]!;
	const weights = floatsOf(chain, layer, "weights", layer.weight.tensor, shape);
	const biases = layer.bias && floatsOf(chain, layer, "bias", layer.bias.tensor, [outputs]);
	const row = weights.length / outputs;
	const bias = Array.from({ length: outputs }, (_, o) => (biases?.[o] ?? 0) * at(factor, o) + at(offset, o));
	return {
		...layer,
		weight: {
			tensor: float32(
				weights.map((value, i) => value * at(factor, Math.floor(i / row))),
				shape,
			),
		},
		bias: { tensor: float32(bias) },
	};
}

/** A dense layer whose inputs are scaled. */
export function scaledColumns(chain: Chain, layer: Dense, { factor, offset }: Scaling): Dense {
	const [outputs = 0, inputs = 0] = layer.weight.tensor.shape;
	const weights = floatsOf(chain, layer, "weights", layer.weight.tensor, [outputs, inputs]);
	const biases = layer.bias && floatsOf(chain, layer, "bias", layer.bias.tensor, [outputs]);
	const bias = new Float32Array(outputs);
	for (let o = 0; o < outputs; o++) {
		let sum = biases?.[o] ?? 0;
		for (let i = 0; i < inputs; i++) sum += weights[o * inputs + i]! * at(offset, i);
		bias[o] = sum;
	}
	const weight = weights.map((value, i) => value * at(factor, i % inputs));
	return {
		...layer,
		weight: { tensor: float32(weight, [outputs, inputs]) },
		bias: { tensor: float32(bias) },
	};
}

/** A unit with its scalings folded into its convolution, or into its batch norm, which stays as the file has it. */
export function foldedUnit(chain: Chain, { scalings, ...unit }: Unit): NormedUnit {
	let { convolution } = unit;
	let batchNorm: BatchNorm | undefined;
	const channels = convolution.weight.tensor.shape[0]!;
	for (const layer of scalings) {
		if (layer.kind === "batchNorm" && !batchNorm) batchNorm = layer;
		else if (batchNorm) batchNorm = scaledNorm(chain, batchNorm, scalingOf(chain, layer, channels));
		else convolution = scaledRows(chain, convolution, scalingOf(chain, layer, channels));
	}
	return { ...unit, convolution, ...(batchNorm && { batchNorm }) };
}

function scaledNorm(chain: Chain, norm: BatchNorm, { factor, offset }: Scaling): BatchNorm {
	const numbers = (tensor: Tensor | undefined, usual: number): readonly number[] =>
		tensor
			? Array.from(floatsOf(chain, norm, "scale", tensor, norm.mean.shape))
			: Array.from(norm.mean.data, () => usual);
	return {
		...norm,
		weight: float32(numbers(norm.weight, 1).map((value, c) => value * at(factor, c))),
		bias: float32(numbers(norm.bias, 0).map((value, c) => value * at(factor, c) + at(offset, c))),
	};
}

/** The numbers of a layer that something beside it becomes part of: floats of the expected shape. */
export function floatsOf(
	chain: Chain,
	{ name }: { readonly name: string },
	what: string,
	tensor: Tensor,
	shape: readonly number[],
): Float32Array {
	const have = what === "weights" ? "have" : "has";
	if (!isFloat(tensor))
		return refuse(
			chain,
			`a layer beside the layer ${name}, with no activation between, can be made part of it only in floats, and its ${what} ${have} the type ${tensor.dtype}`,
			"unsupported",
			name,
		);
	if (!sameShape(tensor.shape, shape) || tensor.data.length !== sizeOf(shape))
		return refuse(
			chain,
			`the ${what} of the layer ${name} should have the shape ${shown(shape)}, but ${tensor.data.length} numbers have the shape ${shown(tensor.shape)}`,
			"broken-file",
			name,
		);
	return float32Of(tensor);
}
