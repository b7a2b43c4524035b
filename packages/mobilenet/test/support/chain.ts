/**
 * Chains of found layers made from a configuration's table, for tests of what recognizes them: what a perfect
 * reader would find in a file of that network.
 */
import type { Chain, ChainLayer } from "../../src/formats/chain/chain.ts";
import type { Configuration } from "../../src/network/configuration.ts";
import { isConvolution, type Layer, layers } from "../../src/network/layers.ts";
import { filled, type Tensor } from "../../src/weights/tensor.ts";

export interface Writing {
	/** Zeros as words (`same`), as numbers of the convolution, or as a layer of their own before a `valid` one. */
	readonly zeros: "word" | "numbers" | "layer";
	/** Batch norm as its own layer, or folded into a bias. */
	readonly batchNorm: boolean;
	/** The classifier as a dense layer or as a 1×1 convolution. */
	readonly classifier: "dense" | "convolution";
}

export const usualWriting: Writing = { zeros: "word", batchNorm: true, classifier: "dense" };

/** Layers of one network; tensor number N of the file is filled with N + 1. */
export function chainFor(configuration: Configuration, writing: Writing = usualWriting): Chain {
	const found: ChainLayer[] = [];
	let tensors = 0;
	// One number all over, so that a test knows which tensor it is.
	const next = (...shape: number[]): Tensor => filled(shape, ++tensors);
	for (const layer of layers(configuration)) {
		const { name, outputChannels: outputs, inputChannels: inputs, weightShape } = layer;
		if (isConvolution(layer)) {
			const padding = zerosOf(layer, configuration, writing);
			if (writing.zeros === "layer" && layer.kernel === 3)
				found.push({ kind: "pad", name: `${name}/pad`, padding: sides(layer) });
			found.push({
				kind: "convolution",
				name: `${name}/conv`,
				weight: { tensor: next(...weightShape) },
				...(!writing.batchNorm && { bias: { tensor: next(outputs) } }),
				groups: layer.kind === "depthwise" ? inputs : 1,
				stride: [layer.stride, layer.stride],
				padding,
			});
			if (writing.batchNorm)
				found.push({
					kind: "batchNorm",
					name: `${name}/bn`,
					weight: next(outputs),
					bias: next(outputs),
					mean: next(outputs),
					variance: next(outputs),
					epsilon: configuration.epsilon,
					momentum: configuration.momentum,
				});
			const { activation, leakySlope: slope } = configuration;
			found.push({
				kind: "activation",
				name: `${name}/activation`,
				activation,
				...(activation === "leakyRelu" && { slope }),
			});
		} else if (layer.kind === "pool") {
			found.push({ kind: "pool", name });
			if (configuration.dropout > 0)
				found.push({ kind: "dropout", name: "dropout", rate: configuration.dropout });
		} else if (writing.classifier === "dense") {
			found.push({ kind: "shape", name: "flatten" });
			found.push({
				kind: "dense",
				name,
				weight: { tensor: next(...weightShape) },
				bias: { tensor: next(outputs) },
			});
		} else {
			found.push({
				kind: "convolution",
				name,
				weight: { tensor: next(...weightShape, 1, 1) },
				bias: { tensor: next(outputs) },
				groups: 1,
				stride: [1, 1],
				padding: "same",
			});
			found.push({ kind: "shape", name: "squeeze" });
		}
	}
	if (configuration.head && configuration.output === "softmax")
		found.push({ kind: "softmax", name: "softmax" });
	return {
		name: "network.bin",
		format: "Test",
		layers: found,
		size: configuration.size,
		inputChannels: configuration.inputChannels,
	};
}

type Zeros = Extract<ChainLayer, { kind: "convolution" }>["padding"];

function sides({ padding: { before, after } }: Layer): readonly [number, number, number, number] {
	return [before, before, after, after];
}

function zerosOf(layer: Layer, { padding }: Configuration, { zeros }: Writing): Zeros {
	if (layer.kernel === 1 || zeros === "layer") return "valid";
	// `same` has a word for its zeros, `symmetric` and the padding of 4 have none.
	return zeros === "word" && padding === "same" && layer.padding.before < 4 ? "same" : sides(layer);
}
