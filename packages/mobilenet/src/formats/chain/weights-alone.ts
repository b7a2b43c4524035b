/**
 * The chain of a network of which there are the weights alone, in order, as Keras, PyTorch and Hugging Face keep them.
 * Kinds and shapes say which layers there are. What they do not say (strides, padding, activation, epsilon, dropout, the
 * softmax) is as in the preset of the framework that the file is from, and is listed as assumed. How a framework calls
 * and turns its weights is the business of its own reader.
 */
import type { Configuration, Padding, Preset } from "../../network/configuration.ts";
import { type Layer, layers as networkLayers } from "../../network/layers.ts";
import type { Tensor } from "../../weights/tensor.ts";
import type { Chain, ChainLayer, ChainTensor, Reading } from "./chain.ts";
import { configured } from "./configured.ts";
import { blockCounts, refuse } from "./units.ts";

/** A layer by what is known of it. */
export type WeightedLayer = { readonly name: string } & (
	| {
			readonly kind: "convolution" | "depthwise";
			/** OIHW, as in a chain. */
			readonly weight: ChainTensor;
			readonly bias?: ChainTensor;
			readonly groups: number;
	  }
	| {
			readonly kind: "batchNorm";
			readonly weight?: Tensor;
			readonly bias?: Tensor;
			readonly mean: Tensor;
			readonly variance: Tensor;
	  }
	/** [out, in]. */
	| { readonly kind: "dense"; readonly weight: ChainTensor; readonly bias?: ChainTensor }
	/** Of layers without weights a file has at most the names, which may say these. */
	| { readonly kind: "pool" }
	| { readonly kind: "dropout" }
	| { readonly kind: "unknown" }
	/** One that no MobileNet v1 has; `what` says how errors call it. */
	| { readonly kind: "foreign"; readonly what: string }
);

/** What weights do not say. */
export interface Usual {
	readonly preset: Preset;
	/** Where it is not the preset's. */
	readonly padding?: Padding;
	readonly stemPadding?: Padding;
	/** What else is not the preset's. */
	readonly differing?: Partial<Configuration>;
	/** What the file says in another place, so that it is not assumed. */
	readonly known?: readonly string[];
	/** Whose network that is, for people: `Keras's own MobileNet`. */
	readonly like: string;
}

type Convolution = Extract<WeightedLayer, { kind: "convolution" | "depthwise" }>;

const weighted: readonly WeightedLayer["kind"][] = ["convolution", "depthwise", "batchNorm", "dense"];

/**
 * The chain of layers that weights are of.
 *
 * @param all layers in the network's order
 * @throws MobileNetError `not-mobilenet`, or `unsupported` where it is not said what comes between two layers
 * @example
 * recognize(chainOfWeights(layers, { preset: "torch", like: "timm's MobileNet" }, { name: "model.pth", format: "PyTorch" }))
 */
export function chainOfWeights(
	all: readonly WeightedLayer[],
	{ preset, padding, stemPadding, differing, known = [], like }: Usual,
	reading: Pick<Reading, "name" | "format">,
): Chain {
	const usual = configured(reading, { preset, padding, stemPadding, ...differing });
	if (!all.some(isWeighted)) refuse(reading, "it has no weights");
	const head = headStart(all);
	const last = all.filter((layer, i) => i >= head && isWeighted(layer));
	checkHead(all.slice(0, head), last, known, reading);
	const layers = [...trunkOf(all.slice(0, head), usual), ...headOf(all.slice(head), usual, reading)];
	const has = (kind: ChainLayer["kind"]): boolean => layers.some((layer) => layer.kind === kind);
	const assumed = [
		...["padding", "lastBlock", "activation"],
		...(has("batchNorm") ? ["epsilon"] : []),
		...(has("dropout") ? ["dropout"] : []),
		...(last.length > 0 ? ["output"] : []),
	].filter((field) => !known.includes(field));
	const note = `It holds weights only; strides, padding, activation and whatever else weights do not say are as in ${like}.`;
	return { ...reading, layers, assumed, notes: assumed.length > 0 ? [note] : [] };
}

/** Refuses a head that weights alone do not tell: none is answered by guessing. */
function checkHead(
	trunk: readonly WeightedLayer[],
	last: readonly WeightedLayer[],
	known: readonly string[],
	reading: Pick<Reading, "name">,
): void {
	const blocks = trunk.filter(({ kind }) => kind === "depthwise").length;
	if (blocks !== blockCounts.full && blocks !== blockCounts.shallow) return;
	const unsaid = (what: string): never =>
		refuse(reading, `it holds weights only, which do not say ${what}; take the whole model`, "unsupported");
	const [classifier, next] = last;
	if (next) unsaid(`what comes between its last layers ${classifier!.name} and ${next.name}`);
	if (classifier?.kind !== "dense" && classifier?.kind !== "convolution") return;
	const [outputs = 0, inputs = 0] = classifier.weight.tensor.shape;
	const features = trunk.findLast(({ kind }) => kind === "convolution") as Convolution | undefined;
	const [channels = 0] = features?.weight.tensor.shape ?? [];
	// What takes every pixel's numbers takes a whole number of times as many.
	if (inputs > channels && inputs % channels === 0)
		unsaid(
			`how the picture behind its blocks becomes the ${inputs} numbers that its layer ${classifier.name} takes`,
		);
	if (outputs === 1 && !known.includes("output"))
		unsaid(`whether the single output of its layer ${classifier.name} is a logit or a probability`);
}

function isWeighted({ kind }: WeightedLayer): boolean {
	return weighted.includes(kind);
}

/** The next layer with weights, which may be far where there are many without. */
function nextWeighted(all: readonly WeightedLayer[], after: number): WeightedLayer | undefined {
	let next = after + 1;
	while (next < all.length && !isWeighted(all[next]!)) next++;
	return all[next];
}

/** Where the classifier's part begins: behind the convolution after the last depthwise one, and its batch norm. */
function headStart(all: readonly WeightedLayer[]): number {
	const lastBlock = all.findLastIndex(({ kind }) => kind === "depthwise");
	const pointwise =
		lastBlock < 0 ? -1 : all.findIndex(({ kind }, i) => i > lastBlock && kind === "convolution");
	if (pointwise < 0) return all.length;
	const next = nextWeighted(all, pointwise);
	return next?.kind === "batchNorm" ? all.indexOf(next) + 1 : pointwise + 1;
}

/** First convolution and blocks, with an activation after every convolution and its batch norm. */
function trunkOf(all: readonly WeightedLayer[], usual: Configuration): readonly ChainLayer[] {
	const { activation, leakySlope: slope } = usual;
	const table = strided(all.filter(({ kind }) => kind === "depthwise").length, usual);
	let [convolutions, depthwise] = [0, 0];
	return all.flatMap((layer, i): ChainLayer[] => {
		const activated: ChainLayer = {
			kind: "activation",
			name: `${layer.name} (activation)`,
			activation,
			...(activation === "leakyRelu" && { slope }),
		};
		switch (layer.kind) {
			case "batchNorm":
				return [batchNormOf(layer, usual), activated];
			case "depthwise":
			case "convolution": {
				const like =
					layer.kind === "depthwise"
						? table.depthwise[depthwise++]
						: convolutions++ === 0
							? table.stem
							: undefined;
				const found = convolutionOf(layer, usual, like);
				return nextWeighted(all, i)?.kind === "batchNorm" ? [found] : [found, activated];
			}
			case "dense":
				return [layer, activated];
			default:
				return [];
		}
	});
}

/** Pool, dropout, classifier and softmax. Only the weightless layers' names say where they are. */
function headOf(
	all: readonly WeightedLayer[],
	usual: Configuration,
	reading: Pick<Reading, "name">,
): readonly ChainLayer[] {
	const { dropout: rate, output } = usual;
	const layers: ChainLayer[] = [];
	let classifier: string | undefined;
	let pooled = false;
	const pool = (layer: string): void => {
		if (!pooled) layers.push({ kind: "pool", name: `${layer} (pool)` });
		pooled = true;
	};
	for (const layer of all) {
		const { name } = layer;
		if (layer.kind === "unknown") continue;
		if (layer.kind === "foreign")
			refuse(reading, `it has the layer ${name} ${layer.what}, which no MobileNet v1 has`);
		else if (layer.kind === "dropout") layers.push({ kind: "dropout", name, rate });
		else {
			pool(name);
			if (layer.kind === "pool") continue;
			classifier = name;
			if (layer.kind === "batchNorm") layers.push(batchNormOf(layer, usual));
			else if (layer.kind === "dense") layers.push(layer);
			else layers.push(convolutionOf(layer, usual, undefined));
		}
	}
	if (classifier !== undefined && output === "softmax")
		layers.push({ kind: "softmax", name: `${classifier} (softmax)` });
	if (classifier !== undefined && output === "sigmoid")
		layers.push({ kind: "activation", name: `${classifier} (sigmoid)`, activation: "sigmoid" });
	return layers;
}

/** A convolution, strided and padded as the layer of the table that it stands for; one that stands for none is 1×1. */
function convolutionOf(
	{ name, weight, bias, groups, kind }: Convolution,
	usual: Configuration,
	like: Layer | undefined,
): ChainLayer {
	const stride = like?.stride ?? 1;
	const { before, after } = like?.padding ?? { before: 0, after: 0 };
	return {
		kind: "convolution",
		name,
		weight,
		...(bias && { bias }),
		groups,
		...(kind === "depthwise" && groups === 1 && { storedAsDepthwise: true }),
		stride: [stride, stride],
		padding:
			(like?.kind === "convolution" ? usual.stemPadding : usual.padding) === "same"
				? "same"
				: [before, before, after, after],
	};
}

function batchNormOf(layer: Extract<WeightedLayer, { kind: "batchNorm" }>, usual: Configuration): ChainLayer {
	const { epsilon, momentum } = usual;
	return { ...layer, epsilon, momentum };
}

/** The first convolution and the depthwise ones of the network with as many blocks. */
function strided(
	blocks: number,
	usual: Configuration,
): { readonly stem: Layer; readonly depthwise: readonly Layer[] } {
	const depth = blocks === blockCounts.shallow ? "shallow" : "full";
	const table = networkLayers({ ...usual, depth });
	return { stem: table[0]!, depthwise: table.filter(({ kind }) => kind === "depthwise") };
}
