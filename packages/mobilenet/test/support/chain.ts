/**
 * Chains as files of other frameworks have them, for tests of what recognizes them: the chain of a model whose tensors
 * are told apart by their numbers, in the ways in which frameworks write one.
 */
import { expect } from "vitest";
import { MobileNetError } from "../../src/base/error.ts";
import type { Chain, ChainLayer } from "../../src/formats/chain/chain.ts";
import { chainOf } from "../../src/formats/chain/chain-of.ts";
import { type RecognizeOptions, recognize } from "../../src/formats/chain/recognize.ts";
import type { Configuration } from "../../src/network/configuration.ts";
import { isConvolution, isPool, layers } from "../../src/network/layers.ts";
import { usualPreprocessing } from "../../src/weights/model.ts";
import { type LayerParts, tensorsOf } from "../../src/weights/parts.ts";
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

/** The chain of a network; tensor number N of the file is filled with N + 1. */
export function chainFor(configuration: Configuration, writing: Writing = usualWriting): Chain {
	let tensors = 0;
	// One number all over, so that a test knows which tensor it is.
	const next = (...shape: readonly number[]): Tensor => filled(shape, ++tensors);
	const parts = layers(configuration).map((layer): LayerParts => {
		if (isPool(layer)) return { layer };
		const channels = layer.outputChannels;
		const weight = next(...layer.weightShape);
		if (!isConvolution(layer) || !writing.batchNorm) return { layer, weight, bias: next(channels) };
		const [gamma, beta, mean, variance] = [next(channels), next(channels), next(channels), next(channels)];
		return { layer, weight, norm: { weight: gamma, bias: beta, mean, variance } };
	});
	const { preprocessing: _, ...chain } = chainOf(
		{
			configuration,
			tensors: tensorsOf({ layers: parts }),
			preprocessing: usualPreprocessing(configuration.inputChannels),
			source: { format: "Test", assumed: [], notes: [] },
		},
		"network.bin",
	);
	return { ...chain, layers: chain.layers.flatMap((layer) => written(layer, configuration, writing)) };
}

/** A layer as it is written, with those that come before and after it then. */
function written(
	layer: ChainLayer,
	configuration: Configuration,
	{ zeros, classifier }: Writing,
): ChainLayer[] {
	const { name } = layer;
	if (layer.kind === "convolution") {
		if (zeros === "word" || layer.weight.tensor.shape[2] !== 3) return [layer];
		const { before, after } = layers(configuration).find((own) => own.tensorPrefix === name)!.padding;
		const padding = [before, before, after, after] as const;
		if (zeros === "numbers") return [{ ...layer, padding }];
		return [
			{ kind: "pad", name: `${name}.pad`, padding },
			{ ...layer, padding: "valid" },
		];
	}
	if (layer.kind !== "dense") return [layer];
	if (classifier === "dense") return [{ kind: "shape", name: "flatten" }, layer];
	const { tensor } = layer.weight;
	const weight = { tensor: { ...tensor, shape: [...tensor.shape, 1, 1] } };
	return [
		{ ...layer, kind: "convolution", weight, groups: 1, stride: [1, 1], padding: "same" },
		{ kind: "shape", name: "squeeze" },
	];
}

/** The chain with the layer of a name changed, or taken away. */
export function changed(
	found: Chain,
	name: string,
	change: (layer: never) => ChainLayer | readonly ChainLayer[] | undefined,
): Chain {
	let met = false;
	const changedLayers = found.layers.flatMap((layer) => {
		if (layer.name !== name) return [layer];
		met = true;
		return change(layer as never) ?? [];
	});
	if (!met) throw new Error(`the test's chain has no layer ${name}`);
	return { ...found, layers: changedLayers };
}

/** The code and the one sentence with which a chain of `chainFor` is refused. */
export function refusal(found: Chain, options?: RecognizeOptions): string {
	try {
		recognize(found, options);
	} catch (error) {
		expect(error).toBeInstanceOf(MobileNetError);
		const { code, message } = error as MobileNetError;
		if (code !== "usage") expect(message).toMatch(/^network\.bin.*[^.]\.$/);
		expect(message).not.toContain("\n");
		return `${code}: ${message}`;
	}
	throw new Error("it was recognized");
}
