/**
 * The network as PyTorch modules, nested as in the tutorial: `first_conv`, `layers` with one `Sequential` per block,
 * pool, classifier, softmax. summary.ts prints them as torchinfo does. Modules that a configuration does not use (the
 * softmax of a network that outputs logits, a dropout of 0) have no row.
 */
import type { Configuration } from "./configuration.ts";
import { headActivationOf, isConvolution, isPool, type Layer, layers, weightCount } from "./layers.ts";

/** One module. Shapes are NCHW, with the batch first. */
export interface ModuleRow {
	/** PyTorch's class, such as `Conv2d`; the root is called `MobileNet`. */
	readonly type: string;
	/** Level of nesting: 0 for the root. */
	readonly depth: number;
	/** Number among all modules of its level, from 1. */
	readonly index: number;
	/** Whether it contains no other modules. */
	readonly leaf: boolean;
	/** The layer it belongs to, such as `blocks.0.depthwise`; absent for modules that contain others. */
	readonly layer?: string;
	readonly inputShape: readonly number[];
	readonly outputShape: readonly number[];
	/** Its own, or the sum over the modules that it contains. */
	readonly parameters: number;
	/** Shape of its weight in torchinfo's order: input channels of a group, output channels, height, width. */
	readonly kernelShape?: readonly number[];
	/** For the whole batch, by torchinfo's convention: its own, or the sum over the modules that it contains. */
	readonly multAdds: number;
}

/** A module before it has a depth and a number. */
interface Module {
	readonly type: string;
	readonly layer?: string;
	readonly inputShape: readonly number[];
	readonly outputShape: readonly number[];
	readonly parameters: number;
	readonly kernelShape?: readonly number[];
	readonly multAdds: number;
	readonly children?: readonly Module[];
}

const activationTypes: { readonly [A in Configuration["activation"]]: string } = {
	relu6: "ReLU6",
	relu: "ReLU",
	leakyRelu: "LeakyReLU",
};

/** The modules in the order in which they run, each container before its contents. */
export function moduleRows(configuration: Configuration, batch: number): ModuleRow[] {
	const rows: ModuleRow[] = [];
	const counts: number[] = [];
	const add = ({ children, ...module }: Module, depth: number): void => {
		const index = (counts[depth] ?? 0) + 1;
		counts[depth] = index;
		rows.push({ ...module, depth, index, leaf: children === undefined });
		for (const child of children ?? []) add(child, depth + 1);
	};
	add(network(configuration, batch), 0);
	return rows;
}

function network(configuration: Configuration, batch: number): Module {
	const table = layers(configuration);
	const convolutions = table.filter(isConvolution).map((layer) => convolution(layer, configuration, batch));
	const [stem = [], ...others] = convolutions;
	const blocks: Module[] = [];
	for (let i = 0; i < others.length; i += 2)
		blocks.push(container("Sequential", others.slice(i, i + 2).flat()));
	const tail = table.filter((layer) => !isConvolution(layer));
	return container("MobileNet", [
		container("Sequential", stem),
		container("Sequential", blocks),
		...tail.flatMap((layer) => (isPool(layer) ? [pool(layer, batch)] : head(layer, configuration, batch))),
	]);
}

function container(type: string, children: readonly Module[]): Module {
	return {
		type,
		inputShape: children[0]?.inputShape ?? [],
		outputShape: children.at(-1)?.outputShape ?? [],
		parameters: children.reduce((sum, child) => sum + child.parameters, 0),
		multAdds: children.reduce((sum, child) => sum + child.multAdds, 0),
		children,
	};
}

/** A module without parameters. */
function plain(type: string, layer: Layer, inputShape: readonly number[], outputShape = inputShape): Module {
	return { type, layer: layer.name, inputShape, outputShape, parameters: 0, multAdds: 0 };
}

/** Padding where it is asymmetric, convolution, batch norm, activation. */
function convolution(layer: Layer, { activation }: Configuration, batch: number): Module[] {
	const { name, kernel, padding, inputChannels, outputChannels, inputSize, outputSize } = layer;
	const inputShape = [batch, inputChannels, inputSize, inputSize];
	const outputShape = [batch, outputChannels, outputSize, outputSize];
	const weights = weightCount(layer);
	const modules: Module[] = [];
	let paddedShape = inputShape;
	// PyTorch's convolution pads both sides equally, so TensorFlow's odd pixel needs a separate module.
	if (padding.before !== padding.after) {
		const padded = inputSize + padding.before + padding.after;
		paddedShape = [batch, inputChannels, padded, padded];
		modules.push(plain("ZeroPad2d", layer, inputShape, paddedShape));
	}
	modules.push({
		type: "Conv2d",
		layer: name,
		inputShape: paddedShape,
		outputShape,
		parameters: weights,
		kernelShape: [layer.weightShape[1]!, outputChannels, kernel, kernel],
		multAdds: batch * weights * outputSize ** 2,
	});
	// Scale and shift. torchinfo counts each as one operation, regardless of the picture's size.
	const scales = 2 * outputChannels;
	modules.push({
		type: "BatchNorm2d",
		layer: name,
		inputShape: outputShape,
		outputShape,
		parameters: scales,
		kernelShape: [outputChannels],
		multAdds: batch * scales,
	});
	modules.push(plain(activationTypes[activation], layer, outputShape));
	return modules;
}

function pool(layer: Layer, batch: number): Module {
	const { kind, inputChannels, outputChannels, inputSize, outputSize } = layer;
	const inputShape = [batch, inputChannels, inputSize, inputSize];
	if (kind === "flatten") return plain("Flatten", layer, inputShape, [batch, outputChannels]);
	const type = kind === "maxPool" ? "MaxPool2d" : "AvgPool2d";
	return plain(type, layer, inputShape, [batch, inputChannels, outputSize, outputSize]);
}

const headActivationTypes = { relu: "ReLU", relu6: "ReLU6", tanh: "Tanh", sigmoid: "Sigmoid" } as const;

/** A dense layer and its activation, or dropout, classifier, softmax. */
function head(layer: Layer, configuration: Configuration, batch: number): Module[] {
	const { dropout, output } = configuration;
	const isClassifier = layer.name === "classifier";
	const { name, inputChannels, outputChannels } = layer;
	const inputShape = [batch, inputChannels];
	const outputShape = [batch, outputChannels];
	const parameters = weightCount(layer) + outputChannels;
	const modules: Module[] = [];
	if (isClassifier && dropout > 0) modules.push(plain("Dropout", layer, inputShape));
	modules.push({
		type: "Linear",
		layer: name,
		inputShape,
		outputShape,
		parameters,
		kernelShape: [inputChannels, outputChannels],
		multAdds: batch * parameters,
	});
	const activation = headActivationOf(layer, configuration);
	if (activation !== "none") modules.push(plain(headActivationTypes[activation], layer, outputShape));
	if (isClassifier && output !== "logits")
		modules.push(plain(output === "sigmoid" ? "Sigmoid" : "Softmax", layer, outputShape));
	return modules;
}
