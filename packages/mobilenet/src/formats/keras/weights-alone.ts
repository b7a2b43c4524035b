/**
 * A network from Keras's weights alone. Names and shapes say which layers there are; what they do not say (padding,
 * strides, activation, epsilon, the softmax) is as in Keras's own MobileNet, and is listed as assumed. A topology is
 * written down for the layers, which keras.ts reads like any other.
 *
 * Source: Keras 2.15 and 3, `applications/mobilenet.py`.
 */
import { shown } from "../../base/error.ts";
import { presets } from "../../network/configuration.ts";
import { layers as networkLayers } from "../../network/layers.ts";
import type { Tensor } from "../../weights/model.ts";
import type { Chain } from "../chain/chain.ts";
import { blockCounts, refuse } from "../chain/units.ts";
import { kerasChain } from "./layers.ts";

/** A layer of which there are the weights, by Keras's own names for them; none where it computes without any. */
export interface WeightedLayer {
	readonly name: string;
	readonly weights: ReadonlyMap<string, Tensor>;
}

type Kind = "convolution" | "depthwise" | "batchNorm" | "dense" | "weightless";

/** What people read of a file of weights alone. */
const note =
	"It holds weights only; strides, padding, activation and whatever else weights do not say are as in Keras's own MobileNet.";

interface Node {
	readonly class_name: string;
	readonly config: Readonly<Record<string, unknown>>;
}

/** An error names so many weights. */
const mostNamed = 4;
/** What Keras's own MobileNet has where weights do not say it. */
const usual = { epsilon: 1e-3, momentum: 0.99, dropout: 1e-3 } as const;

/**
 * The chain of layers that weights are of.
 *
 * @param all layers in the network's order
 * @throws MobileNetError `not-mobilenet`, or `unsupported` where it is not said what comes between two layers
 */
export function chainOfWeights(
	all: readonly WeightedLayer[],
	about: { readonly name: string; readonly format: string },
): Chain {
	const kinds = all.map((layer) => kindOf(layer, about.name));
	if (kinds.every((kind) => kind === "weightless")) refuse(about, "it has no weights");
	const head = headStart(kinds);
	const blocks = kinds.filter((kind) => kind === "depthwise").length;
	const last = all.filter((_, i) => i >= head && kinds[i] !== "weightless").map(({ name }) => name);
	if (last.length > 1 && (blocks === blockCounts.full || blocks === blockCounts.shallow))
		refuse(
			about,
			`it holds weights only, which do not say what comes between its last layers ${last.slice(0, 2).join(" and ")}; take the whole model`,
			"unsupported",
		);
	const trunk = trunkOf(all.slice(0, head), kinds.slice(0, head));
	const end = headOf(all.slice(head), kinds.slice(head));
	const byName = new Map(all.map((layer) => [layer.name, layer]));
	const chain = kerasChain(
		{ class_name: "Sequential", config: [...trunk, ...end] },
		(path, weight) => byName.get(path.join("/"))?.weights.get(weight),
		about,
	);
	const classes = new Set([...trunk, ...end].map((node) => node.class_name));
	const assumed = [
		...["padding", "lastBlock", "activation"],
		...(classes.has("BatchNormalization") ? ["epsilon"] : []),
		...(classes.has("Dropout") ? ["dropout"] : []),
		...(classes.has("Softmax") ? ["output"] : []),
	];
	return { ...chain, assumed, notes: [note] };
}

/** Where the classifier's part begins: behind the convolution after the last depthwise one, and its batch norm. */
function headStart(kinds: readonly Kind[]): number {
	const lastBlock = kinds.lastIndexOf("depthwise");
	const pointwise = lastBlock < 0 ? -1 : kinds.indexOf("convolution", lastBlock);
	if (pointwise < 0) return kinds.length;
	return nextWeighted(kinds, pointwise) === "batchNorm"
		? kinds.indexOf("batchNorm", pointwise) + 1
		: pointwise + 1;
}

/** First convolution and blocks, with an activation after every convolution and its batch norm. */
function trunkOf(all: readonly WeightedLayer[], kinds: readonly Kind[]): readonly Node[] {
	const strides = stridesOf(kinds.filter((kind) => kind === "depthwise").length);
	let [convolutions, depthwise] = [0, 0];
	return all.flatMap((layer, i) => {
		const kind = kinds[i]!;
		const stride =
			kind === "depthwise"
				? strides.depthwise[depthwise++]
				: kind === "convolution" && convolutions++ === 0
					? strides.stem
					: 1;
		if (kind === "weightless") return [];
		const node = nodeOf(layer, kind, stride);
		const last = kind === "batchNorm" || nextWeighted(kinds, i) !== "batchNorm";
		const relu6 = { name: `${layer.name} (activation)`, max_value: 6, negative_slope: 0, threshold: 0 };
		return last ? [node, { class_name: "ReLU", config: relu6 }] : [node];
	});
}

/** Pool, dropout, classifier and softmax. Only the weightless layers' names say where they are. */
function headOf(all: readonly WeightedLayer[], kinds: readonly Kind[]): readonly Node[] {
	const nodes: Node[] = [];
	let classifier: string | undefined;
	let pooled = false;
	const pool = (layer: string): void => {
		if (!pooled) nodes.push({ class_name: "GlobalAveragePooling2D", config: { name: `${layer} (pool)` } });
		pooled = true;
	};
	for (const [i, layer] of all.entries()) {
		const kind = kinds[i]!;
		if (kind !== "weightless") {
			classifier = layer.name;
			pool(layer.name);
			nodes.push(nodeOf(layer, kind, 1));
		} else if (/max_?pool/.test(layer.name))
			nodes.push({ class_name: "GlobalMaxPooling2D", config: { name: layer.name } });
		else if (layer.name.includes("pool")) pool(layer.name);
		else if (layer.name.includes("dropout"))
			nodes.push({ class_name: "Dropout", config: { name: layer.name, rate: usual.dropout } });
	}
	if (classifier !== undefined)
		nodes.push({ class_name: "Softmax", config: { name: `${classifier} (softmax)` } });
	return nodes;
}

function nodeOf({ name, weights }: WeightedLayer, kind: Kind, stride: number | undefined): Node {
	const useBias = { use_bias: weights.has("bias") };
	switch (kind) {
		case "batchNorm": {
			const { epsilon, momentum } = usual;
			const given = { scale: weights.has("gamma"), center: weights.has("beta") };
			return { class_name: "BatchNormalization", config: { name, axis: -1, epsilon, momentum, ...given } };
		}
		case "dense":
			return { class_name: "Dense", config: { name, ...useBias } };
		default: {
			const className = kind === "depthwise" ? "DepthwiseConv2D" : "Conv2D";
			return { class_name: className, config: { name, strides: stride ?? 1, padding: "same", ...useBias } };
		}
	}
}

/** What a layer is by its weights. */
function kindOf({ name, weights }: WeightedLayer, file: string): Kind {
	if (weights.size === 0) return "weightless";
	const kernel = weights.get("kernel")?.shape;
	// Keras 3 calls it as it calls all kernels; no first convolution has a single output.
	if (weights.has("depthwise_kernel") || (kernel?.length === 4 && kernel[3] === 1 && kernel[0] !== 1))
		return "depthwise";
	if (kernel?.length === 4) return "convolution";
	if (kernel?.length === 2) return "dense";
	if (weights.has("moving_mean") && weights.has("moving_variance")) return "batchNorm";
	const some = [...weights].slice(0, mostNamed).map(([weight, { shape }]) => `${weight} ${shown(shape)}`);
	const names = some.join(", ") + (weights.size > mostNamed ? ", …" : "");
	return refuse({ name: file }, `the layer ${name} has the weights ${names}, which no layer of one has`);
}

function nextWeighted(kinds: readonly Kind[], after: number): Kind | undefined {
	let next = after + 1;
	while (kinds[next] === "weightless") next++;
	return kinds[next];
}

/** Of the first convolution and of the depthwise ones, from the table of the network with as many blocks. */
function stridesOf(blocks: number): { readonly stem: number; readonly depthwise: readonly number[] } {
	const depth = blocks === blockCounts.shallow ? "shallow" : "full";
	const table = networkLayers({ ...presets.tf, depth });
	const depthwise = table.filter(({ kind }) => kind === "depthwise").map(({ stride }) => stride);
	return { stem: table[0]!.stride, depthwise };
}
