/**
 * The operations of training: forward with the batch's statistics, loss, backward, update.
 *
 * Every convolution writes only its raw output y, which is all that is kept for backward. The next layer applies batch
 * norm and activation to a band of it, in a buffer that stays in the L2 cache: A = activation(scale · y + shift). Backward
 * works on g, the loss's gradient after the activation's mask, and recomputes mask and x̂ from the same raw output. The
 * gradient of the raw output is gradientFactor · g + rawFactor · y + constant, an affine map per channel that is applied
 * as a band is read. So a forward pass reads and writes an activation once each, and a backward pass reads three tensors
 * and writes one.
 *
 * Sums over pixels (batch norm's, forward and backward) are made band by band. A band is `bandRows` rows, counted through
 * all pictures, and has its own place in `partials`, [bands][2][vector], which are then added in order. A row is a row of
 * pixels for 3×3 layers and a single pixel elsewhere. Gradients of weights are summed in `slices` slices of bands,
 * [slices][packed weights]: slice s has the bands from shareStart(bands, s, slices) to shareStart(bands, s + 1, slices),
 * where `bands` are those of this run. So results do not depend on the number of threads.
 *
 * Numbers per channel form a vector: channels rounded up to a multiple of 16, the rest zeros (`vectorOf`). A `norm` is
 * seven vectors: scale, shift, mean, 1 / deviation (of the raw output, from this batch or the running statistics);
 * gradientFactor, rawFactor, constant (for backward). An `activation` is two floats, slope and high:
 * A = min(max(z, slope · z), high), whose derivative is 0 from `high` on, 1 above 0 and `slope` elsewhere. ReLU6 is 0 and 6.
 *
 * Weights and their gradients are packed as the forward kernels take them (packing.ts), and the optimizers work on them
 * in that layout. Gradients are always added to what is there; the optimizers leave zeros behind.
 */
export const trainingOperations = {
	/**
	 * Pixels to floats: (pixel − mean) · factor, where mean and factors have an item for every number in a row of the
	 * picture. If `swapped` is 1, the first and the third channel of each pixel are swapped before.
	 */
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
	/** A depthwise layer on the activated input, without batch norm. A row is a row of outputs; `band` holds a band's input rows, activated. */
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
	/** A pointwise layer on the activated input, without batch norm. `rows` pixels per picture; `band` holds a band of them, activated. */
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
	 * Computes scale, shift, mean and 1 / deviation of a raw output from its bands' sums and sums of squares, and updates the
	 * running statistics by `momentum`; `constants` are epsilon and momentum. `rows` and `bandRows` are those of the layer
	 * that made the partials, `pixels` its pixels per picture. If `frozen` is 1, the running statistics are used instead and
	 * not updated; if `unbiased` is 1, they track the unbiased variance.
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
	/** Mean of the activated input over all pixels of a picture. */
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
	 * Dropout in place, forward and backward: number c of picture n is multiplied by 1 / keep or by 0, as a hash of seed, n
	 * and c decides. `settings` are 32-bit integers: the seed, and the number of this run's first picture in its step.
	 */
	dropout: { values: "floats", settings: "sums", keep: "floats", channels: "integer", pitch: "integer" },
	/**
	 * Softmax cross-entropy at a temperature: loss = −weight · Σ target · log softmax(input / temperature), its gradient
	 * with respect to the input. `factors` are weight and temperature. If `adds` is 1, both are added to what is there.
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
	/** loss = weight · Σ (input − target)², and its gradient. */
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
	/** Gradients of a dense layer's weights (packed as `panels`) and bias; its input's gradient is a `pointwise` with transposed weights. */
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
	/** The last convolution's g from the gradient of the pooled features, and its partials: Σ g and Σ g · x̂. A row is a pixel. */
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
	/**
	 * Gradients of γ and β from the partials of g, and the vectors of `norm` for backward. `rows` and `bandRows` are those of
	 * the layer that made the partials, `pixels` the raw output's pixels per picture.
	 */
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
	 * Backward of a pointwise layer: gradients of its weights, in slices, and, if `wantsInput` is 1, g of its input and the
	 * partials of that. `output` is the layer's own raw output; `weights` are transposed: panels of input channels. `band`
	 * holds a band of the output's gradient and of the activated input, in the kernel's own layout.
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
	/**
	 * Backward of a depthwise layer. A row is a row of its input, and a band contributes to the weights' gradient what its
	 * input rows do. `weights` are those of forward.
	 */
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
	/** Gradient of the stem's weights. A row is a row of outputs; `band` holds its padded input and the output's gradient. */
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
	/** Gradient of the picture, for tests: not tuned. `weights` are those of forward. */
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
	/** Adds the slices of a gradient to it, in order. */
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
	 * Optimizers: a step on `length` numbers, where g is gradient · gradientFactor; the gradients are zero afterwards.
	 * `settings` are floats in the order of `settingNames` (training-shapes.ts). If `decays` is 1, weight decay applies.
	 *
	 * Stochastic gradient descent: d = g + weightDecay · w; first = momentum · first + d, where `first` begins with zeros;
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
	/**
	 * RMSprop in TensorFlow's form: d = g + weightDecay · w; second = decay · second + (1 − decay) · d²; first = momentum ·
	 * first + learningRate · d / √(second + epsilon); w −= first. `second` begins with ones.
	 */
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
