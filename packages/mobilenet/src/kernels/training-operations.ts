/**
 * The operations of training: forward with the batch's statistics, loss, backward, update.
 *
 * Every convolution writes its raw output, nothing else, and that is all that is kept for backward. Whoever reads it
 * applies batch norm and activation to a band of it, in a buffer that stays in the L2 cache: A = activation(scale · y +
 * shift). Backward works on g, the loss's gradient after the activation's mask, and recomputes mask and x̂ from the same
 * raw output: the gradient of the raw output is gradientFactor · g + rawFactor · y + constant, an affine map a channel,
 * applied as a band is read. So a forward pass reads and writes an activation once each, and a backward pass reads
 * three tensors and writes one.
 *
 * Sums over pixels (batch norm's, both ways) are made band by band: a band is `bandRows` rows, counted through all
 * pictures, and has its own place in `partials`, [bands][2][vector], which one thread after the other adds up in order.
 * A row is a row of pixels of the picture for 3×3 layers and a single pixel elsewhere. Gradients of weights are summed
 * in `slices` slices of bands, [slices][packed weights]: bands of slice s are those from shareStart(bands, s, slices)
 * to shareStart(bands, s + 1, slices), with the bands that there are in this run. So results do not depend on the
 * number of threads.
 *
 * What belongs to a channel is a vector: channels in whole sixteens, the rest zeros (`vectorOf` in training-table.ts).
 * A `norm` is seven vectors: scale, shift, mean, 1 / deviation (of the raw output, in this batch or running);
 * gradientFactor, rawFactor, constant (of backward). An `activation` is two floats, slope and high:
 * A = min(max(z, slope · z), high), whose derivative is 0 from `high` on, 1 above 0, `slope` else. ReLU6 is 0 and 6.
 *
 * Weights and their gradients are packed as the forward kernels take them (packing.ts), and the optimizers work on them as
 * they lie. Gradients are always added to what is there: the optimizers leave zeros behind.
 */
export const trainingOperations = {
	/** Pixels to floats: (pixel − mean) · factor; both a whole row of a picture long. Where `swapped` is 1 the first and the third channel of each pixel change places first. */
	normalize: {
		pixels: "bytes",
		mean: "floats",
		factors: "floats",
		output: "floats",
		size: "integer",
		channels: "integer",
		swapped: "integer",
	},
	/** The stem without batch norm. A row is a row of outputs; `band` is its padded input, as in `stemFloats`. */
	trainStem: {
		input: "floats",
		weights: "floats",
		bias: "floats",
		bounds: "floats",
		band: "floats",
		output: "floats",
		partials: "floats",
		inputSize: "integer",
		outputSize: "integer",
		inputChannels: "integer",
		outputChannels: "integer",
		before: "integer",
		outputPitch: "integer",
		bandRows: "integer",
	},
	/** A depthwise layer of the activated input, without batch norm. A row is a row of outputs; `band` holds the input's rows of a band, activated. */
	trainDepthwise: {
		input: "floats",
		inputNorm: "floats",
		activation: "floats",
		weights: "floats",
		bias: "floats",
		bounds: "floats",
		band: "floats",
		output: "floats",
		partials: "floats",
		inputSize: "integer",
		outputSize: "integer",
		channels: "integer",
		stride: "integer",
		before: "integer",
		inputPitch: "integer",
		outputPitch: "integer",
		bandRows: "integer",
	},
	/** A pointwise layer of the activated input, without batch norm. `rows` pixels a picture; `band` holds a band of them, activated. */
	trainPointwise: {
		input: "floats",
		inputNorm: "floats",
		activation: "floats",
		weights: "floats",
		bias: "floats",
		bounds: "floats",
		band: "floats",
		output: "floats",
		partials: "floats",
		rows: "integer",
		inputChannels: "integer",
		outputChannels: "integer",
		inputPitch: "integer",
		outputPitch: "integer",
		bandRows: "integer",
	},
	/**
	 * Scale, shift, mean and 1 / deviation of a raw output from the sums and sums of squares of its bands, and the running
	 * statistics moved on by `momentum`; `constants` are epsilon and momentum. `rows` and `bandRows` are those of the layer
	 * that made the partials, `pixels` its pixels a picture. Where `frozen` is 1 the running statistics are taken as they
	 * are, and where `unbiased` is 1 they gather the unbiased variance.
	 */
	batchNorm: {
		partials: "floats",
		gamma: "floats",
		beta: "floats",
		runningMean: "floats",
		runningVariance: "floats",
		constants: "floats",
		norm: "floats",
		rows: "integer",
		bandRows: "integer",
		pixels: "integer",
		channels: "integer",
		frozen: "integer",
		unbiased: "integer",
	},
	/** The mean of the activated input over all pixels of a picture. */
	trainAveragePool: {
		input: "floats",
		inputNorm: "floats",
		activation: "floats",
		output: "floats",
		rows: "integer",
		channels: "integer",
		inputPitch: "integer",
		outputPitch: "integer",
	},
	/**
	 * Dropout in place, forward and backward: number c of picture n is multiplied by 1 / keep or by 0, which a hash of seed,
	 * n and c decides. `settings` are words: the seed, and the number of this run's first picture in its step.
	 */
	dropout: { values: "floats", settings: "sums", keep: "floats", channels: "integer", pitch: "integer" },
	/**
	 * Softmax cross-entropy at a temperature: loss = −weight · Σ target · log softmax(input / temperature), its gradient
	 * with respect to the input. `factors` are weight and temperature. Where `adds` is 1 both are added to what is there.
	 * All rows are `pitch` floats long; past the classes the gradient is 0.
	 */
	crossEntropy: {
		input: "floats",
		targets: "floats",
		factors: "floats",
		gradient: "floats",
		losses: "floats",
		classes: "integer",
		pitch: "integer",
		adds: "integer",
	},
	/** loss = weight · Σ (input − target)², its gradient likewise. */
	squaredError: {
		input: "floats",
		targets: "floats",
		factors: "floats",
		gradient: "floats",
		losses: "floats",
		classes: "integer",
		pitch: "integer",
		adds: "integer",
	},
	/** Gradients of the weights (packed as `panels`) and the bias of a dense layer; that of its input is a `pointwise` with transposed weights. */
	denseBackward: {
		gradient: "floats",
		input: "floats",
		weightGradient: "floats",
		biasGradient: "floats",
		inputChannels: "integer",
		outputChannels: "integer",
		inputPitch: "integer",
		gradientPitch: "integer",
	},
	/** g of the last convolution from the gradient of the pooled features, and its partials: Σ g and Σ g · x̂. A row is a pixel. */
	averagePoolBackward: {
		gradient: "floats",
		input: "floats",
		inputNorm: "floats",
		activation: "floats",
		inputGradient: "floats",
		partials: "floats",
		rows: "integer",
		channels: "integer",
		gradientPitch: "integer",
		inputPitch: "integer",
		bandRows: "integer",
	},
	/** Gradients of γ and β from the partials of g, and the factors of backward in `norm`. `rows`, `bandRows`: of the layer that made the partials; `pixels` of the raw output a picture. */
	batchNormBackward: {
		partials: "floats",
		norm: "floats",
		gammaGradient: "floats",
		betaGradient: "floats",
		rows: "integer",
		bandRows: "integer",
		pixels: "integer",
		channels: "integer",
		frozen: "integer",
	},
	/**
	 * Backward of a pointwise layer: gradients of its weights, in slices, and, where `wantsInput` is 1, g of its input and
	 * its partials. `output` is the layer's own raw output, `weights` are transposed: panels of the input channels.
	 * `band` holds a band of the output's gradient and of the activated input, as the kernel likes (extents).
	 */
	pointwiseBackward: {
		gradient: "floats",
		output: "floats",
		outputNorm: "floats",
		input: "floats",
		inputNorm: "floats",
		activation: "floats",
		weights: "floats",
		bias: "floats",
		bounds: "floats",
		band: "floats",
		weightSlices: "floats",
		inputGradient: "floats",
		partials: "floats",
		rows: "integer",
		inputChannels: "integer",
		outputChannels: "integer",
		inputPitch: "integer",
		outputPitch: "integer",
		bandRows: "integer",
		slices: "integer",
		wantsInput: "integer",
	},
	/** Backward of a depthwise layer. A row is a row of its input; a band's share of the weights' gradient is that of its input rows. `weights` are those of forward. */
	depthwiseBackward: {
		gradient: "floats",
		output: "floats",
		outputNorm: "floats",
		input: "floats",
		inputNorm: "floats",
		activation: "floats",
		weights: "floats",
		band: "floats",
		weightSlices: "floats",
		inputGradient: "floats",
		partials: "floats",
		inputSize: "integer",
		outputSize: "integer",
		channels: "integer",
		stride: "integer",
		before: "integer",
		inputPitch: "integer",
		outputPitch: "integer",
		bandRows: "integer",
		slices: "integer",
		wantsInput: "integer",
	},
	/** Gradient of the stem's weights. A row is a row of outputs; `band` is its padded input and the output's gradient. */
	stemBackward: {
		gradient: "floats",
		output: "floats",
		outputNorm: "floats",
		input: "floats",
		band: "floats",
		weightSlices: "floats",
		inputSize: "integer",
		outputSize: "integer",
		inputChannels: "integer",
		outputChannels: "integer",
		before: "integer",
		outputPitch: "integer",
		bandRows: "integer",
		slices: "integer",
	},
	/** Gradient of the picture, for whoever asks: not tuned. `weights` are those of forward. */
	stemInputGradient: {
		gradient: "floats",
		output: "floats",
		outputNorm: "floats",
		weights: "floats",
		inputGradient: "floats",
		inputSize: "integer",
		outputSize: "integer",
		inputChannels: "integer",
		outputChannels: "integer",
		before: "integer",
		outputPitch: "integer",
	},
	/** Adds all slices of a gradient to it, in order. */
	sumSlices: { weightSlices: "floats", weightGradient: "floats", length: "integer", slices: "integer" },
	/** Pointwise or dense weights transposed: from panels of output channels to panels of input channels. */
	transpose: {
		weights: "floats",
		transposed: "floats",
		inputChannels: "integer",
		outputChannels: "integer",
	},
	/** Sums of squares of gradients, in `slices` slices: their root is the global norm. */
	gradientNorm: { gradients: "floats", sums: "floats", length: "integer", slices: "integer" },
	/**
	 * Optimizers: a step on `length` numbers, with the gradients times gradientFactor, which are zero afterwards.
	 * `settings` are floats in the order of `settingNames` (training-table.ts). Where `decays` is 1 weight decay applies.
	 *
	 * Stochastic gradient descent: d = g + weightDecay · w; first = momentum · first + d (which is d in the first step, for it begins with zeros);
	 * w −= learningRate · (nesterov ? d + momentum · first : first).
	 */
	sgd: {
		parameters: "floats",
		gradients: "floats",
		first: "floats",
		settings: "floats",
		length: "integer",
		decays: "integer",
	},
	/** RMSprop in TensorFlow's form: d = g + weightDecay · w; second = decay · second + (1 − decay) · d²; first = momentum · first + learningRate · d / √(second + epsilon); w −= first. `second` begins with ones. */
	rmsprop: {
		parameters: "floats",
		gradients: "floats",
		first: "floats",
		second: "floats",
		settings: "floats",
		length: "integer",
		decays: "integer",
	},
	/**
	 * AdamW: w −= learningRate · weightDecay · w; first = beta1 · first + (1 − beta1) · g; second = beta2 · second +
	 * (1 − beta2) · g²; w −= learningRate · (first · firstCorrection) / (√(second · secondCorrection) + epsilon), where the
	 * corrections are 1 / (1 − beta^step).
	 */
	adamw: {
		parameters: "floats",
		gradients: "floats",
		first: "floats",
		second: "floats",
		settings: "floats",
		length: "integer",
		decays: "integer",
	},
	/** average += averageShare · (parameters − average). */
	movingAverage: { parameters: "floats", average: "floats", settings: "floats", length: "integer" },
} as const;
