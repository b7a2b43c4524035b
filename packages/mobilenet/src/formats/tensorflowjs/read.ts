/**
 * TensorFlow.js layers models: a `model.json` with a Keras topology and a list of weights, whose bytes lie in
 * shards beside it. Graph models (a list of TensorFlow's operations in the place of Keras's layers) are another
 * format under the same name: graph-model.ts.
 */
import { isJson } from "../../base/json.ts";
import type { Tensor } from "../../weights/tensor.ts";
import type { Chain } from "../chain/chain.ts";
import { refuse } from "../chain/units.ts";
import { kerasChain } from "../keras/layers.ts";
import type { KerasWeights } from "../keras/weights.ts";
import type { Opened } from "../opened.ts";
import { readWeights } from "./manifest.ts";

const format = "TensorFlow.js layers model";
/**
 * The layers of a TensorFlow.js layers model.
 *
 * @param file its `model.json`
 * @throws MobileNetError `broken-file`, `not-mobilenet` for a graph that branches
 */
export async function readTensorFlowJs(file: Opened): Promise<Chain> {
	const { name, json = {} } = file;
	const topology = json.modelTopology;
	if (!isJson(topology) || !Array.isArray(json.weightsManifest))
		refuse(
			file,
			"it is JSON without the modelTopology and the weightsManifest of TensorFlow.js",
			"broken-file",
		);
	const tensors = await readWeights(file, json.weightsManifest);
	return kerasChain(topology.model_config ?? topology, lookup(tensors), { name, format });
}

/**
 * Weights by layer. Their names are `layer/weight`, behind the names of the models around the layer or not, or
 * behind scopes that the topology does not speak of. Those of a Normalization that was adapted have no layer in their names.
 */
function lookup(tensors: ReadonlyMap<string, Tensor>): KerasWeights {
	const byEnd = new Map<string, Tensor | "several">();
	for (const [name, tensor] of tensors) {
		const end = name.split("/").slice(-2).join("/");
		byEnd.set(end, byEnd.has(end) ? "several" : tensor);
	}
	return (path, weight) => {
		for (let skipped = 0; skipped < path.length; skipped++) {
			const tensor = tensors.get([...path.slice(skipped), weight].join("/"));
			if (tensor) return tensor;
		}
		const tensor = byEnd.get(`${path.at(-1)}/${weight}`);
		return tensor === "several" ? undefined : (tensor ?? tensors.get(weight));
	};
}
