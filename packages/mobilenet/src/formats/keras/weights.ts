/**
 * The weights of a Keras layer. Kernels are HWIO there ([3, 3, C, 1] of a depthwise convolution, [in, out] of a dense
 * layer) and are transposed here.
 */
import { shown } from "../../base/error.ts";
import { sizeOf, type Tensor } from "../../weights/tensor.ts";
import { refuse } from "../chain/units.ts";
import { nameOf } from "./fields.ts";
import type { KerasLayer } from "./graph.ts";

/**
 * Finds a tensor of weights: by the layer's path (its name behind those of the models it is nested in) and Keras's
 * own name for it, such as `kernel`, `depthwise_kernel`, `gamma`, `moving_mean`.
 */
export type KerasWeights = (path: readonly string[], weight: string) => Tensor | undefined;

interface Weighted {
	/** How errors call the file. */
	readonly name: string;
	readonly weights: KerasWeights;
}

export function biasOf(layer: KerasLayer, context: Weighted): { bias?: { tensor: Tensor } } {
	return layer.config.use_bias === false ? {} : { bias: { tensor: weightOf(layer, context, "bias", 1) } };
}

/** A tensor that a layer must have, under the first of its names that is there. */
export function weightOf(
	layer: KerasLayer,
	{ weights, name }: Weighted,
	weight: string,
	rank: number,
	otherName = weight,
): Tensor {
	const tensor = weights(layer.path, weight) ?? weights(layer.path, otherName);
	if (!tensor)
		return refuse({ name }, `the layer ${nameOf(layer)} has no weights ${shown(weight)}`, "broken-file");
	const { shape, data } = tensor;
	if (shape.length !== rank || data.length !== sizeOf(shape) || shape.includes(0))
		refuse(
			{ name },
			`the weights ${weight} of the layer ${nameOf(layer)} are ${data.length} numbers of the shape ${shown(shape)} where a shape of ${rank} numbers above 0 was expected`,
			"broken-file",
		);
	return tensor;
}

/** [height, width, in, out] → [out, in, height, width]. A depthwise one's last two axes are one: its outputs. */
export function oihw(tensor: Tensor, inputs: number, outputs: number): Tensor {
	const [height, width] = tensor.shape as [number, number];
	return transposed(tensor, height * width * inputs, outputs, [outputs, inputs, height, width], (row) => {
		const pixel = Math.floor(row / inputs);
		return (row % inputs) * height * width + pixel;
	});
}

export function transposedDense(tensor: Tensor): Tensor {
	const [inputs, outputs] = tensor.shape as [number, number];
	return transposed(tensor, inputs, outputs, [outputs, inputs], (row) => row);
}

/** A matrix of `rows` × `columns` turned over, its rows put at `place(row)` of every column. */
function transposed(
	tensor: Tensor,
	rows: number,
	columns: number,
	shape: readonly number[],
	place: (row: number) => number,
): Tensor {
	const { data: source } = tensor;
	const data = source.slice();
	for (let row = 0; row < rows; row++) {
		const to = place(row);
		for (let column = 0; column < columns; column++)
			data[column * rows + to] = source[row * columns + column]!;
	}
	return { ...tensor, shape, data } as Tensor;
}
