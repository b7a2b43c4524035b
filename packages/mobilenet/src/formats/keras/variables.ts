/**
 * Weights as Keras 3 keeps them alone (`.weights.h5`): a group for every layer, named by class and number and not by
 * the layer's own name (`layers/depthwise_conv2d_3/vars/0`), and the weights in it numbered too. The order of layers
 * of different classes is not kept; in a MobileNet there is only one that it can be.
 *
 * Source: Keras 3 `saving/saving_lib.py`, `_save_container_state` and `H5IOStore`; each layer's `save_own_variables`.
 */
import type { Tensor } from "../../weights/tensor.ts";
import { refuse } from "../chain/units.ts";
import { find, type Hdf5Object, namesIn, tensor } from "../hdf5/hdf5.ts";
import type { KerasWeightedLayer } from "./weights-alone.ts";

interface NumberedLayer {
	readonly path: string;
	/** Name of its class, such as `conv2d`. */
	readonly kind: string;
	readonly number: number;
	/** By number, from 0. */
	readonly weights: readonly Tensor[];
}

/** Names of the weights by the layer's class; a batch norm has them all, the others may lack the last. */
const weightNames: Readonly<Record<string, readonly string[]>> = {
	conv2d: ["kernel", "bias"],
	depthwise_conv2d: ["depthwise_kernel", "bias"],
	batch_normalization: ["gamma", "beta", "moving_mean", "moving_variance"],
	dense: ["kernel", "bias"],
};

/** A model in a model in a model happens; more is a mistake. */
const mostNested = 8;

/**
 * The layers of the group `layers`, in a MobileNet's order and with Keras's names for their weights.
 *
 * @param file how errors call the file
 * @throws MobileNetError `not-mobilenet`, or `unsupported` where the order cannot be told
 */
export function layersOfVariables(group: Hdf5Object, file: string): readonly KerasWeightedLayer[] {
	const all = numberedLayers(group, file);
	const unknown = all.find(({ kind, weights }) => weights.length > 0 && !Object.hasOwn(weightNames, kind));
	if (unknown)
		refuse(
			{ name: file },
			`it has weights of the layer ${unknown.path}, and those of a MobileNet v1 are called ${Object.keys(weightNames).join(", ")}`,
		);
	const named = (kind: string): KerasWeightedLayer[] =>
		all
			.filter((layer) => layer.kind === kind && layer.weights.length > 0)
			.map((layer) => withNames(layer, file));

	const convolutions = named("conv2d");
	const depthwise = named("depthwise_conv2d");
	const norms = named("batch_normalization");
	const [stem, ...others] = convolutions;
	if (others.length > depthwise.length + 1)
		refuse(
			{ name: file },
			`it has ${convolutions.length} convolutions and ${depthwise.length} depthwise ones, where one more than of these was expected, or two with a classifier`,
		);
	const trunk = [
		...(stem ? [stem] : []),
		...depthwise.flatMap((layer, i) => [layer, ...others.slice(i, i + 1)]),
	];
	if (norms.length !== 0 && norms.length !== trunk.length)
		refuse(
			{ name: file },
			`it has ${norms.length} batch norms for ${trunk.length} convolutions and does not say after which they come; take the whole model`,
			"unsupported",
		);
	return [
		...trunk.flatMap((layer, i) => [layer, ...norms.slice(i, i + 1)]),
		...all
			.filter(({ weights }) => weights.length === 0)
			.map(({ path }) => ({ name: path, weights: new Map() })),
		...others.slice(depthwise.length),
		...named("dense"),
	];
}

/** By number within a model, those of models in the model first. */
function numberedLayers(
	group: Hdf5Object,
	file: string,
	scope: readonly string[] = [],
	met: Set<Hdf5Object> = new Set(),
): readonly NumberedLayer[] {
	// A damaged file's groups may contain themselves.
	if (met.has(group)) return [];
	met.add(group);
	if (scope.length > mostNested)
		refuse({ name: file }, `models are nested more than ${mostNested} deep`, "unsupported");
	const inner: NumberedLayer[] = [];
	const own: NumberedLayer[] = [];
	for (const name of namesIn(group)) {
		const layer = find(group, name);
		if (!layer) continue;
		const path = [...scope, name];
		const layers = find(layer, "layers");
		if (layers) inner.push(...numberedLayers(layers, file, path, met));
		const [, kind = name, number = "0"] = /^(.*?)(?:_(\d+))?$/.exec(name) ?? [];
		own.push({ path: path.join("/"), kind, number: Number(number), weights: variablesOf(layer) });
	}
	return [...inner, ...own.sort((a, b) => a.number - b.number)];
}

function variablesOf(layer: Hdf5Object): readonly Tensor[] {
	const group = find(layer, "vars");
	const weights: Tensor[] = [];
	for (let i = 0; group; i++) {
		const variable = find(group, String(i));
		if (!variable) break;
		weights.push(tensor(variable));
	}
	return weights;
}

function withNames({ path, kind, weights }: NumberedLayer, file: string): KerasWeightedLayer {
	const names = weightNames[kind]!;
	const least = kind === "batch_normalization" ? names.length : 1;
	if (weights.length < least || weights.length > names.length)
		refuse(
			{ name: file },
			`the layer ${path} has ${weights.length} weights where ${names.join(", ")} were expected`,
			"unsupported",
		);
	return { name: path, weights: new Map(weights.map((weight, i) => [names[i]!, weight])) };
}
