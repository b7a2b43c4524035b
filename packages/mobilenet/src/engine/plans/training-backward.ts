/** The steps of a training plan that go backward, from the gradient of the logits to the weights of the first layer that learns. */
import { packedShape, packings } from "../../kernels/packing.ts";
import { pitchOf } from "../../kernels/table.ts";
import { partialsOf } from "../../kernels/training-shapes.ts";
import { packingOf } from "../../kernels/walker.ts";
import type { Layer } from "../../network/layers.ts";
import { namesOf } from "../../weights/names.ts";
import type { Address } from "../plan.ts";
import type { Output } from "../plan-builder.ts";
import { bandsOfLayer } from "./training-bands.ts";
import type { Network, Raw } from "./training-forward.ts";

/** Gradients of the classifier and, if requested, of the features. */
export function classifierBackward(
	network: Network,
	layer: Layer,
	pooled: Output,
	gradient: Address,
	gradientPitch: number,
	wantsInput: boolean,
): Output | undefined {
	const { plan, options, zeros, unbounded } = network;
	const { name, inputChannels, outputChannels } = layer;
	plan.step("denseBackward", name, {
		...{ gradient, input: pooled.address, inputPitch: pooled.pitch, gradientPitch },
		weightGradient: network.gradient(namesOf(layer).weight),
		biasGradient: network.gradient(namesOf(layer).bias),
		...{ inputChannels, outputChannels },
	});
	if (!wantsInput) return undefined;
	const pitch = pitchOf(inputChannels);
	const address = plan.scratch(options.batch * pitch);
	plan.step("pointwise", name, {
		...{ input: gradient, inputPitch: gradientPitch, output: address, outputPitch: pitch },
		...{ weights: transposed(network, layer), bias: zeros, bounds: unbounded },
		...{ rows: 1, inputChannels: outputChannels, outputChannels: inputChannels },
	});
	return { address, pitch };
}

/** The transposed weights of a pointwise or dense layer. */
function transposed(network: Network, layer: Layer): Address {
	const { plan, options } = network;
	const { inputChannels, outputChannels } = layer;
	const { length } = packings[packingOf(options.build)].panels;
	const address = plan.scratch(length(packedShape([inputChannels, outputChannels])));
	plan.step("transpose", layer.name, {
		weights: network.parameter(namesOf(layer).weight),
		transposed: address,
		...{ inputChannels, outputChannels },
	});
	return address;
}

/** The gradient of a layer's activation after the mask, and the sums of its bands. */
interface Gradient {
	readonly address: Address;
	readonly partials: Address;
	readonly rows: number;
	readonly bandRows: number;
}

export function poolBackward(network: Network, layer: Layer, gradient: Output, from: Raw): Gradient {
	const { plan, options } = network;
	const { inputSize, outputChannels: channels } = layer;
	const rows = inputSize ** 2;
	// The bands of a pointwise layer of the same size, which reads and writes as much.
	const { bandRows } = bandsOfLayer(
		{ ...layer, kind: "pointwise", outputSize: inputSize },
		options.batch,
	).forward;
	const address = plan.scratch(options.batch * rows * from.pitch);
	const partials = plan.scratch(partialsOf(options.batch * rows, bandRows, channels));
	plan.step("averagePoolBackward", layer.name, {
		...{ gradient: gradient.address, gradientPitch: gradient.pitch },
		...{ input: from.address, inputNorm: from.norm, activation: from.activation, inputPitch: from.pitch },
		...{ inputGradient: address, partials, rows, channels, bandRows },
	});
	return { address, partials, rows, bandRows };
}

export function normBackward(
	network: Network,
	layer: Layer,
	{ norm }: Raw,
	{ address: _, ...partials }: Gradient,
): void {
	const { name, outputChannels: channels, outputSize } = layer;
	const names = namesOf(layer).norm!;
	network.plan.step("batchNormBackward", name, {
		...{ ...partials, norm, channels, pixels: outputSize ** 2 },
		gammaGradient: network.gradient(names.weight),
		betaGradient: network.gradient(names.bias),
		frozen: network.options.frozenNorm ? 1 : 0,
	});
}

export function convolutionBackward(
	network: Network,
	layer: Layer,
	from: Raw,
	to: Raw,
	g: Gradient,
	wantsInput: boolean,
): Gradient {
	const { plan, options, zeros, unbounded } = network;
	const { batch, threads } = options;
	const { name, kind, inputSize, outputSize, inputChannels, outputChannels, stride, padding } = layer;
	const { bandRows, bandFloats, slices } = bandsOfLayer(layer, batch).backward;
	const rows = kind === "depthwise" ? inputSize : inputSize ** 2;
	const inputGradient = plan.scratch(batch * inputSize ** 2 * from.pitch);
	const partials = plan.scratch(partialsOf(batch * rows, bandRows, inputChannels));
	const weightSlices = slicesOf(network, layer, slices);
	const operands = {
		...{ gradient: g.address, output: to.address, outputNorm: to.norm, outputPitch: to.pitch },
		...{ input: from.address, inputNorm: from.norm, activation: from.activation, inputPitch: from.pitch },
		...{ inputGradient, partials, weightSlices, band: plan.scratch(threads * bandFloats) },
		...{ bandRows, slices, wantsInput: wantsInput ? 1 : 0 },
	};
	if (kind === "depthwise")
		plan.step("depthwiseBackward", name, {
			...operands,
			weights: network.parameter(namesOf(layer).weight),
			...{ inputSize, outputSize, channels: outputChannels, stride, before: padding.before },
		});
	else
		plan.step("pointwiseBackward", name, {
			...operands,
			// Not read if the input's gradient is not wanted.
			weights: wantsInput ? transposed(network, layer) : zeros,
			...{ bias: zeros, bounds: unbounded, rows, inputChannels, outputChannels },
		});
	sumSlices(network, layer, weightSlices, slices);
	return { address: inputGradient, partials, rows, bandRows };
}

export function stemBackward(network: Network, layer: Layer, input: Address, to: Raw, g: Gradient): void {
	const { plan, options } = network;
	const { name, inputSize, outputSize, inputChannels, outputChannels, padding } = layer;
	const { bandRows, slices, bandFloats } = bandsOfLayer(layer, options.batch).backward;
	const weightSlices = slicesOf(network, layer, slices);
	const geometry = {
		...{ gradient: g.address, output: to.address, outputNorm: to.norm, outputPitch: to.pitch },
		...{ inputSize, outputSize, inputChannels, outputChannels, before: padding.before },
	};
	plan.step("stemBackward", name, {
		...{ ...geometry, input, weightSlices, bandRows, slices },
		band: plan.scratch(options.threads * bandFloats),
	});
	sumSlices(network, layer, weightSlices, slices);
	if (!options.inputGradient) return;
	const shape = { size: inputSize, channels: inputChannels, pitch: inputChannels };
	plan.step("stemInputGradient", name, {
		...geometry,
		weights: network.parameter(namesOf(layer).weight),
		inputGradient: plan.output("input", shape, options.batch, true).address,
	});
}

function packedLength({ options }: Network, layer: Layer): number {
	return packings[packingOf(options.build)][layer.kind === "depthwise" ? "lanes" : "panels"].length(
		packedShape(layer.weightShape),
	);
}

function slicesOf(network: Network, layer: Layer, slices: number): Address {
	return network.plan.scratch(slices * packedLength(network, layer));
}

function sumSlices(network: Network, layer: Layer, weightSlices: Address, slices: number): void {
	network.plan.step("sumSlices", layer.name, {
		...{ weightSlices, slices, length: packedLength(network, layer) },
		weightGradient: network.gradient(namesOf(layer).weight),
	});
}
