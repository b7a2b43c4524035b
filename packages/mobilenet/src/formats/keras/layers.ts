/**
 * From a Keras topology and its weights to a chain of layers: for Keras's own files, TensorFlow.js layers models, and
 * whatever else keeps Keras's JSON. graph.ts puts the layers in order, weights.ts finds and turns their weights.
 *
 * Source of the layers' fields and defaults: Keras 2.15 and 3, `get_config` of each layer.
 */
import { type ErrorCode, shown } from "../../base/error.ts";
import type { Preprocessing } from "../../weights/model.ts";
import type { Chain, ChainLayer } from "../chain/chain.ts";
import { refuse } from "../chain/units.ts";
import { withReversedColors } from "../reversed-colors.ts";
import { activation, leakyReLU, reLU } from "./activations.ts";
import type { Context, Reader } from "./context.ts";
import { batchNorm, convolution, dense, zeroPadding } from "./convolutions.ts";
import { isCount, nameOf, numberIn } from "./fields.ts";
import { type KerasLayer, kerasLayers } from "./graph.ts";
import { operator, operatorOf } from "./operators.ts";
import { flatten, globalPool, reshape, windowPool } from "./pools.ts";
import { idle, normalization, rescaling, resizing } from "./preprocessing.ts";
import type { KerasWeights } from "./weights.ts";

/** What each class of layer becomes. */
const readers: Readonly<Record<string, Reader>> = {
	...Object.fromEntries(idle.map((className): [string, Reader] => [className, () => []])),
	InputLayer: (layer, context) => {
		takeInput(layer, context);
		return [];
	},
	Rescaling: rescaling,
	Normalization: normalization,
	Resizing: resizing,
	CenterCrop: resizing,
	RandomCrop: resizing,
	Conv2D: convolution,
	DepthwiseConv2D: convolution,
	Dense: dense,
	BatchNormalization: batchNorm,
	ZeroPadding2D: zeroPadding,
	Activation: activation,
	ReLU: reLU,
	LeakyReLU: leakyReLU,
	Softmax: (layer) => [{ kind: "softmax", name: nameOf(layer) }],
	GlobalAveragePooling2D: globalPool("average"),
	GlobalMaxPooling2D: globalPool("max"),
	AveragePooling2D: windowPool("average"),
	MaxPooling2D: windowPool("max"),
	Reshape: reshape,
	Flatten: flatten,
	Dropout: (layer, context) => [
		{ kind: "dropout", name: nameOf(layer), rate: numberIn(layer, context, "rate", layer.config.rate) },
	],
};

/** Layers that hide what they compute, and what to do about each. */
const hidden: Readonly<Record<string, readonly [code: ErrorCode, sentence: string]>> = {
	KerasLayer: [
		"unsupported",
		"is a module of TensorFlow Hub (KerasLayer), whose layers are not in the file: convert the model to TensorFlow Lite and take that",
	],
	Lambda: ["unsupported", "is a Lambda, Python code that is not run here: replace it by Keras's own layers"],
	TFSMLayer: [
		"unsupported",
		"is a SavedModel (TFSMLayer), which is not in the file: convert the model to TensorFlow Lite and take that",
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
	const layers: ChainLayer[] = [];
	const { name } = about;
	const context: Context = { name, weights, layers, picture: undefined, pooled: false, found: {} };
	for (const layer of kerasLayers(topology, name)) {
		// A Sequential model may have no input layer: its first layer has the shape.
		if (layers.length === 0) takeInput(layer, context);
		if (layer.config.data_format === "channels_first")
			refuse(about, `the layer ${nameOf(layer)} has its channels first, which is not read`, "unsupported");
		const wasReversed = context.found.reversed;
		const read = readerOf(layer, context)(layer, context);
		// What was scaled channel by channel before the colors changed places.
		if (context.found.reversed !== wasReversed)
			layers.splice(0, layers.length, ...withReversedColors(layers));
		layers.push(...read);
	}
	const { size, inputChannels } = context.found;
	const preprocessing = preprocessingOf(context);
	return {
		...about,
		layers,
		...(size !== undefined && { size }),
		...(inputChannels !== undefined && { inputChannels }),
		...(preprocessing && { preprocessing }),
	};
}

function readerOf(layer: KerasLayer, context: Context): Reader {
	const { className } = layer;
	if (Object.hasOwn(readers, className)) return readers[className]!;
	if (operatorOf(layer) !== undefined) return operator;
	// Layers of another's own are called `package>class`.
	const own = className.split(">").at(-1)!;
	const [code, sentence] = Object.hasOwn(hidden, own)
		? hidden[own]!
		: (["not-mobilenet", `of the class ${shown(className)} is one that no MobileNet v1 has`] as const);
	return refuse(context, `the layer ${nameOf(layer)} ${sentence}`, code);
}

function preprocessingOf({ found: { reversed, resized } }: Context): Partial<Preprocessing> | undefined {
	if (!reversed && !resized) return undefined;
	return { ...(reversed && { channelOrder: "bgr" }), ...(resized && { filter: "tf-bilinear" }) };
}

/** Size and channels of the input, where the layer says them: [batch, height, width, channels]. */
function takeInput({ config }: KerasLayer, context: Context): void {
	const shape = config.batch_input_shape ?? config.batch_shape;
	const { found } = context;
	// A network inside may say the size where the one around it does not.
	const isKnown = found.inputChannels !== undefined && found.size !== undefined;
	if (isKnown || context.layers.length > 0 || !Array.isArray(shape)) return;
	const [, height, width, channels] = shape as unknown[];
	if (shape.length !== 4 || !isCount(channels)) {
		if (found.inputChannels !== undefined) return;
		refuse(
			context,
			`its input has the shape ${shown(shape)} where a picture, [batch, height, width, channels], was expected`,
		);
	}
	found.inputChannels ??= channels;
	if (height === null || width === null) return;
	if (!isCount(height) || height !== width)
		refuse(context, `its input has ${shown(width)}×${shown(height)} pixels where a square was expected`);
	found.size = height;
	context.picture = [height, height];
}
