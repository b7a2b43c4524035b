/**
 * Keras's weights alone: what each layer is by the names and shapes of its weights, turned as a chain has them. Which
 * network they make is chain/weights-alone.ts's.
 *
 * Source: Keras 2.15 and 3, `applications/mobilenet.py`.
 */
import { shown } from "../../base/error.ts";
import type { Tensor } from "../../weights/tensor.ts";
import type { Chain } from "../chain/chain.ts";
import { refuse } from "../chain/units.ts";
import { chainOfWeights, type WeightedLayer } from "../chain/weights-alone.ts";
import { biasOf, oihw, transposedDense, weightOf } from "./weights.ts";

/** A layer of which there are the weights, by Keras's own names for them; none where it computes without any. */
export interface KerasWeightedLayer {
	readonly name: string;
	readonly weights: ReadonlyMap<string, Tensor>;
}

/** What weights do not say is as there. */
const usual = { preset: "tf", padding: "keras", stemPadding: "same", like: "Keras's own MobileNet" } as const;
/** An error names so many weights. */
const mostNamed = 4;

/**
 * The chain of layers that weights are of.
 *
 * @param all layers in the network's order
 * @throws MobileNetError `not-mobilenet`, or `unsupported` where it is not said what comes between two layers
 */
export function kerasChainOfWeights(
	all: readonly KerasWeightedLayer[],
	about: { readonly name: string; readonly format: string },
): Chain {
	return chainOfWeights(
		all.map((layer) => layerOf(layer, about.name)),
		usual,
		about,
	);
}

function layerOf(layer: KerasWeightedLayer, file: string): WeightedLayer {
	const { name, weights } = layer;
	if (weights.size === 0) return weightless(name);
	const of = { className: "", path: [name], config: { use_bias: weights.has("bias") }, given: new Map() };
	const from = { name: file, weights: (_path: unknown, weight: string) => weights.get(weight) };
	const kernel = weights.get("kernel")?.shape;
	// Keras 3 calls it as it calls all kernels; no first convolution has a single output.
	if (weights.has("depthwise_kernel") || (kernel?.length === 4 && kernel[3] === 1 && kernel[0] !== 1)) {
		const tensor = weightOf(of, from, "depthwise_kernel", 4, "kernel");
		const [, , inputs, multiplier] = tensor.shape as [number, number, number, number];
		const weight = { tensor: oihw(tensor, 1, inputs * multiplier) };
		return { kind: "depthwise", name, weight, groups: inputs, ...biasOf(of, from) };
	}
	if (kernel?.length === 4) {
		const tensor = weightOf(of, from, "kernel", 4);
		const [, , inputs, outputs] = tensor.shape as [number, number, number, number];
		return {
			kind: "convolution",
			name,
			weight: { tensor: oihw(tensor, inputs, outputs) },
			groups: 1,
			...biasOf(of, from),
		};
	}
	if (kernel?.length === 2) {
		const weight = { tensor: transposedDense(weightOf(of, from, "kernel", 2)) };
		return { kind: "dense", name, weight, ...biasOf(of, from) };
	}
	if (weights.has("moving_mean") && weights.has("moving_variance"))
		return {
			kind: "batchNorm",
			name,
			...(weights.has("gamma") && { weight: weightOf(of, from, "gamma", 1) }),
			...(weights.has("beta") && { bias: weightOf(of, from, "beta", 1) }),
			mean: weightOf(of, from, "moving_mean", 1),
			variance: weightOf(of, from, "moving_variance", 1),
		};
	const some = [...weights].slice(0, mostNamed).map(([weight, { shape }]) => `${weight} ${shown(shape)}`);
	const names = some.join(", ") + (weights.size > mostNamed ? ", …" : "");
	return refuse({ name: file }, `the layer ${name} has the weights ${names}, which no layer of one has`);
}

/** What a layer is by its name, as Keras names layers that have none of their own. */
function weightless(name: string): WeightedLayer {
	if (/max_?pool/.test(name)) return { kind: "foreign", name, what: 'of the class "GlobalMaxPooling2D"' };
	const kind = name.includes("pool") ? "pool" : name.includes("dropout") ? "dropout" : "unknown";
	return { kind, name };
}
