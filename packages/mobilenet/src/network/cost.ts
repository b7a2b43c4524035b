/**
 * What a network costs for one picture: multiply-adds by a named convention, parameters and activation memory; per
 * layer, per kind of layer (the paper's Table 2) and in total; and what the same network would cost with standard
 * convolutions.
 */
import { MobileNetError, shown } from "../base/error.ts";
import type { Configuration } from "./configuration.ts";
import { isConvolution, type Layer, type LayerKind, layers, weightCount } from "./layers.ts";

/**
 * How multiply-adds are counted.
 *
 * - `paper`: convolutions and the classifier, without bias and batch norm (Howard and others 2017; fvcore's `conv`
 *   and `linear`)
 * - `torchinfo`: as that tool counts, which adds one for every parameter of a batch norm and of the classifier's bias
 */
export type CostConvention = "paper" | "torchinfo";

export interface CostOptions {
	/** Default: `paper`. */
	readonly convention?: CostConvention | undefined;
}

export interface LayerCost {
	/** `stem`, `blocks.0.depthwise` … */
	readonly name: string;
	readonly kind: LayerKind;
	/** Width and height of the output in pixels. */
	readonly outputSize: number;
	readonly outputChannels: number;
	/** By the requested convention. */
	readonly multAdds: number;
	/** Twice the multiply-adds of `paper`, for either convention. */
	readonly flops: number;
	/** Only the weights: no bias, no batch norm. */
	readonly weights: number;
	/** Weights, bias, and batch norm's scale and shift, but not its running statistics, which are not learned. */
	readonly parameters: number;
	/** Bytes of its output as float32. */
	readonly activationBytes: number;
}

/** The rows of the paper's Table 2. */
export type CostKind = "conv 1x1" | "conv depthwise 3x3" | "conv 3x3" | "fully connected";

export interface KindCost {
	readonly kind: CostKind;
	readonly multAdds: number;
	/** Share of the network's, 0 to 1. */
	readonly multAddsShare: number;
	readonly weights: number;
	/** Share of the network's, 0 to 1: the parameter column of Table 2, which counts only weights. */
	readonly weightsShare: number;
	readonly parameters: number;
}

export interface Cost {
	readonly convention: CostConvention;
	readonly layers: readonly LayerCost[];
	readonly kinds: readonly KindCost[];
	/** By the requested convention. */
	readonly multAdds: number;
	/** Twice the multiply-adds of `paper`, for either convention. */
	readonly flops: number;
	readonly weights: number;
	/** Weights, bias, and batch norm's scale and shift, but not its running statistics. */
	readonly parameters: number;
	readonly activations: ActivationMemory;
	/** The same network with standard 3×3 convolutions instead of its blocks (the paper's Table 4). */
	readonly standard: { readonly multAdds: number; readonly weights: number; readonly parameters: number };
	/** This network's share of the standard one's multiply-adds: about 1/8 to 1/9. */
	readonly reduction: number;
}

/** Bytes of activations as float32, for one picture; batch norm and activation work in place. */
export interface ActivationMemory {
	/** The outputs of all layers together: the least that training keeps. */
	readonly sum: number;
	/** The most that inference needs at once: the input and the output of one layer. */
	readonly peak: number;
	/** The layer that needs the most. */
	readonly peakLayer: string;
}

const conventions: readonly CostConvention[] = ["paper", "torchinfo"];
const bytesOfFloat = 4;
const kindOf: { readonly [K in LayerKind]?: CostKind } = {
	pointwise: "conv 1x1",
	depthwise: "conv depthwise 3x3",
	convolution: "conv 3x3",
	dense: "fully connected",
};

/**
 * The cost of a network.
 *
 * @param configuration a configuration made by `configure`
 * @param options `convention`: how multiply-adds are counted
 * @throws MobileNetError `usage` for an unknown convention
 * @example
 * cost(configure({ classes: 1000 })).multAdds // 568740352, the paper's 569 million
 */
export function cost(configuration: Configuration, { convention = "paper" }: CostOptions = {}): Cost {
	if (!conventions.includes(convention))
		throw new MobileNetError(
			"usage",
			`convention must be ${conventions.map(shown).join(" or ")}, not ${shown(convention)}.`,
		);
	const table = layers(configuration);
	const rows = table.map((layer) => layerCost(layer, convention));
	const multAdds = sum(rows, "multAdds");
	const standard = table.filter((layer) => layer.kind !== "depthwise").map(standardized);
	const standardRows = standard.map((layer) => layerCost(layer, convention));
	const standardMultAdds = sum(standardRows, "multAdds");
	return {
		convention,
		layers: rows,
		kinds: kindCosts(rows),
		multAdds,
		flops: sum(rows, "flops"),
		weights: sum(rows, "weights"),
		parameters: sum(rows, "parameters"),
		activations: activationMemory(table),
		standard: {
			multAdds: standardMultAdds,
			weights: sum(standardRows, "weights"),
			parameters: sum(standardRows, "parameters"),
		},
		reduction: multAdds / standardMultAdds,
	};
}

function layerCost(layer: Layer, convention: CostConvention): LayerCost {
	const { name, kind, outputSize, outputChannels } = layer;
	const weights = weightCount(layer);
	// Scale and shift of a batch norm, or the classifier's bias.
	const others = isConvolution(layer) ? 2 * outputChannels : kind === "dense" ? outputChannels : 0;
	const multAdds = weights * outputSize ** 2;
	return {
		name,
		kind,
		outputSize,
		outputChannels,
		multAdds: convention === "paper" ? multAdds : multAdds + others,
		flops: 2 * multAdds,
		weights,
		parameters: weights + others,
		activationBytes: bytesOfFloat * outputSize ** 2 * outputChannels,
	};
}

function kindCosts(rows: readonly LayerCost[]): KindCost[] {
	const multAdds = sum(rows, "multAdds");
	const weights = sum(rows, "weights");
	const present = Object.entries(kindOf).filter(([kind]) => rows.some((row) => row.kind === kind));
	return present.map(([kind, name]) => {
		const own = rows.filter((row) => row.kind === kind);
		return {
			kind: name,
			multAdds: sum(own, "multAdds"),
			multAddsShare: sum(own, "multAdds") / multAdds,
			weights: sum(own, "weights"),
			weightsShare: sum(own, "weights") / weights,
			parameters: sum(own, "parameters"),
		};
	});
}

/** Turns a pointwise layer into the standard 3×3 convolution that would replace its block. */
function standardized(layer: Layer): Layer {
	if (layer.kind !== "pointwise") return layer;
	const { inputChannels, outputChannels } = layer;
	return { ...layer, kind: "convolution", kernel: 3, weightShape: [outputChannels, inputChannels, 3, 3] };
}

function activationMemory(table: readonly Layer[]): ActivationMemory {
	let all = 0;
	let peak = 0;
	let peakLayer = "";
	for (const { name, inputSize, inputChannels, outputSize, outputChannels } of table) {
		const output = bytesOfFloat * outputSize ** 2 * outputChannels;
		const alive = bytesOfFloat * inputSize ** 2 * inputChannels + output;
		all += output;
		if (alive > peak) {
			peak = alive;
			peakLayer = name;
		}
	}
	return { sum: all, peak, peakLayer };
}

function sum(rows: readonly LayerCost[], field: "multAdds" | "flops" | "weights" | "parameters"): number {
	return rows.reduce((total, row) => total + row[field], 0);
}
