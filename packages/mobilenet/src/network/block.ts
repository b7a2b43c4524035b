/**
 * What one block costs, in the words of the paper (Howard and others, "MobileNets: Efficient Convolutional Neural
 * Networks for Mobile Vision Applications", 2017, section 3): a standard convolution filters and combines in one
 * step; a depthwise separable one filters every channel by itself, then combines the channels with a 1×1
 * convolution, and does so with a fraction of the multiply-adds.
 *
 * The formulas hold for stride 1 with the same size in and out, and for any stride with the output's size as Df.
 * α·M and ρ·Df are not rounded here: a network's layers are (layers.ts), and cost.ts counts those.
 */

/** A convolution's shape, by the paper's letters. */
export interface Block {
	/** Dk: width and height of the filter; 3 in MobileNet. */
	readonly kernel?: number;
	/** M: channels of the input, at α = 1. */
	readonly inputChannels: number;
	/** N: channels of the output, at α = 1. */
	readonly outputChannels: number;
	/** Df: width and height of the output in pixels, at ρ = 1. */
	readonly size: number;
	/** α: width multiplier of both channel counts; 1 where nothing is said. */
	readonly alpha?: number;
	/** ρ: resolution multiplier of the size; 1 where nothing is said. */
	readonly rho?: number;
}

export interface BlockCost {
	/** Multiply-adds for one picture. */
	readonly multAdds: number;
	/** Weights, without bias or batch norm. */
	readonly weights: number;
}

/**
 * A standard convolution: Dk·Dk·αM·αN·(ρDf)² multiply-adds (the paper's equation 2), Dk·Dk·αM·αN weights.
 *
 * @example
 * standardCost({ inputChannels: 512, outputChannels: 512, size: 14 }).multAdds // 462422016, Table 3's 462 million
 */
export function standardCost(block: Block): BlockCost {
	const { kernel, inputs, outputs, places } = scaled(block);
	return costOf(kernel * kernel * inputs * outputs, places);
}

/**
 * A depthwise separable convolution: Dk·Dk·αM·(ρDf)² + αM·αN·(ρDf)² multiply-adds (the paper's equations 5 to 7),
 * Dk·Dk·αM + αM·αN weights.
 *
 * @example
 * separableCost({ inputChannels: 512, outputChannels: 512, size: 14, alpha: 0.75 }).multAdds // 29578752, Table 3's 29.6 million
 */
export function separableCost(block: Block): BlockCost {
	const { kernel, inputs, outputs, places } = scaled(block);
	return costOf(kernel * kernel * inputs + inputs * outputs, places);
}

/**
 * The share of a standard convolution's multiply-adds (and weights) that the depthwise separable one needs:
 * 1/(αN) + 1/Dk², whatever the size. With 3×3 filters it is a little over 1/9.
 *
 * @example
 * reduction({ outputChannels: 512 }) // 0.1131, 8.8 times fewer
 */
export function reduction(block: Pick<Block, "kernel" | "outputChannels" | "alpha">): number {
	const { kernel = 3, outputChannels, alpha = 1 } = block;
	return 1 / (alpha * outputChannels) + 1 / (kernel * kernel);
}

function scaled({ kernel = 3, inputChannels, outputChannels, size, alpha = 1, rho = 1 }: Block) {
	return {
		kernel,
		inputs: alpha * inputChannels,
		outputs: alpha * outputChannels,
		places: (rho * size) ** 2,
	};
}

/** Every weight is used once at every place of the output. */
function costOf(weights: number, places: number): BlockCost {
	return { multAdds: weights * places, weights };
}
