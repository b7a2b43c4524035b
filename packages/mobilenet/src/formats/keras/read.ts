/**
 * Keras's HDF5 files: whole models, whose attribute `model_config` is the topology, and weights alone, whose network
 * is told from the names and shapes of the weights (weights-alone.ts). An optimizer's weights are not read.
 *
 * Source: Keras 2.15 `saving/legacy/hdf5_format.py`, Keras 3 `legacy/saving/legacy_h5_format.py` and, for the newer
 * layout of weights alone, `saving/saving_lib.py`.
 */
import { messageOf, printable, shown } from "../../base/error.ts";
import { parseJson } from "../../base/json.ts";
import type { Tensor } from "../../weights/tensor.ts";
import type { Chain } from "../chain/chain.ts";
import { refuse } from "../chain/units.ts";
import type { ModelFile } from "../file.ts";
import { find, type Hdf5Object, openHdf5, tensor, texts } from "../hdf5/hdf5.ts";

import { kerasChain } from "./layers.ts";
import { layersOfVariables } from "./variables.ts";
import type { KerasWeights } from "./weights.ts";
import { type KerasWeightedLayer, kerasChainOfWeights } from "./weights-alone.ts";

const format = { model: "Keras HDF5", weights: "Keras HDF5 weights" } as const;

/** A weight of a group: its name in full, and in parts. */
interface Entry {
	readonly name: string;
	readonly parts: readonly string[];
}

/**
 * The layers of a Keras model, or of what Keras's own MobileNet makes of weights.
 *
 * @throws MobileNetError `broken-file`, `unsupported` for HDF5 that is not Keras's, `not-mobilenet` for another network
 */
export function readKerasHdf5({ bytes, name }: Pick<ModelFile, "bytes" | "name">): Chain {
	const root = openHdf5(bytes, name);
	const weights = find(root, "model_weights") ?? root;
	const [config] = texts(root, "model_config") ?? [];
	if (config !== undefined)
		return kerasChain(parsed(config, name), weightsIn(weights), { name, format: format.model });
	const layers = find(weights, "layers");
	const names = list(weights, "layer_names");
	if (!names && !layers)
		return refuse(
			{ name },
			"it is an HDF5 file, but none of Keras: it has neither model_config nor layer_names nor layers",
			"unsupported",
		);
	const weighted = names
		? names.flatMap((layer) => weightedLayers(weights, layer, name))
		: layersOfVariables(layers!, name);
	return kerasChainOfWeights(weighted, { name, format: format.weights });
}

function parsed(config: string, name: string): unknown {
	try {
		return parseJson(config);
	} catch (error) {
		return refuse(
			{ name },
			`its model_config is no JSON (${messageOf(error)}); the file is damaged`,
			"broken-file",
		);
	}
}

/** Texts in an attribute, which Keras cuts into `name0`, `name1` … where they do not fit. */
function list(object: Hdf5Object, name: string): readonly string[] | undefined {
	const whole = texts(object, name);
	if (whole) return whole.map(printable);
	const all: string[] = [];
	for (let i = 0; ; i++) {
		const some = texts(object, `${name}${i}`);
		if (!some) return i === 0 ? undefined : all;
		for (const text of some) all.push(printable(text));
	}
}

/** Names of the weights in a layer's group, without TensorFlow's `:0`; each is a path from there. */
function entriesOf(group: Hdf5Object): readonly Entry[] {
	return (list(group, "weight_names") ?? []).map((name) => ({
		name,
		parts: name.replace(/:0$/, "").split("/"),
	}));
}

/**
 * Weights of a topology's layers. There is a group for every layer of the outermost model; that of a model in it has
 * all its weights, named `layer/weight`. The scope before a weight's own name may differ from the layer's.
 */
function weightsIn(root: Hdf5Object): KerasWeights {
	const groups = new Map<string, ReadonlyMap<string, Entry | "several">>();
	return ([outer, ...inner], weight) => {
		const group = find(root, outer!);
		if (!group) return undefined;
		let entries = groups.get(outer!);
		if (!entries) {
			entries = byEnd(entriesOf(group), inner.length === 0 ? 1 : 2);
			groups.set(outer!, entries);
		}
		const entry = entries.get([...inner.slice(-1), weight].join("/"));
		const dataset = entry && entry !== "several" ? find(group, entry.name) : undefined;
		return dataset && tensor(dataset);
	};
}

/** Entries by the last parts of their names. */
function byEnd(entries: readonly Entry[], parts: 1 | 2): ReadonlyMap<string, Entry | "several"> {
	const found = new Map<string, Entry | "several">();
	for (const entry of entries) {
		const end = entry.parts.slice(-parts).join("/");
		found.set(end, found.has(end) ? "several" : entry);
	}
	return found;
}

/** The layers in the group of one, which are several where it is a model. */
function weightedLayers(root: Hdf5Object, layer: string, name: string): readonly KerasWeightedLayer[] {
	const group = find(root, layer);
	if (!group)
		return refuse({ name }, `its layer_names speak of ${shown(layer)}, which has no group`, "broken-file");
	const byScope = new Map<string, Map<string, Tensor>>();
	for (const entry of entriesOf(group)) {
		const scope = entry.parts.slice(0, -1).join("/");
		const weights = byScope.get(scope) ?? new Map<string, Tensor>();
		const dataset = find(group, entry.name);
		if (!dataset)
			return refuse(
				{ name },
				`the layer ${layer} should have the weights ${shown(entry.name)}, but they are not in the file`,
				"broken-file",
			);
		byScope.set(scope, weights.set(entry.parts.at(-1)!, tensor(dataset)));
	}
	if (byScope.size < 2) return [{ name: layer, weights: [...byScope.values()][0] ?? new Map() }];
	return [...byScope].map(([scope, weights]) => ({ name: `${layer}/${scope}`, weights }));
}
