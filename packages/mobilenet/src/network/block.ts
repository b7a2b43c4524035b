/**
 * What one block costs, in the notation of the paper (Howard and others, "MobileNets: Efficient Convolutional Neural
 * Networks for Mobile Vision Applications", 2017, section 3). A standard convolution filters and combines in one step.
 * A depthwise separable one filters every channel separately, then combines the channels with a 1×1 convolution, and
 * needs a fraction of the multiply-adds.
 *
 * The formulas hold for stride 1 with inputs and outputs of the same size, and for any stride if Df is the output's
 * size. α·M and ρ·Df are not rounded here, unlike in a network's layers (layers.ts), which cost.ts counts.
 */

/** A convolution's shape, by the paper's letters. */
export interface Block {
	/** Dk: width and height of the filter. Default: 3, as in MobileNet. */
	readonly kernel?: number | undefined;
	/** M: channels of the input, at α = 1. */
	readonly inputChannels: number;
	/** N: channels of the output, at α = 1. */
	readonly outputChannels: number;
	/** Df: width and height of the output in pixels, at ρ = 1. */
	readonly size: number;
	/** α: width multiplier of both numbers of channels. Default: 1. */
	readonly alpha?: number | undefined;
	/** ρ: resolution multiplier of the size. Default: 1. */
	readonly rho?: number | undefined;
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
 * 1/(αN) + 1/Dk², independent of the size. With 3×3 filters it is slightly above 1/9.
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

/** Every weight is used once for every pixel of the output. */
function costOf(weights: number, places: number): BlockCost {
	return { multAdds: weights * places, weights };
}
