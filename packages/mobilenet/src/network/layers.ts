/**
 * The network as a table: thirteen rows of two numbers, and the layers that follow from them. Shapes, cost,
 * names of weights, plans and conversions are all derived from here.
 */
import type { Configuration } from "./configuration.ts";

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
const stemChannels = 32;
/** The five 14×14×512 blocks that the shallow network lacks (the paper's Table 5). */
const leftOutWhenShallow = { from: 6, to: 11 } as const;

export type LayerKind = "convolution" | "depthwise" | "pointwise" | "pool" | "dense";

/** One layer. All pictures are square, so one number serves width and height. */
export interface Layer {
	/** `stem`, `blocks.0.depthwise`, `blocks.0.pointwise` …, `pool`, `classifier`: the prefix of its tensors' names. */
	readonly name: string;
	readonly kind: LayerKind;
	/** Width and height of the filter, in pixels; of the pool, the whole picture. */
	readonly kernel: number;
	readonly stride: number;
	/** Zeros before (top and left) and after (bottom and right) the picture. */
	readonly padding: { readonly before: number; readonly after: number };
	readonly inputChannels: number;
	readonly outputChannels: number;
	readonly inputSize: number;
	readonly outputSize: number;
}

/**
 * The layers of a network in order: stem, depthwise and pointwise of every block, pool, and, with a head, the
 * classifier. Batch norm and activation belong to their convolution and have no row.
 *
 * @example
 * layers(configure({ alpha: 0.5 })).map((layer) => `${layer.name} ${layer.outputSize}×${layer.outputChannels}`)
 */
export function layers(configuration: Configuration): readonly Layer[] {
	const table: Layer[] = [];
	let size = configuration.size;
	let channels = configuration.inputChannels;
	const add = (
		name: string,
		kind: LayerKind,
		outputChannels: number,
		stride: number,
		padding: Layer["padding"],
		kernel = 3,
	): void => {
		const outputSize = Math.floor((size + padding.before + padding.after - kernel) / stride) + 1;
		const inputSize = size;
		table.push({
			name,
			kind,
			kernel,
			stride,
			padding,
			inputChannels: channels,
			outputChannels,
			inputSize,
			outputSize,
		});
		size = outputSize;
		channels = outputChannels;
	};

	add("stem", "convolution", width(stemChannels, configuration), 2, paddingOf(configuration, size, 2));
	const kept = blocks.filter(
		(_, i) => configuration.depth === "full" || i < leftOutWhenShallow.from || i >= leftOutWhenShallow.to,
	);
	for (const [i, [outputChannels, usualStride]] of kept.entries()) {
		const strided = i === kept.length - 1 && configuration.lastBlock === "stride2";
		const stride = strided ? 2 : usualStride;
		const padding = strided ? { before: 4, after: 4 } : paddingOf(configuration, size, stride);
		add(`blocks.${i}.depthwise`, "depthwise", channels, stride, padding);
		add(`blocks.${i}.pointwise`, "pointwise", width(outputChannels, configuration), 1, none, 1);
	}
	add("pool", "pool", channels, 1, none, size);
	if (configuration.head) add("classifier", "dense", configuration.classes, 1, none, 1);
	return table;
}

const none = { before: 0, after: 0 } as const;

/** Padding of a 3×3 convolution over `size` pixels. */
function paddingOf({ padding }: Configuration, size: number, stride: number): Layer["padding"] {
	if (padding === "symmetric") return { before: 1, after: 1 };
	// TensorFlow's SAME: as many zeros as ⌈size / stride⌉ outputs need, the odd one after the picture.
	const total = Math.max((Math.ceil(size / stride) - 1) * stride + 3 - size, 0);
	const before = Math.floor(total / 2);
	return { before, after: total - before };
}

/**
 * Channels of a layer that has `channels` at α = 1.
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
	// timm's make_divisible
	const rounded = Math.max(8, Math.floor((exact + 4) / 8) * 8);
	return rounded < 0.9 * exact ? rounded + 8 : rounded;
}

/** Layers whose outputs have names of their own: every convolution (after its activation), the pool and the classifier. */
export function isConvolution(layer: Layer): boolean {
	return layer.kind === "convolution" || layer.kind === "depthwise" || layer.kind === "pointwise";
}
