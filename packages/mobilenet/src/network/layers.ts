/**
 * The network as a table: thirteen rows of two numbers, and the layers derived from them. Shapes, cost, names of
 * weights, plans and conversions all follow from this table.
 */
import { type Configuration, type HeadActivation, outputCount, type Padding } from "./configuration.ts";

/** The blocks: output channels at α = 1, and stride of the depthwise layer (Howard and others 2017, Table 1). */
export const blocks = [
	[64, 1],
	[128, 2],
	[128, 1],
	[256, 2],
	[256, 1],
	[512, 2],
	[512, 1],
	[512, 1],
	[512, 1],
	[512, 1],
	[512, 1],
	[1024, 2],
	[1024, 1],
] as const;
/** Output channels of the first convolution at α = 1. */
export const stemChannels = 32;
/** The five 14×14×512 blocks that the shallow network leaves out (the paper's Table 5). */
const leftOutWhenShallow = { from: 6, to: 11 } as const;

/** `pool` is the average over the picture, `maxPool` the greatest; `flatten` takes all its numbers, row by row. */
export type LayerKind = "convolution" | "depthwise" | "pointwise" | "pool" | "maxPool" | "flatten" | "dense";
const kindsOfPooling = { average: "pool", max: "maxPool", none: "flatten" } as const;

/** One layer. Pictures are square, so one number is both width and height. */
export interface Layer {
	/** `stem`, `blocks.0.depthwise`, `blocks.0.pointwise` …, `pool` (whatever the pooling), `head.0` …, `classifier`. */
	readonly name: string;
	readonly kind: LayerKind;
	/** Width and height of the filter, in pixels; for the pool, those of its input. */
	readonly kernel: number;
	readonly stride: number;
	/** Zeros before (top and left) and after (bottom and right) the picture. */
	readonly padding: { readonly before: number; readonly after: number };
	readonly inputChannels: number;
	readonly outputChannels: number;
	readonly inputSize: number;
	readonly outputSize: number;
	/** How the names of its weights and biases begin: `stem.conv`, `classifier`. The pool has none. */
	readonly tensorPrefix: string | undefined;
	/** [out, in / groups, kernel, kernel] of a convolution, [out, in] of a dense layer, empty for the pool. */
	readonly weightShape: readonly number[];
}

/** What defines a separable block. */
export interface BlockOptions {
	/** Prefix of the layers' names, such as `blocks.0`. */
	readonly name: string;
	readonly inputChannels: number;
	readonly outputChannels: number;
	/** Width and height of the input. */
	readonly inputSize: number;
	/** Stride and padding of the depthwise layer. */
	readonly stride: number;
	readonly padding: Layer["padding"];
}

/**
 * The layers of a network in order: the stem, the depthwise and pointwise layers of every block, the pool and, if there
 * is a head, its dense layers, of which the last is the classifier. Batch norm and activation belong to their convolution and are not listed.
 *
 * @example
 * layers(configure({ alpha: 0.5 })).map((layer) => `${layer.name} ${layer.outputSize}×${layer.outputChannels}`)
 */
export function layers(configuration: Configuration): readonly Layer[] {
	const { size, inputChannels, depth, lastBlock, padding, stemPadding, pooling, head } = configuration;
	const stem = layerOf({
		name: "stem",
		kind: "convolution",
		kernel: 3,
		stride: 2,
		padding: paddingOf(stemPadding, size, 2),
		inputChannels,
		outputChannels: width(stemChannels, configuration),
		inputSize: size,
	});
	const table = [stem];
	let previous = stem;
	const kept = blocks.filter(
		(_, i) => depth === "full" || i < leftOutWhenShallow.from || i >= leftOutWhenShallow.to,
	);
	for (const [i, [outputChannels, usualStride]] of kept.entries()) {
		const wide = i === kept.length - 1 && lastBlock === "stride2";
		const stride = wide ? 2 : usualStride;
		const block = separableBlock({
			name: `blocks.${i}`,
			inputChannels: previous.outputChannels,
			outputChannels: width(outputChannels, configuration),
			inputSize: previous.outputSize,
			stride,
			padding: wide ? { before: 4, after: 4 } : paddingOf(padding, previous.outputSize, stride),
		});
		table.push(...block);
		previous = block[1];
	}
	const kind = kindsOfPooling[pooling];
	const { outputSize: kernel, outputChannels: channels } = previous;
	const features = kind === "flatten" ? kernel ** 2 * channels : channels;
	const pool = { name: "pool", kind, kernel, ...flat, inputChannels: channels, inputSize: kernel };
	table.push(layerOf({ ...pool, outputChannels: features }));
	if (head) table.push(...headOf(configuration, features));
	return table;
}

/** Its dense layers, from the features to the classifier. */
function headOf(configuration: Configuration, features: number): Layer[] {
	const hidden = configuration.headLayers.map(({ units }, i) => [`head.${i}`, units] as const);
	let inputChannels = features;
	return [...hidden, ["classifier", outputCount(configuration)] as const].map(([name, outputChannels]) => {
		const dense = { name, kind: "dense", kernel: 1, ...flat, inputChannels, inputSize: 1 } as const;
		inputChannels = outputChannels;
		return layerOf({ ...dense, outputChannels });
	});
}

/**
 * A depthwise separable block: a 3×3 filter for every channel, then a 1×1 convolution that mixes the channels
 * (Howard and others 2017, section 3.1).
 */
export function separableBlock(options: BlockOptions): readonly [depthwise: Layer, pointwise: Layer] {
	const { name, inputChannels, outputChannels, inputSize, stride, padding } = options;
	const depthwise = layerOf({
		name: `${name}.depthwise`,
		kind: "depthwise",
		kernel: 3,
		stride,
		padding,
		inputChannels,
		outputChannels: inputChannels,
		inputSize,
	});
	const pointwise = layerOf({
		name: `${name}.pointwise`,
		kind: "pointwise",
		kernel: 1,
		...flat,
		inputChannels,
		outputChannels,
		inputSize: depthwise.outputSize,
	});
	return [depthwise, pointwise];
}

/** Adds what follows from the rest; the output size is the number of positions of the filter on the padded picture. */
function layerOf(layer: Omit<Layer, "outputSize" | "tensorPrefix" | "weightShape">): Layer {
	const { inputSize, padding, kernel, stride } = layer;
	const room = inputSize + padding.before + padding.after - kernel;
	return {
		...layer,
		outputSize: Math.floor(room / stride) + 1,
		tensorPrefix: prefixOf(layer),
		weightShape: shapeOf(layer),
	};
}

function prefixOf({ name, kind }: Pick<Layer, "name" | "kind">): string | undefined {
	if (isPool({ kind })) return undefined;
	return kind === "dense" ? name : `${name}.conv`;
}

function shapeOf({
	kind,
	kernel,
	inputChannels,
	outputChannels,
}: Pick<Layer, "kind" | "kernel" | "inputChannels" | "outputChannels">): readonly number[] {
	if (isPool({ kind })) return [];
	if (kind === "dense") return [outputChannels, inputChannels];
	return [outputChannels, kind === "depthwise" ? 1 : inputChannels, kernel, kernel];
}

/** Stride and padding of layers that visit every pixel once and need no padding. */
const flat = { stride: 1, padding: { before: 0, after: 0 } } as const;

/** Padding of a 3×3 convolution over `size` pixels. */
function paddingOf(padding: Padding, size: number, stride: number): Layer["padding"] {
	if (padding === "symmetric") return { before: 1, after: 1 };
	if (padding === "keras") return { before: stride === 1 ? 1 : 0, after: 1 };
	// TensorFlow's SAME: enough zeros for ⌈size / stride⌉ outputs; an odd one goes after the picture.
	const total = Math.max((Math.ceil(size / stride) - 1) * stride + 3 - size, 0);
	const before = Math.floor(total / 2);
	return { before, after: total - before };
}

/**
 * Scales a number of channels by α.
 *
 * @example
 * width(32, configure({ alpha: 0.35 })) // 11
 */
export function width(
	channels: number,
	{ alpha, channelRounding }: Pick<Configuration, "alpha" | "channelRounding">,
): number {
	const exact = channels * alpha;
	if (channelRounding === "floor") return Math.max(Math.floor(exact), 8);
	if (channelRounding === "truncate") return Math.max(Math.floor(exact), 1);
	// timm's make_divisible
	const rounded = Math.max(8, Math.floor((exact + 4) / 8) * 8);
	return rounded < 0.9 * exact ? rounded + 8 : rounded;
}

/** Whether a layer is a convolution, which batch norm and an activation follow. */
export function isConvolution(layer: Layer): boolean {
	return layer.kind === "convolution" || layer.kind === "depthwise" || layer.kind === "pointwise";
}

/** Whether a layer makes features of the last block's picture; it has no weights. */
export function isPool({ kind }: Pick<Layer, "kind">): boolean {
	return kind === "pool" || kind === "maxPool" || kind === "flatten";
}

/**
 * The activation of a dense layer; the classifier's is none.
 *
 * @example
 * headActivationOf(layer, configuration) // "relu"
 */
export function headActivationOf(
	{ name }: Pick<Layer, "name">,
	{ headLayers }: Configuration,
): HeadActivation {
	const [, number] = /^head\.(\d+)$/.exec(name) ?? [];
	return (number !== undefined && headLayers[Number(number)]?.activation) || "none";
}

/** How many weights a layer has, without biases and batch norm; 0 for the pool. */
export function weightCount({ weightShape }: Layer): number {
	return weightShape.length === 0 ? 0 : weightShape.reduce((product, n) => product * n, 1);
}
