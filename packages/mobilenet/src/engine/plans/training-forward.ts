/** The forward steps of a training plan, from layer to layer and to the losses, and what the functions that make steps share. */
import { pitchOf } from "../../kernels/table.ts";
import { normOf, normVectors, partialsOf } from "../../kernels/training-shapes.ts";
import { type Layer, layers } from "../../network/layers.ts";
import type { Model } from "../../weights/model.ts";
import { namesOf } from "../../weights/names.ts";
import type { Address } from "../plan.ts";
import type { Output, PlanBuilder } from "../plan-builder.ts";
import type { TrainingPlanOptions } from "../training-executor.ts";
import { pixelInputs } from "./inference.ts";
import { bandsOfLayer } from "./training-bands.ts";
import { lossKinds, type TrainingPlan } from "./training-plan.ts";

/** The raw output of a layer, with the batch norm and activation that the next layer applies to it. */
export interface Raw extends Output {
	readonly norm: Address;
	readonly activation: Address;
}

/** What the functions that make steps share. */
export interface Network {
	readonly plan: PlanBuilder;
	readonly model: Model;
	readonly options: TrainingPlanOptions;
	readonly parameter: (tensor: string) => Address;
	readonly gradient: (tensor: string) => Address;
	readonly running: (tensor: string) => Address;
	readonly zeros: Address;
	readonly unbounded: Address;
	/** Slope and high of the activation. */
	readonly activation: Address;
	/** Epsilon and momentum. */
	readonly constants: Address;
	readonly norms: TrainingPlan["norms"][number][];
}

/** The slope of the activation below 0, and its highest value. */
export function activationOf({
	configuration: { activation, leakySlope },
}: Model): readonly [number, number] {
	return [activation === "leakyRelu" ? leakySlope : 0, activation === "relu6" ? 6 : Number.POSITIVE_INFINITY];
}

/** A norm and an activation that change nothing. */
export function identityOf(plan: PlanBuilder, vector: number): Pick<Raw, "norm" | "activation"> {
	const values = normVectors.map((name) => (name === "scale" || name === "inverseDeviation" ? 1 : 0));
	return {
		norm: plan.constant(...values.flatMap((value) => new Array<number>(vector).fill(value))),
		activation: plan.constant(1, Number.POSITIVE_INFINITY),
	};
}

function outputOf({ plan, options }: Network, layer: Layer): Output {
	const { outputSize: size, outputChannels: channels } = layer;
	return plan.output(layer.name, { size, channels, pitch: pitchOf(channels) }, options.batch, false);
}

/** Batch norm of a raw output, from the partial sums of its layer. */
function normForward(
	network: Network,
	layer: Layer,
	output: Output,
	partials: { readonly partials: Address; readonly rows: number; readonly bandRows: number },
): Raw {
	const { plan, model, options, constants, activation } = network;
	const { name, outputChannels: channels, outputSize } = layer;
	const norm = plan.scratch(normOf(channels));
	const names = namesOf(layer).norm!;
	plan.step("batchNorm", name, {
		...partials,
		gamma: network.parameter(names.weight),
		beta: network.parameter(names.bias),
		runningMean: network.running(names.mean),
		runningVariance: network.running(names.variance),
		...{ constants, norm, channels, pixels: outputSize ** 2 },
		frozen: options.frozenNorm ? 1 : 0,
		unbiased: model.configuration.runningVariance === "unbiased" ? 1 : 0,
	});
	network.norms.push({ layer: name, address: norm, channels });
	return { ...output, norm, activation };
}

export function stemForward(network: Network, layer: Layer, inputs: TrainingPlan["inputs"]): Raw {
	const { plan, model, options, zeros, unbounded } = network;
	const { name, inputSize, outputSize, inputChannels, outputChannels, padding } = layer;
	const { factors, mean, order } = pixelInputs(model.preprocessing, inputChannels);
	const row = (values: readonly number[]): number[] => Array.from({ length: inputSize }, () => values).flat();
	const swapped = order.some((c, i) => c !== i) ? 1 : 0;
	// pixelInputs returns the picture's order, but this kernel swaps the channels first.
	const own = (values: readonly number[]): number[] => order.map((c) => values[c]!);
	plan.step("normalize", name, {
		pixels: inputs.bytes,
		mean: plan.constant(...row(own(mean))),
		factors: plan.constant(...row(own(factors))),
		output: inputs.floats,
		...{ size: inputSize, channels: inputChannels, swapped },
	});
	const output = outputOf(network, layer);
	const { bandRows, bandFloats } = bandsOfLayer(layer, options.batch).forward;
	const partials = plan.scratch(partialsOf(options.batch * outputSize, bandRows, outputChannels));
	plan.step("trainStem", name, {
		input: inputs.floats,
		weights: network.parameter(namesOf(layer).weight),
		...{ bias: zeros, bounds: unbounded, output: output.address, outputPitch: output.pitch, partials },
		band: plan.scratch(options.threads * bandFloats),
		...{ inputSize, outputSize, inputChannels, outputChannels, before: padding.before, bandRows },
	});
	return normForward(network, layer, output, { partials, rows: outputSize, bandRows });
}

export function convolutionForward(network: Network, layer: Layer, from: Raw): Raw {
	const { plan, options, zeros, unbounded } = network;
	const { batch, threads } = options;
	const { name, kind, inputSize, outputSize, inputChannels, outputChannels, stride, padding } = layer;
	const output = outputOf(network, layer);
	const { bandRows, bandFloats } = bandsOfLayer(layer, batch).forward;
	const rows = kind === "depthwise" ? outputSize : outputSize ** 2;
	const partials = plan.scratch(partialsOf(batch * rows, bandRows, outputChannels));
	const operands = {
		...{ input: from.address, inputNorm: from.norm, activation: from.activation, inputPitch: from.pitch },
		weights: network.parameter(namesOf(layer).weight),
		...{ bias: zeros, bounds: unbounded, band: plan.scratch(threads * bandFloats) },
		...{ output: output.address, outputPitch: output.pitch, partials, bandRows },
	};
	if (kind === "depthwise")
		plan.step("trainDepthwise", name, {
			...operands,
			...{ inputSize, outputSize, channels: outputChannels, stride, before: padding.before },
		});
	else plan.step("trainPointwise", name, { ...operands, rows, inputChannels, outputChannels });
	return normForward(network, layer, output, { partials, rows, bandRows });
}

export function poolForward(network: Network, layer: Layer, from: Raw): Output {
	const output = outputOf(network, layer);
	network.plan.step("trainAveragePool", layer.name, {
		...{ input: from.address, inputNorm: from.norm, activation: from.activation, inputPitch: from.pitch },
		...{ output: output.address, outputPitch: output.pitch },
		...{ rows: layer.inputSize ** 2, channels: layer.outputChannels },
	});
	return output;
}

/** A function that adds dropout of the features or of their gradient; does nothing without dropout. */
export function dropoutOf({ plan, model }: Network, settings: Address): (values: Output) => void {
	const { dropout } = model.configuration;
	const channels = layers(model.configuration).at(-1)!.inputChannels;
	if (dropout === 0) return () => undefined;
	const keep = plan.constant(1 - dropout);
	return ({ address, pitch }) =>
		plan.step("dropout", "classifier", { values: address, settings, keep, channels, pitch });
}

export function classifierForward(network: Network, layer: Layer, pooled: Output): Output {
	const { plan, options, unbounded } = network;
	const { name, inputChannels, outputChannels } = layer;
	const shape = { size: 1, channels: outputChannels, pitch: pitchOf(outputChannels) };
	const output = plan.output(name, shape, options.batch, true);
	plan.step("pointwise", name, {
		...{ input: pooled.address, inputPitch: pooled.pitch },
		...{ output: output.address, outputPitch: output.pitch, bounds: unbounded },
		weights: network.parameter(namesOf(layer).weight),
		bias: network.parameter(namesOf(layer).bias),
		...{ rows: 1, inputChannels, outputChannels },
	});
	return output;
}

/** All losses, and the gradient of the logits. */
export function lossSteps(
	{ plan, model, options }: Network,
	logits: Output,
	{ targets, softTargets, factors, losses }: TrainingPlan["run"],
	pitch: number,
): Address {
	const { classes } = model.configuration;
	const gradient = plan.scratch(options.batch * pitch);
	for (const [i, kind] of lossKinds.filter((each) => options.loss[each]).entries())
		plan.step(kind === "squaredError" ? "squaredError" : "crossEntropy", "classifier", {
			...{ input: logits.address, gradient, losses, classes, pitch },
			targets: kind === "crossEntropy" ? targets : softTargets,
			factors: factors[kind],
			adds: i > 0 ? 1 : 0,
		});
	return gradient;
}
