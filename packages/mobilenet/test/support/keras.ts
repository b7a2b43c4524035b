/**
 * Keras topologies made from a configuration's table, in the dialects that Keras writes, with weights; for tests of
 * what reads them. The fields are those of Keras's own `get_config`.
 */
import type { Configuration } from "../../src/network/configuration.ts";
import { isConvolution, layers, width } from "../../src/network/layers.ts";
import { filled, type Tensor } from "../../src/weights/tensor.ts";

export interface Dialect {
	/** `2` and `3` write the graph of a Functional model, each in its way; `sequential` has none. */
	readonly graph: "2" | "3" | "sequential";
	/** Activations as layers of the class Activation, as ReLU and LeakyReLU layers, or inside the convolutions (then without batch norm). */
	readonly activations: "Activation" | "layers" | "inside";
	/** Zeros laid by the convolution or by a ZeroPadding2D before it. */
	readonly zeros: "same" | "layer";
	readonly pool: "GlobalAveragePooling2D" | "AveragePooling2D";
	readonly classifier: "Dense" | "Conv2D";
	/** The network without its classifier lies as one layer in the outer one. */
	readonly nested: boolean;
}

export const usualDialect: Dialect = {
	graph: "2",
	activations: "Activation",
	zeros: "same",
	pool: "GlobalAveragePooling2D",
	classifier: "Conv2D",
	nested: false,
};

export type Node = {
	class_name: string;
	config: Record<string, unknown>;
	name?: string;
	inbound_nodes?: unknown;
};

export interface Topology {
	readonly class_name: string;
	readonly config: { layers: Node[]; [field: string]: unknown };
}

export interface KerasModel {
	readonly topology: Topology;
	/** By `layer/weight`; number N of the file is filled with N + 1. */
	readonly weights: ReadonlyMap<string, Tensor>;
}

export function kerasOf(configuration: Configuration, dialect: Dialect = usualDialect): KerasModel {
	const weights = new Map<string, Tensor>();
	const put = (name: string, ...shape: number[]): void => {
		weights.set(name, filled(shape, weights.size + 1));
	};
	const { size, inputChannels, activation, leakySlope } = configuration;
	const body: Node[] = [];
	for (const layer of layers(configuration)) {
		const { name, inputChannels: inputs, outputChannels: outputs, kernel } = layer;
		const plain = name.replaceAll(".", "_");
		if (isConvolution(layer)) {
			const depthwise = layer.kind === "depthwise";
			const { before, after } = layer.padding;
			const pads = dialect.zeros === "layer" && before + after > 0;
			if (pads)
				body.push({
					class_name: "ZeroPadding2D",
					config: {
						name: `${plain}_pad`,
						padding: [
							[before, after],
							[before, after],
						],
						data_format: "channels_last",
					},
				});
			const inside = dialect.activations === "inside";
			body.push({
				class_name: depthwise ? "DepthwiseConv2D" : "Conv2D",
				config: {
					name: plain,
					...(!depthwise && { filters: outputs }),
					kernel_size: [kernel, kernel],
					strides: [layer.stride, layer.stride],
					padding: pads ? "valid" : "same",
					data_format: "channels_last",
					dilation_rate: [1, 1],
					use_bias: inside,
					activation: inside ? activation : "linear",
				},
			});
			if (depthwise)
				put(`${plain}/${dialect.graph === "3" ? "kernel" : "depthwise_kernel"}`, 3, 3, inputs, 1);
			else put(`${plain}/kernel`, kernel, kernel, inputs, outputs);
			if (inside) {
				put(`${plain}/bias`, outputs);
				continue;
			}
			const { epsilon, momentum } = configuration;
			body.push({
				class_name: "BatchNormalization",
				config: {
					name: `${plain}_bn`,
					axis: dialect.graph === "3" ? -1 : [3],
					momentum: 1 - momentum,
					epsilon,
					center: true,
					scale: true,
				},
			});
			for (const part of ["gamma", "beta", "moving_mean", "moving_variance"])
				put(`${plain}_bn/${part}`, outputs);
			const act = `${plain}_relu`;
			if (dialect.activations === "Activation")
				body.push({
					class_name: "Activation",
					config: {
						name: act,
						activation: dialect.graph === "3" ? { class_name: "function", config: activation } : activation,
					},
				});
			else if (activation === "leakyRelu")
				body.push({
					class_name: "LeakyReLU",
					config: { name: act, [dialect.graph === "3" ? "negative_slope" : "alpha"]: leakySlope },
				});
			else
				body.push({
					class_name: "ReLU",
					config: {
						name: act,
						max_value: activation === "relu6" ? 6 : null,
						negative_slope: [0],
						threshold: 0,
					},
				});
		} else if (layer.kind === "pool" && dialect.pool === "GlobalAveragePooling2D")
			body.push({
				class_name: dialect.pool,
				config: { name: "pool", data_format: "channels_last", keepdims: false },
			});
		else if (layer.kind === "pool")
			body.push({
				class_name: dialect.pool,
				config: { name: "pool", pool_size: [kernel, kernel], strides: [kernel, kernel], padding: "valid" },
			});
	}
	const head: Node[] = [];
	if (configuration.head) {
		const { classes } = configuration;
		const features = width(1024, configuration);
		const softmax = configuration.output === "softmax";
		if (configuration.dropout > 0)
			head.push({ class_name: "Dropout", config: { name: "dropout", rate: configuration.dropout } });
		if (dialect.classifier === "Dense") {
			head.push({ class_name: "Flatten", config: { name: "flatten" } });
			head.push({
				class_name: "Dense",
				config: {
					name: "predictions",
					units: classes,
					activation: softmax ? "softmax" : "linear",
					use_bias: true,
				},
			});
			put("predictions/kernel", features, classes);
		} else {
			head.push({ class_name: "Reshape", config: { name: "reshape_1", target_shape: [1, 1, features] } });
			head.push({
				class_name: "Conv2D",
				config: {
					name: "predictions",
					filters: classes,
					kernel_size: [1, 1],
					strides: [1, 1],
					padding: "same",
					activation: "linear",
					use_bias: true,
				},
			});
			put("predictions/kernel", 1, 1, features, classes);
			if (softmax) head.push({ class_name: "Softmax", config: { name: "softmax", axis: -1 } });
		}
		put("predictions/bias", classes);
	}
	const shape = [null, size, size, inputChannels];
	if (!dialect.nested) return { topology: model("mobilenet", shape, [...body, ...head], dialect), weights };
	const inner = model("base", shape, body, dialect);
	return { topology: model("mobilenet", shape, [{ ...inner, name: "base" }, ...head], dialect), weights };
}

function model(name: string, shape: unknown, chain: readonly Node[], { graph }: Dialect): Topology {
	if (graph === "sequential") {
		const [first, ...others] = chain as [Node, ...Node[]];
		const config = "layers" in first.config ? first.config : { ...first.config, batch_input_shape: shape };
		return { class_name: "Sequential", config: { name, layers: [{ ...first, config }, ...others] } };
	}
	const input: Node = {
		class_name: "InputLayer",
		config: { name: `${name}_input`, [graph === "3" ? "batch_shape" : "batch_input_shape"]: shape },
	};
	const whole = [input, ...chain].map((node) => ({ ...node, name: node.name ?? String(node.config.name) }));
	const nodes: Node[] = whole.map((node, i) => ({
		...node,
		inbound_nodes: i === 0 ? [] : inbound(whole[i - 1]!.name, graph),
	}));
	const end = (of: Node) => (graph === "3" ? [of.name, 0, 0] : [[of.name, 0, 0]]);
	return {
		class_name: graph === "3" ? "Functional" : "Model",
		// Neither order is promised: this is the reverse.
		config: {
			name,
			layers: nodes.toReversed(),
			input_layers: end(whole[0]!),
			output_layers: end(whole.at(-1)!),
		},
	};
}

function inbound(from: string, graph: "2" | "3"): unknown {
	if (graph === "2") return [[[from, 0, 0, {}]]];
	const tensor = {
		class_name: "__keras_tensor__",
		config: { shape: [null], dtype: "float32", keras_history: [from, 0, 0] },
	};
	return [{ args: [tensor], kwargs: { training: false } }];
}
