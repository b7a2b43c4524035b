/**
 * Reads TensorFlow's graphs: a GraphDef as `freeze_graph`, `retrain.py` and their like write it, or the graph of a
 * TensorFlow.js graph model. A network is read by what its operators compute; names of nodes only show in errors.
 */
import type { Chain } from "../chain/chain.ts";
import type { ModelFile } from "../file.ts";
import { brief } from "../graph.ts";
import { constantsOf } from "./constants.ts";
import { wayThrough } from "./flow.ts";
import type { Graph } from "./graph.ts";
import { openGraphDef } from "./graph-def.ts";
import { layersOf } from "./layers.ts";

/**
 * What a GraphDef holds.
 *
 * @throws MobileNetError `broken-file` for a damaged file; `not-mobilenet` for a graph that is no chain of a MobileNet's
 * operators; `unsupported` for a way of storing one that is not read here
 * @example
 * const { layers } = readGraphDef({ name: "frozen_graph.pb", bytes, beside });
 */
export function readGraphDef(file: ModelFile): Chain {
	return chainIn(openGraphDef(file, "TensorFlow GraphDef"));
}

/** The chain of a graph. */
export function chainIn(graph: Graph): Chain {
	const constants = constantsOf(graph);
	const { layers, said } = layersOf(graph, constants, wayThrough(graph, constants));
	const { size, isSizeAssumed = false, channels, filter, notes } = said;
	const [height, width] = size ?? [];
	const last = layers.at(-1);
	const isEnd = last?.kind === "softmax" || (last?.kind === "activation" && last.activation === "sigmoid");
	// TensorFlow's own tools end with versions or with probabilities.
	if (graph.isOpenEnded && !isEnd)
		notes.add(
			`Its last node is ${brief([...graph.nodes.keys()].at(-1)!)}, and nothing follows it: the file may have been cut short.`,
		);
	return {
		name: graph.name,
		format: graph.format,
		layers,
		...(size && (height === width ? { size: size[0] } : { shape: size })),
		...(channels !== undefined && { inputChannels: channels }),
		...(filter && { preprocessing: { filter, fit: "stretch" } }),
		...(isSizeAssumed && { assumed: ["size"] }),
		...(notes.size > 0 && { notes: [...notes] }),
	};
}
