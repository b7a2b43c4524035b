/**
 * Keras's own files (`.keras`): a zip archive of the topology (`config.json`) and the weights in HDF5. A layer's weights
 * lie in a group that is called by its class and its number among those of its class in its model
 * (`layers/depthwise_conv2d_3/vars/0`), so the topology says which group is which layer's.
 *
 * Source: Keras 3 `saving/saving_lib.py` (`_save_container_state`, `H5IOStore`), `utils/naming.py` (`to_snake_case`), each
 * layer's `save_own_variables`; Keras 2.15 `saving/saving_lib.py`.
 */
import type { Budget } from "../../base/budget.ts";
import { messageOf } from "../../base/error.ts";
import { isJson, type Json, parseJson } from "../../base/json.ts";
import type { Chain } from "../chain/chain.ts";
import { refuse } from "../chain/units.ts";
import { find, type Hdf5Object, openHdf5, tensor } from "../hdf5/hdf5.ts";
import type { Opened } from "../opened.ts";
import { unzip, type ZipEntry } from "../zip.ts";
import { mostNested } from "./graph.ts";
import { kerasChain } from "./layers.ts";
import type { KerasWeights } from "./weights.ts";

/** Files of the archive. */
export const archiveFiles = { config: "config.json", weights: "model.weights.h5" } as const;
/** Containers of a model's layers; Keras 2 has another. */
const containers = ["layers", "_layer_checkpoint_dependencies"] as const;
/** What unpacks to more than so many times the archive's length, and so many bytes besides, is no model. */
const most = { times: 8, besides: 16 * 2 ** 20 } as const;

/** The variables of a layer in the order in which it saves them. */
const variablesOf: Readonly<Record<string, (config: Json) => readonly string[]>> = {
	Conv2D: () => ["kernel", "bias"],
	// Keras 2 and 3 call the kernel differently.
	DepthwiseConv2D: () => ["depthwise_kernel", "bias"],
	Dense: () => ["kernel", "bias"],
	BatchNormalization: ({ scale, center }) => [
		...(scale === false ? [] : ["gamma"]),
		...(center === false ? [] : ["beta"]),
		...["moving_mean", "moving_variance"],
	],
	Normalization: () => ["mean", "variance", "count"],
};

/** Where a layer's weights are. */
interface Place {
	readonly group: Hdf5Object;
	/** Names of its variables by number. */
	readonly variables: readonly string[];
}

/**
 * The layers of a `.keras` file.
 *
 * @throws MobileNetError `broken-file`, `unsupported` for an archive without HDF5, `not-mobilenet` for another network
 */
export function readKerasArchive({ bytes, name, zip = [] }: Opened): Chain {
	const budget = { left: most.times * bytes.byteLength + most.besides };
	const topology = topologyIn(contentOf(zip, archiveFiles.config, name, budget), name);
	const root = openHdf5(contentOf(zip, archiveFiles.weights, name, budget), name);
	return kerasChain(topology, weightsIn(root, topology, name), { name, format: "Keras" });
}

function contentOf(zip: readonly ZipEntry[], path: string, name: string, budget: Budget): Uint8Array {
	const entry = zip.find((file) => file.path === path);
	if (!entry) return refuse({ name }, `it is an archive of Keras without ${path}`, "broken-file");
	return unzip(entry, budget);
}

function topologyIn(content: Uint8Array, name: string): unknown {
	try {
		return parseJson(new TextDecoder("utf-8", { fatal: true }).decode(content));
	} catch (error) {
		return refuse(
			{ name },
			`its ${archiveFiles.config} is no JSON (${messageOf(error)}); the file is damaged`,
			"broken-file",
		);
	}
}

function weightsIn(root: Hdf5Object, topology: unknown, name: string): KerasWeights {
	const places = new Map<string, Place>();
	placeLayers(topology, root, [], places, name);
	return (path, weight) => {
		const place = places.get(path.join("/"));
		const number = place?.variables.indexOf(weight) ?? -1;
		const variables = place && number >= 0 ? find(place.group, "vars") : undefined;
		const dataset = variables && find(variables, String(number));
		return dataset && tensor(dataset);
	};
}

/** Notes the place of every layer of a model, and of the models in it. */
function placeLayers(
	topology: unknown,
	model: Hdf5Object,
	path: readonly string[],
	places: Map<string, Place>,
	name: string,
): void {
	if (path.length > mostNested)
		refuse({ name }, `models are nested more than ${mostNested} deep`, "unsupported");
	const config = isJson(topology) ? topology.config : undefined;
	const layers = isJson(config) && Array.isArray(config.layers) ? (config.layers as unknown[]) : [];
	const group = containers.map((container) => find(model, container)).find((found) => found !== undefined);
	if (!group) return;
	const met = new Map<string, number>();
	for (const layer of layers) {
		if (!isJson(layer) || typeof layer.class_name !== "string" || !isJson(layer.config)) continue;
		const called = layer.config.name;
		if (typeof called !== "string") continue;
		const kind = snakeCase(layer.class_name);
		const number = met.get(kind) ?? 0;
		met.set(kind, number + 1);
		const own = find(group, number === 0 ? kind : `${kind}_${number}`);
		if (!own) continue;
		const inner = [...path, called];
		const variables = Object.hasOwn(variablesOf, layer.class_name)
			? variablesOf[layer.class_name]
			: undefined;
		if (variables) places.set(inner.join("/"), { group: own, variables: variables(layer.config) });
		else placeLayers(layer, own, inner, places, name);
	}
}

/** As Keras makes a name of a class: `DepthwiseConv2D` is `depthwise_conv2d`. */
function snakeCase(className: string): string {
	return className
		.slice(0, 200)
		.replaceAll(/\W+/g, "")
		.replaceAll(/(.)([A-Z][a-z]+)/g, "$1_$2")
		.replaceAll(/([a-z])([A-Z])/g, "$1_$2")
		.toLowerCase();
}
