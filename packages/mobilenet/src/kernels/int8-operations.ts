/**
 * The operations of integer inference. Activations are words: 16-bit integers, each a code less the zero point of its
 * layer, so that 0 is the number 0, padding needs no code of its own, and two words side by side are what a dot product
 * of 16-bit integers takes. They lie NHWC with a pixel pitch like floats. Weights of pointwise layers are words too.
 *
 * A sum becomes a word by the multipliers of its channel, of which there are two, one behind the other
 * (reference/int8-requantize.ts), and the bounds of its layer: the least and the most of what the activation and the
 * codes allow, and `rounding`. Modules that round once leave out the second multiplier, which is 1 for them.
 *
 * Filters of depthwise layers are floats that hold whole numbers: nine products of such inputs and weights stay below
 * 2^24, so that float32 arithmetic is exact and its multiply-add does in one instruction what integers need two for.
 */
export const int8Operations = {
	/**
	 * 3×3 convolution with stride 2 of uint8 pixels. pixel · factor + offset, rounded and
	 * clamped to the input's bounds, is the word; factors and offsets are a whole row of a picture long. Where `asCodes`
	 * is 1 the pixel − `zeroPoint` is that already.
	 */
	int8StemBytes: {
		pixels: "bytes",
		factors: "floats",
		offsets: "floats",
		inputBounds: "floats",
		weights: "words",
		bias: "sums",
		multipliers: "floats",
		bounds: "floats",
		band: "words",
		output: "words",
		inputSize: "integer",
		outputSize: "integer",
		inputChannels: "integer",
		outputChannels: "integer",
		before: "integer",
		outputPitch: "integer",
		bandRows: "integer",
		asCodes: "integer",
		zeroPoint: "integer",
	},
	/** The same of normalized floats. */
	int8StemFloats: {
		input: "floats",
		factors: "floats",
		offsets: "floats",
		inputBounds: "floats",
		weights: "words",
		bias: "sums",
		multipliers: "floats",
		bounds: "floats",
		band: "words",
		output: "words",
		inputSize: "integer",
		outputSize: "integer",
		inputChannels: "integer",
		outputChannels: "integer",
		before: "integer",
		outputPitch: "integer",
		bandRows: "integer",
	},
	/** 3×3 depthwise convolution; `scratch` holds the words of a tile, for each thread, before they are narrowed. */
	int8Depthwise: {
		input: "words",
		weights: "floats",
		bias: "floats",
		multipliers: "floats",
		bounds: "floats",
		scratch: "floats",
		output: "words",
		inputSize: "integer",
		outputSize: "integer",
		channels: "integer",
		stride: "integer",
		before: "integer",
		inputPitch: "integer",
		outputPitch: "integer",
	},
	/** 1×1 convolution of `rows` pixels a picture; a dense layer is one of one row. */
	int8Pointwise: {
		input: "words",
		weights: "words",
		bias: "sums",
		multipliers: "floats",
		bounds: "floats",
		output: "words",
		rows: "integer",
		inputChannels: "integer",
		outputChannels: "integer",
		inputPitch: "integer",
		outputPitch: "integer",
	},
	/** A depthwise layer and the pointwise layer after it, band by band. Each thread has a band and a scratch of its own. */
	int8Separable: {
		input: "words",
		depthwiseWeights: "floats",
		depthwiseBias: "floats",
		depthwiseMultipliers: "floats",
		depthwiseBounds: "floats",
		scratch: "floats",
		band: "words",
		weights: "words",
		bias: "sums",
		multipliers: "floats",
		bounds: "floats",
		output: "words",
		inputSize: "integer",
		outputSize: "integer",
		inputChannels: "integer",
		outputChannels: "integer",
		stride: "integer",
		before: "integer",
		inputPitch: "integer",
		bandPitch: "integer",
		outputPitch: "integer",
		bandRows: "integer",
	},
	/** Mean over all pixels of a picture; `rescale` is a factor and what is added to round, for all channels. */
	int8AveragePool: {
		input: "words",
		rescale: "floats",
		bounds: "floats",
		output: "words",
		rows: "integer",
		channels: "integer",
		inputPitch: "integer",
		outputPitch: "integer",
	},
	/** word · scale of one row a picture. */
	dequantize: {
		input: "words",
		scale: "floats",
		output: "floats",
		channels: "integer",
		inputPitch: "integer",
		outputPitch: "integer",
	},
} as const;

/**
 * The same of words that are bytes without a sign, which those behind a ReLU are, and weights that are bytes with one:
 * relaxed SIMD has a dot product for them that is one instruction on some processors, and exact there (load.ts finds
 * out). Inputs are made bytes band by band, so that what lies between layers stays words.
 */
export const int8ByteOperations = {
	/** int8Pointwise. Each thread has a band of its own. */
	int8BytePointwise: {
		...int8Operations.int8Pointwise,
		weights: "signedBytes",
		band: "bytes",
		bandPitch: "integer",
		bandRows: "integer",
	},
	/** int8Separable, whose band has a row more: words are made where the bytes of two rows will be. */
	int8ByteSeparable: { ...int8Operations.int8Separable, weights: "signedBytes", band: "bytes" },
} as const;

/** What follows the least and the most in the bounds: added to a float32 and taken away again it leaves a whole number. */
export const rounding = 1.5 * 2 ** 23;
