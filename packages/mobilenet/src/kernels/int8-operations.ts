/** The operations of integer inference, and the operands that each takes. */

/** What both forms of the first convolution take beside the picture. */
const stem = {
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
} as const;

/** The geometry of pools and of the flattening of a picture, in integers and in floats. */
export const pixels = {
	rows: "integer",
	channels: "integer",
	inputPitch: "integer",
	outputPitch: "integer",
} as const;

/**
 * Activations are words: 16-bit integers, each a code minus the zero point of its
 * layer. So 0 stands for the number 0, padding needs no code of its own, and two neighboring words are what a dot product
 * of 16-bit integers takes. Their layout is NHWC with a pixel pitch, as for floats. Weights of pointwise layers are words
 * too.
 *
 * A sum becomes a word by two consecutive multipliers of its channel (reference/int8-requantize.ts) and the bounds of
 * its layer: the least and the greatest word that the activation and the codes allow, followed by `rounding`. Modules
 * that round once ignore the second multiplier, which is 1 for them.
 *
 * Filters of depthwise layers are floats that hold whole numbers: nine products of such inputs and weights stay below
 * 2^24, so float32 arithmetic is exact, and one multiply-add instruction does what takes two for integers.
 */
export const int8Operations = {
	/** 3×3 convolution with stride 2 of bytes, to outputs of 16×16 or more; a word is a byte less `zeroPoint`. */
	int8StemBytes: { pixels: "bytes", ...stem, zeroPoint: "integer" },
	/** The same of normalized floats: a word is input · `factor`, rounded and clamped to the input's bounds. */
	int8StemFloats: { input: "floats", factor: "floats", inputBounds: "floats", ...stem },
	/** 3×3 depthwise convolution. `scratch` holds the words of one tile per thread, before they are narrowed. */
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
	/** 1×1 convolution of `rows` pixels per picture; a dense layer has one row. */
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
	/** A depthwise layer and the pointwise layer after it, band by band. Each thread has its own band and scratch. */
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
	/** Mean over all pixels of a picture. `rescale` is a factor and the addend that rounds, both for all channels. */
	int8AveragePool: {
		input: "words",
		rescale: "floats",
		bounds: "floats",
		output: "words",
		...pixels,
	},
	/** The greatest over all pixels of a picture. */
	int8MaxPool: { input: "words", output: "words", ...pixels },
	/** All pixels of a picture as one row, without what lies between their channels and their pitch. */
	int8Flatten: { input: "words", output: "words", ...pixels },
	/** A word for each of the words −256 to 255: activations that are no bounds. */
	int8Lookup: {
		input: "words",
		table: "words",
		output: "words",
		rows: "integer",
		channels: "integer",
		inputPitch: "integer",
		outputPitch: "integer",
	},
	/** Words to floats: word · scale, one row per picture. */
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
 * The same for inputs that fit in unsigned bytes, as words after a ReLU do, and weights that are signed bytes. Relaxed
 * SIMD has a dot product for them that is a single, exact instruction on some processors (self-test.ts checks). Inputs
 * are narrowed to bytes band by band, so activations in memory remain words.
 */
export const int8ByteOperations = {
	/** int8Pointwise. Each thread has its own band. */
	int8BytePointwise: {
		...int8Operations.int8Pointwise,
		weights: "signedBytes",
		band: "bytes",
		bandPitch: "integer",
		bandRows: "integer",
	},
	/** int8Separable with one more row in the band: the words of a row take the place of the bytes of two rows. */
	int8ByteSeparable: { ...int8Operations.int8Separable, weights: "signedBytes", band: "bytes" },
} as const;

/** The third number of bounds: adding it to a float32 and subtracting it again rounds to a whole number. */
export const rounding = 1.5 * 2 ** 23;
