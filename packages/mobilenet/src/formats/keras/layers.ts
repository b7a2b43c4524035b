/**
 * From a Keras topology and its weights to a chain of layers: for TensorFlow.js layers models, and for whatever
 * else keeps Keras's JSON. graph.ts puts the layers in order, weights.ts finds and turns their weights.
 *
 * Source of the layers' fields and defaults: Keras 2.15 and 3, `get_config` of each layer.
 */
import { shown } from "../../base/error.ts";
import { isJson } from "../../base/json.ts";
import type { Chain, ChainLayer } from "../chain/chain.ts";
import { refuse } from "../chain/units.ts";
import { isCount, nameOf, numberIn, pair } from "./fields.ts";
import { type KerasLayer, kerasLayers } from "./graph.ts";
import { biasOf, type KerasWeights, oihw, transposedDense, weightOf } from "./weights.ts";

interface Context {
	readonly name: string;
	readonly weights: KerasWeights;
	/** Height and width of the picture at this layer; undefined where the file does not say. */
	picture: readonly [number, number] | undefined;
	/** Whether a layer that computes something has been met. */
	started: boolean;
	/** Whether the picture has been averaged away. */
	pooled: boolean;
	found: {
		inputChannels?: number;
		size?: number;
		rescaling?: { readonly scale: number; readonly offset: number };
	};
}

type Reader = (layer: KerasLayer, context: Context) => readonly ChainLayer[];

/** What each class of layer becomes. */
const readers: Readonly<Record<string, Reader>> = {
	InputLayer: (layer, context) => {
		takeInput(layer, context);
		return [];
	},
	Rescaling: rescaling,
	Conv2D: convolution,
	DepthwiseConv2D: convolution,
	BatchNormalization: batchNorm,
	Activation: (layer, context) => activation(layer, context),
	ReLU: reLU,
	LeakyReLU: (layer, context) => {
		const { config } = layer;
		const slope = numberIn(layer, context, "slope", config.negative_slope ?? config.alpha ?? 0.3);
		return [{ kind: "activation", name: nameOf(layer), activation: "leakyRelu", slope }];
	},
	Softmax: (layer) => [{ kind: "softmax", name: nameOf(layer) }],
	ZeroPadding2D: zeroPadding,
	GlobalAveragePooling2D: (layer, context) => {
		context.pooled = true;
		return [{ kind: "pool", name: nameOf(layer) }];
	},
	AveragePooling2D: averagePooling,
	Reshape: sameNumbers,
	Flatten: sameNumbers,
	Dropout: (layer, context) => [
		{ kind: "dropout", name: nameOf(layer), rate: numberIn(layer, context, "rate", layer.config.rate) },
	],
	Dense: (layer, context) => [
		{
			kind: "dense",
			name: nameOf(layer),
			weight: { tensor: transposedDense(weightOf(layer, context, "kernel", 2)) },
			...biasOf(layer, context),
		},
		...activation(layer, context),
	],
};

/**
 * The chain of layers of a Keras model.
 *
 * @param topology `{ class_name, config }`, of Keras 2 or 3
 * @param about how errors call the file, and its format as people say it
 * @throws MobileNetError `not-mobilenet` for a graph that branches or has layers that no MobileNet v1 has,
 * `broken-file` for a topology that is none or lacks weights
 */
export function kerasChain(
	topology: unknown,
	weights: KerasWeights,
	about: { readonly name: string; readonly format: string },
): Chain {
	const chain = kerasLayers(topology, about.name);
	const context: Context = {
		name: about.name,
		weights,
		picture: undefined,
		started: false,
		pooled: false,
		found: {},
	};
	const layers: ChainLayer[] = [];
	for (const layer of chain) {
		const reader = Object.hasOwn(readers, layer.className) ? readers[layer.className] : undefined;
		if (!reader)
			refuse(
				about,
				`it has the layer ${nameOf(layer)} of the class ${shown(layer.className)}, which no MobileNet v1 has`,
			);
		// A Sequential model may have no input layer: its first layer has the shape.
		if (layers.length === 0) takeInput(layer, context);
		const { data_format: order } = layer.config;
		if (order === "channels_first")
			refuse(about, `the layer ${nameOf(layer)} has its channels first, which is not read`, "unsupported");
		layers.push(...reader(layer, context));
		context.started = layers.length > 0;
	}
	const { size, inputChannels, rescaling } = context.found;
	return {
		...about,
		layers,
		...(size !== undefined && { size }),
		...(inputChannels !== undefined && { inputChannels }),
		// x · scale + offset = (x − mean) / std
		...(rescaling && {
			preprocessing: { mean: [-rescaling.offset / rescaling.scale], std: [1 / rescaling.scale] },
		}),
	};
}

/** Size and channels of the input, where the layer says them: [batch, height, width, channels]. */
function takeInput({ config }: KerasLayer, context: Context): void {
	const shape = config.batch_input_shape ?? config.batch_shape;
	if (context.found.inputChannels !== undefined || !Array.isArray(shape)) return;
	const [, height, width, channels] = shape as unknown[];
	if (shape.length !== 4 || !isCount(channels))
		refuse(
			context,
			`its input has the shape ${shown(shape)} where a picture, [batch, height, width, channels], was expected`,
		);
	context.found.inputChannels = channels;
	if (height === null || width === null) return;
	if (!isCount(height) || height !== width)
		refuse(context, `its input has ${shown(width)}×${shown(height)} pixels where a square was expected`);
	context.found.size = height;
	context.picture = [height, height];
}

/** The picture's normalization as a layer, which is preprocessing here. */
function rescaling(layer: KerasLayer, context: Context): readonly ChainLayer[] {
	const { scale, offset } = layer.config;
	if (context.started)
		refuse(
			context,
			`the layer ${nameOf(layer)} (Rescaling) comes after other layers where it was expected first`,
		);
	context.found.rescaling = {
		scale: numberIn(layer, context, "scale", scale),
		offset: numberIn(layer, context, "offset", offset ?? 0),
	};
	return [];
}

function convolution(layer: KerasLayer, context: Context): readonly ChainLayer[] {
	const { config } = layer;
	const name = nameOf(layer);
	const isDepthwise = layer.className === "DepthwiseConv2D";
	const kernel = isDepthwise
		? // Keras 3 calls it as it calls all kernels.
			weightOf(layer, context, "depthwise_kernel", 4, "kernel")
		: weightOf(layer, context, "kernel", 4);
	const [height, width, inputs, outputs] = kernel.shape as [number, number, number, number];
	const stride = pair(layer, context, "strides", config.strides ?? 1);
	const dilation = pair(layer, context, "dilation_rate", config.dilation_rate ?? 1);
	if (dilation.some((n) => n !== 1))
		refuse(
			context,
			`the layer ${name} is dilated by ${dilation.join("×")}, which no layer of MobileNet v1 is`,
		);
	const said = pair(layer, context, "kernel_size", config.kernel_size ?? [height, width]);
	const filters = isDepthwise ? undefined : config.filters;
	if (said[0] !== height || said[1] !== width || (filters !== undefined && filters !== outputs))
		refuse(
			context,
			`the weights of the layer ${name} have the shape ${shown(kernel.shape)}, but its configuration says ${said.join("×")} pixels${filters === undefined ? "" : ` and ${shown(filters)} filters`}`,
			"broken-file",
		);
	const { padding } = config as { padding?: unknown };
	if (padding !== "same" && padding !== "valid" && padding !== undefined)
		refuse(context, `the layer ${name} has the padding ${shown(padding)} where same or valid was expected`);
	context.picture = convolved(context.picture, [height, width], stride, padding ?? "valid");
	const groups = isDepthwise ? inputs : numberIn(layer, context, "groups", config.groups ?? 1);
	return [
		{
			kind: "convolution",
			name,
			weight: { tensor: isDepthwise ? oihw(kernel, 1, inputs * outputs) : oihw(kernel, inputs, outputs) },
			...biasOf(layer, context),
			groups,
			...(isDepthwise && inputs === 1 && { storedAsDepthwise: true }),
			stride,
			padding: padding ?? "valid",
		},
		...activation(layer, context),
	];
}

function convolved(
	picture: Context["picture"],
	kernel: readonly [number, number],
	stride: readonly [number, number],
	padding: "same" | "valid",
): Context["picture"] {
	const along = (axis: 0 | 1): number =>
		Math.ceil((picture![axis] - (padding === "same" ? 0 : kernel[axis] - 1)) / stride[axis]);
	return picture && [along(0), along(1)];
}

function batchNorm(layer: KerasLayer, context: Context): readonly ChainLayer[] {
	const { config } = layer;
	const axis: unknown = Array.isArray(config.axis) ? config.axis[0] : (config.axis ?? -1);
	if (axis !== -1 && axis !== 3)
		refuse(
			context,
			`the batch norm ${nameOf(layer)} goes along the axis ${shown(axis)}, not along the channels`,
		);
	return [
		{
			kind: "batchNorm",
			name: nameOf(layer),
			...(config.scale !== false && { weight: weightOf(layer, context, "gamma", 1) }),
			...(config.center !== false && { bias: weightOf(layer, context, "beta", 1) }),
			mean: weightOf(layer, context, "moving_mean", 1),
			variance: weightOf(layer, context, "moving_variance", 1),
			epsilon: numberIn(layer, context, "epsilon", config.epsilon ?? 1e-3),
			// Keras gives the share of the old statistics.
			momentum: 1 - numberIn(layer, context, "momentum", config.momentum ?? 0.99),
		},
	];
}

/** An activation layer, or the activation that a layer of another kind has inside. */
function activation(layer: KerasLayer, context: Context): readonly ChainLayer[] {
	const name = nameOf(layer);
	const value = layer.config.activation;
	// Keras 3 may write functions, and layers in their place, as objects.
	const text: unknown = isJson(value)
		? typeof value.config === "string"
			? value.config
			: value.class_name
		: (value ?? "linear");
	switch (text) {
		case "linear":
			return [];
		case "relu6":
		case "relu":
			return [{ kind: "activation", name, activation: text }];
		case "leaky_relu":
			return [{ kind: "activation", name, activation: "leakyRelu", slope: 0.2 }];
		case "softmax":
			return [{ kind: "softmax", name }];
		case "ReLU":
		case "LeakyReLU":
			return isJson(value) && isJson(value.config)
				? readers[text]!({ ...layer, className: text, config: value.config }, context)
				: [];
		default:
			return refuse(
				context,
				`the layer ${name} has the activation ${shown(text)} where relu6, relu, leaky_relu or softmax was expected`,
			);
	}
}

function reLU(layer: KerasLayer, context: Context): readonly ChainLayer[] {
	const { max_value: most, negative_slope: slope, threshold } = layer.config;
	const name = nameOf(layer);
	const plain = first(threshold) === 0;
	if (plain && most === 6 && first(slope) === 0) return [{ kind: "activation", name, activation: "relu6" }];
	if (plain && (most === null || most === undefined))
		return first(slope) === 0
			? [{ kind: "activation", name, activation: "relu" }]
			: [
					{
						kind: "activation",
						name,
						activation: "leakyRelu",
						slope: numberIn(layer, context, "negative_slope", first(slope)),
					},
				];
	return refuse(
		context,
		`the layer ${name} is a ReLU with max_value ${shown(most)}, negative_slope ${shown(slope)} and threshold ${shown(threshold)} where ReLU6, ReLU or leaky ReLU was expected`,
	);
}

/** Keras writes some numbers as lists of one; absent is 0. */
function first(value: unknown): unknown {
	return (Array.isArray(value) ? value[0] : value) ?? 0;
}

function zeroPadding(layer: KerasLayer, context: Context): readonly ChainLayer[] {
	const value = layer.config.padding ?? 1;
	const [rows, columns] = Array.isArray(value) ? (value as unknown[]) : [value, value];
	const sides = (side: unknown): unknown[] => (Array.isArray(side) ? side : [side, side]);
	const [[top, bottom], [left, right]] = [sides(rows), sides(columns)];
	const padding = [top, left, bottom, right];
	if (!padding.every((n): n is number => Number.isInteger(n) && (n as number) >= 0 && (n as number) < 1e4))
		return refuse(context, `the layer ${nameOf(layer)} has the padding ${shown(value)}`, "broken-file");
	const [t, l, b, r] = padding as [number, number, number, number];
	if (context.picture) context.picture = [context.picture[0] + t + b, context.picture[1] + l + r];
	return [{ kind: "pad", name: nameOf(layer), padding: [t, l, b, r] }];
}

/** Average pooling that takes the whole picture is global. */
function averagePooling(layer: KerasLayer, context: Context): readonly ChainLayer[] {
	const window = pair(layer, context, "pool_size", layer.config.pool_size ?? 2);
	const { picture } = context;
	const said = picture ? `${picture[1]}×${picture[0]}` : "not known";
	const stride = pair(layer, context, "strides", layer.config.strides ?? window);
	const output = convolved(picture, window, stride, layer.config.padding === "same" ? "same" : "valid");
	if (picture?.join() !== window.join() || output?.join() !== "1,1")
		refuse(
			context,
			`the layer ${nameOf(layer)} averages over ${window[1]}×${window[0]} pixels where the whole picture (${said}) was expected`,
		);
	context.pooled = true;
	return [{ kind: "pool", name: nameOf(layer) }];
}

function sameNumbers(layer: KerasLayer, context: Context): readonly ChainLayer[] {
	if (!context.pooled)
		refuse(
			context,
			`the layer ${nameOf(layer)} (${layer.className}) comes before the average pool over the whole picture, where only convolutions were expected`,
		);
	return [{ kind: "shape", name: nameOf(layer) }];
}
