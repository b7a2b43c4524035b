/**
 * Rescales filters and batch norm to about the same size without changing the network's function, so that a training
 * step of a given length affects each of them equally.
 *
 * A convolution with batch norm has redundant parameters: the filter times t, with batch norm's mean times t and its
 * variance times t², is the same function; so is a scale times s with a standard deviation times s. The effect of a
 * training step, however, depends on them. In Google's checkpoints the sizes of filters range from 10^-14 to 10, because
 * the channels that weight decay has emptied are still there; a step that is right for one filter wakes or destroys
 * another. Here each filter has a root mean square of about 1 and each scale a size of about 1. Empty channels are
 * multiplied so much that no step reaches them. This holds for batch norm with fixed statistics. Factors are powers of
 * two, so undoing them restores the tensors bit for bit.
 */
import { dequantize } from "../weights/dequantize.ts";
import type { Model } from "../weights/model.ts";
import { type BatchNorm, partsOf, tensorsOf, type WeightedParts } from "../weights/parts.ts";
import { type Float32Tensor, float32, type Tensor } from "../weights/tensor.ts";
import { unfold } from "../weights/unfold.ts";

/** A channel with a variance below this is the same for every picture (ε is 0.001). */
const emptyVariance = 1e-6;
/** What the filter of such a channel is multiplied by. */
const outOfReach = 2 ** 20;

export interface EvenFilters {
	readonly model: Model;
	/** Undoes the rescaling: the given tensors, except for what training has changed in `trained`. */
	readonly restored: (trained: Model) => Model;
}

/**
 * @param given a network with any tensors; the result is in float32, with batch norm
 * @example
 * const { model, restored } = evenFilters(given);
 * restored(model); // given
 */
export function evenFilters(given: Model): EvenFilters {
	const plain = unfold(dequantize(given));
	const { epsilon } = plain.configuration;
	const parts = partsOf(plain).layers;
	const factors = parts.map((own) => (own.norm ? factorsOf(own, own.norm, epsilon) : undefined));
	const even = parts.map((own, i) => {
		const factor = factors[i];
		if (!factor || !own.norm) return own;
		const { filters, scales } = factor;
		const { weight, mean, variance } = own.norm;
		const scaledVariance = floatsOf(variance).map(
			(v, c) => (v + epsilon) * (filters[c]! * scales[c]!) ** 2 - epsilon,
		);
		return {
			...own,
			weight: multiplied(own.weight, filters),
			norm: {
				...own.norm,
				weight: multiplied(weight, scales),
				mean: multiplied(mean, filters),
				variance: float32(scaledVariance),
			},
		};
	});
	const restored = (trained: Model): Model => {
		const back = partsOf(trained).layers.map((own, i) => {
			const [factor, before] = [factors[i], parts[i]];
			if (!factor || !own.norm || !before?.norm) return own;
			const { filters, scales } = factor;
			return {
				...own,
				weight: multiplied(own.weight, inverses(filters)),
				norm: {
					...before.norm,
					weight: multiplied(own.norm.weight, inverses(scales)),
					bias: own.norm.bias,
				},
			};
		});
		return { ...trained, tensors: tensorsOf({ layers: back }) };
	};
	return { model: { ...plain, tensors: tensorsOf({ layers: even }) }, restored };
}

/** What each channel's filter and scale are multiplied by. */
interface Factors {
	readonly filters: Float64Array;
	readonly scales: Float64Array;
}

function factorsOf({ layer, weight }: WeightedParts, norm: BatchNorm, epsilon: number): Factors {
	const channels = layer.outputChannels;
	const [weights, scale, variance] = [floatsOf(weight), floatsOf(norm.weight), floatsOf(norm.variance)];
	const size = weights.length / channels;
	const filters = new Float64Array(channels);
	const scales = new Float64Array(channels);
	for (let c = 0; c < channels; c++) {
		let squares = 0;
		for (let i = c * size; i < (c + 1) * size; i++) squares += weights[i]! ** 2;
		filters[c] = variance[c]! < emptyVariance ? outOfReach : inverse(Math.sqrt(squares / size));
		scales[c] = inverse(Math.abs(scale[c]!));
		// The variance that remains after subtracting ε must not be negative.
		while ((variance[c]! + epsilon) * (filters[c]! * scales[c]!) ** 2 < 2 * epsilon) filters[c]! *= 2;
	}
	return { filters, scales };
}

/** The power of two that brings a size to about 1; 1 if the size is 0. */
function inverse(size: number): number {
	return size > 0 ? 2 ** -Math.round(Math.log2(Math.max(size, 1 / outOfReach))) : 1;
}

function inverses(factors: Float64Array): Float64Array {
	return factors.map((factor) => 1 / factor);
}

/** Multiplies each output channel's numbers by its factor. */
function multiplied(tensor: Tensor, factors: Float64Array): Float32Tensor {
	const data = floatsOf(tensor);
	const size = data.length / factors.length;
	return float32(
		data.map((x, i) => x * factors[Math.floor(i / size)]!),
		tensor.shape,
	);
}

/** The numbers of a tensor of a dequantized network. */
function floatsOf(tensor: Tensor): Float32Array {
	return (tensor as Float32Tensor).data;
}
