/**
 * The memory layout of what training changes: consecutive parameters, those with weight decay first, in the packing of
 * their forward kernels. Gradients, the optimizer's moments and the moving average have the same layout, so an optimizer
 * is one pass over all of them. The running statistics of batch norm are a separate list.
 */

import { bumpAllocator } from "../kernels/bump-allocator.ts";
import { type PackingKind, packedShape, packings, type Shape } from "../kernels/packing.ts";
import { type Build, packingOf } from "../kernels/walker.ts";
import { isPool, type Layer } from "../network/layers.ts";
import { namesOf } from "../weights/names.ts";

/** A tensor of the model in a list. */
export interface Parameter {
	readonly tensor: string;
	readonly shape: Shape;
	readonly packing: PackingKind;
	/** In bytes, from the beginning of the list. */
	readonly offset: number;
}

export interface ParameterList {
	readonly parameters: ReadonlyMap<string, Parameter>;
	/** Bytes of the whole list, and of the parameters with weight decay at its beginning. */
	readonly bytes: number;
	readonly decayedBytes: number;
}

/**
 * The parameters of the given layers.
 *
 * @param decayAll whether depthwise filters, batch norm and biases decay as well; the paper advises little or no decay
 *   for depthwise filters, because they have so few parameters
 */
export function parametersOf(learning: readonly Layer[], build: Build, decayAll: boolean): ParameterList {
	const decayed: Omit<Parameter, "offset">[] = [];
	const plain: Omit<Parameter, "offset">[] = [];
	for (const layer of learning) {
		if (isPool(layer)) continue;
		const packing = layer.kind === "depthwise" ? "lanes" : "panels";
		const list = layer.kind === "depthwise" ? plain : decayed;
		const { weight, bias, norm } = namesOf(layer);
		list.push({ tensor: weight, shape: packedShape(layer.weightShape), packing });
		for (const name of norm ? [norm.weight, norm.bias] : [bias]) plain.push(vector(name, layer));
	}
	return decayAll ? listOf([...decayed, ...plain], [], build) : listOf(decayed, plain, build);
}

/** The running statistics of the given layers. */
export function runningOf(learning: readonly Layer[], build: Build): ParameterList {
	const statistics = learning.flatMap((layer) => {
		const { norm } = namesOf(layer);
		return norm ? [vector(norm.mean, layer), vector(norm.variance, layer)] : [];
	});
	return listOf([], statistics, build);
}

function vector(tensor: string, { outputChannels }: Layer): Omit<Parameter, "offset"> {
	return { tensor, shape: packedShape([outputChannels]), packing: "bias" };
}

function listOf(
	decayed: readonly Omit<Parameter, "offset">[],
	plain: readonly Omit<Parameter, "offset">[],
	build: Build,
): ParameterList {
	const packing = packings[packingOf(build)];
	const memory = bumpAllocator();
	const parameters = new Map<string, Parameter>();
	const place = (parameter: Omit<Parameter, "offset">): void => {
		const offset = memory.take(packing[parameter.packing].length(parameter.shape) * 4);
		parameters.set(parameter.tensor, { ...parameter, offset });
	};
	decayed.forEach(place);
	const decayedBytes = memory.size();
	plain.forEach(place);
	return { parameters, bytes: memory.size(), decayedBytes };
}
