/**
 * The same network with filters and batch norm written in numbers of about one size, so that a step of one length means
 * as much for each of them.
 *
 * A convolution with batch norm has more numbers than it needs: the filter times t, with batch norm's mean times t and
 * its variance times t², is the same function, and so is a scale times s with a standard deviation times s. How far a
 * step of training goes does depend on them. In Google's checkpoints filters are of sizes from 10^-14 to 10, for the
 * channels that weight decay has emptied are there still, and a step that is right for one filter wakes or destroys
 * another. Here each filter has a root mean square of about 1 and each scale a size of about 1; empty channels are
 * multiplied so much that no step reaches them. It holds for batch norm with fixed statistics. Factors are powers of
 * two: taken back, the tensors are those that went in, bit for bit.
 */
import { isConvolution, layers } from "../network/layers.ts";
import { dequantize } from "../weights/dequantize.ts";
import type { Model, Tensor } from "../weights/model.ts";
import { unfold } from "../weights/unfold.ts";

/** Variance below which a channel is the same for every picture, beside an ε of 0.001. */
const emptyVariance = 1e-6;
/** What the filter of such a channel is multiplied by. */
const outOfReach = 2 ** 20;

export interface EvenFilters {
	readonly model: Model;
	/** The network with the tensors as they were given, but for what training has changed in `trained`. */
	readonly restored: (trained: Model) => Model;
}

/**
 * @param given a network with any tensors; what goes in and comes out is in float32, with batch norm
 * @example
 * const { model, restored } = evenFilters(given);
 * restored(model); // given
 */
export function evenFilters(given: Model): EvenFilters {
	const plain = unfold(dequantize(given));
	const { epsilon } = plain.configuration;
	const tensors = new Map(plain.tensors);
	const factors = new Map<string, Float64Array>();
	const fixed: string[] = [];
	for (const { name, outputChannels: channels } of layers(plain.configuration).filter(isConvolution)) {
		const data = (tensor: string) => plain.tensors.get(`${name}.${tensor}`)!.data as Float32Array;
		const [weights, scale, variance] = [data("conv.weight"), data("bn.weight"), data("bn.running_var")];
		const size = weights.length / channels;
		const filters = new Float64Array(channels);
		const scales = new Float64Array(channels);
		for (let c = 0; c < channels; c++) {
			let squares = 0;
			for (let i = c * size; i < (c + 1) * size; i++) squares += weights[i]! ** 2;
			filters[c] = variance[c]! < emptyVariance ? outOfReach : inverse(Math.sqrt(squares / size));
			scales[c] = inverse(Math.abs(scale[c]!));
			// What ε leaves for the variance must not be below nothing.
			while ((variance[c]! + epsilon) * (filters[c]! * scales[c]!) ** 2 < 2 * epsilon) filters[c]! *= 2;
		}
		factors.set(`${name}.conv.weight`, filters);
		factors.set(`${name}.bn.weight`, scales);
		const [mean, deviation] = [`${name}.bn.running_mean`, `${name}.bn.running_var`];
		fixed.push(mean, deviation);
		for (const key of [`${name}.conv.weight`, mean])
			tensors.set(key, multiplied(plain.tensors.get(key)!, filters));
		tensors.set(`${name}.bn.weight`, multiplied(plain.tensors.get(`${name}.bn.weight`)!, scales));
		const widened = variance.map((v, c) => (v + epsilon) * (filters[c]! * scales[c]!) ** 2 - epsilon);
		tensors.set(deviation, { dtype: "F32", shape: [channels], data: widened });
	}
	const restored = (trained: Model): Model => {
		const back = new Map(trained.tensors);
		for (const [key, own] of factors)
			back.set(
				key,
				multiplied(
					back.get(key)!,
					own.map((factor) => 1 / factor),
				),
			);
		for (const key of fixed) back.set(key, plain.tensors.get(key)!);
		return { ...trained, tensors: back };
	};
	return { model: { ...plain, tensors }, restored };
}

/** The power of two that brings a size to about 1; 1 for nothing at all. */
function inverse(size: number): number {
	return size > 0 ? 2 ** -Math.round(Math.log2(Math.max(size, 1 / outOfReach))) : 1;
}

/** Each output channel's numbers times its factor. */
function multiplied(tensor: Tensor, factors: Float64Array): Tensor {
	const data = tensor.data as Float32Array;
	const size = data.length / factors.length;
	const { shape } = tensor;
	return { dtype: "F32", shape, data: data.map((x, i) => x * factors[Math.floor(i / size)]!) };
}
