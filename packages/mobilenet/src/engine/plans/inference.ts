/**
 * The plan of inference in float32: layers → steps. Batch norm is folded. Activations are bounds of the layers before
 * them; only leaky ReLU is a separate step. A block's depthwise and pointwise layers are one step if nothing needs the
 * tensor between them. Activations share an arena by liveness.
 */
import { MobileNetError, shown } from "../../base/error.ts";
import { packedShape } from "../../kernels/packing.ts";
import { pitchOf, stemBandRows } from "../../kernels/table.ts";
import { type Build, mostBytes } from "../../kernels/walker.ts";
import { headActivationOf, isConvolution, isPool, type Layer, layers } from "../../network/layers.ts";
import type { Model, Preprocessing } from "../../weights/model.ts";
import { namesOf } from "../../weights/names.ts";
import { ownBounds } from "../../weights/parts.ts";
import type { Address, Plan } from "../plan.ts";
import { createPlanBuilder, type Output, type PlanBuilder } from "../plan-builder.ts";

export interface InferenceOptions {
	readonly build: Build;
	/** The most pictures per run. */
	readonly batch: number;
	/** Layers whose outputs must survive the run, besides those of `alwaysKept`. */
	readonly keep?: readonly string[];
	/** The most threads that will run it. Default: 1. */
	readonly threads?: number;
}

/** The outputs that survive every run: the pooled features, the logits, the softmax. All are small. */
export const alwaysKept = ["pool", "classifier", "probabilities"];
/** Bytes of a block's depthwise results that are computed at a time, so that they stay in the L2 cache. */
const bandBytes = 224 * 1024;
/** The most work of the busiest thread in a fused block, relative to an equal share. */
export const mostUneven = 1.1;

/**
 * Plans a network for inference.
 *
 * @param model determines the network and, by its preprocessing, how pixels become inputs
 * @throws MobileNetError `engine` if the plan does not fit in the 4 GB that WebAssembly can address; `usage` if a layer
 *   to keep does not exist
 * @example
 * inferencePlan(model, { build: "relaxed", batch: 1 }).steps.length
 */
export function inferencePlan(model: Model, options: InferenceOptions): Plan {
	const { configuration } = model;
	const { build, batch, keep = [], threads = 1 } = options;
	const table = layers(configuration);
	checkKept(keep, table);

	const plan = createPlanBuilder(build);
	const network = networkOf(plan, model, { batch, threads, keep });
	const last = layersInto(network, table);
	// Also for networks that output logits: answers are probabilities.
	if (configuration.head) probabilitySteps(network, last);

	const { bytes, placed: _, ...drafted } = plan.finish();
	const { size, inputChannels } = configuration;
	const regions = {
		pixels: batch * size ** 2 * inputChannels * 4,
		...bytes,
	};
	checkSize(regions, batch, size);
	return {
		...drafted,
		build,
		threads,
		batch,
		size,
		inputChannels,
		entries: { floats: 0, bytes: 1, after: 2 },
		regions,
	};
}

/** What the functions that make steps share. */
export interface Network {
	readonly plan: PlanBuilder;
	readonly model: Model;
	readonly batch: number;
	readonly threads: number;
	/** The bounds of a layer's activation; layers of the same bounds have the same ones. */
	readonly boundsOf: (layer: Layer) => Address;
	readonly isKept: (layer: string) => boolean;
	/** The slope of leaky ReLU, if that is the activation. */
	readonly slope: Address | undefined;
}

/** What the functions that make steps need from a model. */
export function networkOf(
	plan: PlanBuilder,
	model: Model,
	{ batch, threads, keep }: Required<Omit<InferenceOptions, "build">>,
): Network {
	const { activation, leakySlope } = model.configuration;
	return {
		...{ plan, model, batch, threads },
		boundsOf: boundsIn(plan, model),
		isKept: (name) => alwaysKept.includes(name) || keep.includes(name),
		slope: activation === "leakyRelu" ? plan.constant(leakySlope) : undefined,
	};
}

/** Adds the steps of consecutive layers, from the stem on, whose two entries, for floats and bytes, are the plan's first steps. */
export function layersInto(network: Network, [stem, ...rest]: readonly Layer[]): Output {
	let last = stemSteps(network, stem!);
	for (let i = 0; i < rest.length; i++) {
		const [layer, next] = [rest[i]!, rest[i + 1]];
		if (layer.kind === "depthwise" && next && mayFuse(network, layer, next)) {
			last = separableStep(network, layer, next, last);
			i++;
		} else last = layerSteps(network, layer, last);
	}
	return last;
}

/** What the outputs of layers are kept between: by their own bounds, or by the activation that follows them. */
function boundsIn(plan: PlanBuilder, { configuration, tensors }: Model): Network["boundsOf"] {
	const made = new Map<string, Address>();
	return (layer) => {
		const own = ownBounds(tensors, layer);
		const activation = isConvolution(layer)
			? configuration.activation
			: headActivationOf(layer, configuration);
		const low = activation === "relu" || activation === "relu6" ? 0 : Number.NEGATIVE_INFINITY;
		const high = activation === "relu6" ? 6 : Number.POSITIVE_INFINITY;
		const bounds = own ? [own.low, own.high] : [low, high];
		const key = bounds.join();
		const address = made.get(key) ?? plan.constant(...bounds);
		made.set(key, address);
		return address;
	};
}

function outputOf({ plan, batch, isKept }: Network, name: string, size: number, channels: number): Output {
	return plan.output(name, { size, channels, pitch: pitchOf(channels) }, batch, isKept(name));
}

/** Weights and bias of a layer, by their names in a folded model. */
function parametersOf({ plan }: Network, layer: Layer) {
	const names = namesOf(layer);
	const packing = layer.kind === "depthwise" ? "lanes" : "panels";
	return {
		weights: plan.weights(packing, names.weight, packedShape(layer.weightShape)),
		bias: plan.weights("bias", names.bias, packedShape([layer.outputChannels])),
	};
}

/** Two steps, of which a run uses one: the stem for floats, and the stem for bytes with the preprocessing folded in. */
function stemSteps(network: Network, layer: Layer): Output {
	const { plan, model, threads } = network;
	const bounds = network.boundsOf(layer);
	const { inputSize, outputSize, inputChannels, outputChannels, padding } = layer;
	const output = outputOf(network, layer.name, outputSize, outputChannels);
	const geometry = {
		...{ inputSize, outputSize, inputChannels, outputChannels, before: padding.before },
		...{ outputPitch: output.pitch, bandRows: stemBandRows },
	};
	const bandFloats = (stemBandRows * 2 + 1) * ((outputSize - 1) * 2 + 3) * inputChannels;
	const common = { ...geometry, bounds, output: output.address, band: plan.scratch(threads * bandFloats) };
	const input: Address = { region: "pixels", offset: 0 };
	const { weights, bias } = parametersOf(network, layer);
	plan.step("stemFloats", layer.name, { ...common, input, weights, bias });

	const { order, factors, mean } = pixelInputs(model.preprocessing, inputChannels);
	const shape = packedShape(layer.weightShape);
	plan.step("stemBytes", layer.name, {
		...common,
		pixels: input,
		weights: plan.weights("panels", namesOf(layer).weight, shape, { order, factors }),
		bias,
		mean: plan.constant(...Array.from({ length: inputSize }, () => mean).flat()),
	});
	return activated(network, layer, output);
}

/**
 * Whether a block may be one step: the output between its layers is not kept, both layers have the same bounds, and threads
 * get about equal shares.
 */
function mayFuse(
	{ batch, threads, isKept, slope, boundsOf }: Network,
	depthwise: Layer,
	pointwise: Layer,
): boolean {
	const rows = batch * depthwise.outputSize;
	const uneven = (Math.ceil(rows / threads) * threads) / rows;
	const isAlike = boundsOf(depthwise) === boundsOf(pointwise);
	return slope === undefined && isAlike && !isKept(depthwise.name) && uneven <= mostUneven;
}

function separableStep(network: Network, depthwise: Layer, pointwise: Layer, from: Output): Output {
	const { plan, batch, threads } = network;
	const bounds = network.boundsOf(pointwise);
	const { inputSize, outputSize, inputChannels, stride, padding } = depthwise;
	const output = outputOf(network, pointwise.name, outputSize, pointwise.outputChannels);
	const bandPitch = pitchOf(inputChannels);
	const rowBytes = outputSize * bandPitch * 4;
	const bandRows = Math.min(batch * outputSize, Math.max(1, Math.floor(bandBytes / rowBytes)));
	const own = parametersOf(network, depthwise);
	plan.step("separable", pointwise.name, {
		...parametersOf(network, pointwise),
		...{ input: from.address, depthwiseWeights: own.weights, depthwiseBias: own.bias },
		...{ bounds, output: output.address, band: plan.scratch((threads * bandRows * rowBytes) / 4) },
		...{ inputSize, outputSize, inputChannels, outputChannels: pointwise.outputChannels, stride },
		...{ before: padding.before, inputPitch: from.pitch, bandPitch, outputPitch: output.pitch, bandRows },
	});
	return output;
}

/** The steps of layers that make features of the last block's picture. */
export const poolSteps = { pool: "averagePool", maxPool: "maxPool", flatten: "flatten" } as const;

/** The step of a single layer, and that of its activation where it has one. */
function layerSteps(network: Network, layer: Layer, from: Output): Output {
	const { plan } = network;
	const { inputSize, outputSize, inputChannels, outputChannels, stride, padding } = layer;
	const output = outputOf(network, layer.name, outputSize, outputChannels);
	const ends = {
		...{ input: from.address, inputPitch: from.pitch },
		...{ output: output.address, outputPitch: output.pitch },
	};
	if (isPool(layer))
		plan.step(poolSteps[layer.kind as keyof typeof poolSteps], layer.name, {
			...{ ...ends, rows: inputSize ** 2, channels: inputChannels },
		});
	else if (layer.kind === "depthwise")
		plan.step("depthwise", layer.name, {
			...{ ...ends, ...parametersOf(network, layer), bounds: network.boundsOf(layer) },
			...{ inputSize, outputSize, channels: outputChannels, stride, before: padding.before },
		});
	else
		plan.step("pointwise", layer.name, {
			...{ ...ends, ...parametersOf(network, layer), bounds: network.boundsOf(layer) },
			...{ rows: outputSize ** 2, inputChannels, outputChannels },
		});
	return activated(network, layer, output);
}

/** The output after an activation that bounds cannot express: leaky ReLU, and tanh and the sigmoid of dense layers. */
function activated({ plan, slope, model }: Network, layer: Layer, output: Output): Output {
	const { address, pitch } = output;
	if (slope !== undefined && isConvolution(layer))
		plan.step("leakyRelu", layer.name, {
			...{ values: address, slope, pitch },
			...{ rows: layer.outputSize ** 2, channels: layer.outputChannels },
		});
	const activation = headActivationOf(layer, model.configuration);
	if (activation === "tanh" || activation === "sigmoid")
		plan.step("sigmoid", layer.name, {
			...{ input: address, inputPitch: pitch, output: address, outputPitch: pitch },
			...{ factors: plan.constant(...sigmoids[activation]), channels: layer.outputChannels },
		});
	return output;
}

/** How the step `sigmoid` becomes each function: a, b, c of b · σ(a · x) + c. */
const sigmoids = { sigmoid: [1, 1, 0], tanh: [2, 2, -1], opposite: [-1, 1, 0] } as const;

function probabilitySteps(network: Network, logits: Output): void {
	probabilitiesInto(
		network,
		logits,
		outputOf(network, "probabilities", 1, network.model.configuration.classes),
	);
}

/** Makes probabilities of logits, [classes] a picture. */
export function probabilitiesInto(
	{ plan, model }: Pick<Network, "plan" | "model">,
	logits: Output,
	{ address, pitch }: Output,
): void {
	const { classes, output, binary } = model.configuration;
	const ends = { input: logits.address, inputPitch: logits.pitch, output: address, outputPitch: pitch };
	if (!binary && output !== "sigmoid") {
		plan.step("softmax", "probabilities", { ...ends, classes });
		return;
	}
	const step = (kind: keyof typeof sigmoids, to: Address, channels: number): void =>
		plan.step("sigmoid", "probabilities", {
			...{ ...ends, output: to, factors: plan.constant(...sigmoids[kind]), channels },
		});
	if (!binary) step("sigmoid", address, classes);
	else {
		// The first class is the opposite of the second.
		step("opposite", address, 1);
		step("sigmoid", plan.after(address, 1), 1);
	}
}

/** For (pixel − mean) / std, per channel of the picture: which of the network's channels it is, 1 / std, and the mean. */
export function pixelInputs({ mean, std, channelOrder }: Preprocessing, channels: number) {
	const order = Array.from({ length: channels }, (_, c) =>
		channelOrder === "bgr" && channels >= 3 && c < 3 ? 2 - c : c,
	);
	return { order, factors: order.map((c) => 1 / std[c]!), mean: order.map((c) => mean[c]!) };
}

/** Throws if a layer to keep does not exist. */
export function checkKept(keep: readonly string[], table: readonly Layer[]): void {
	const unknown = keep.find((name) => !table.some((layer) => layer.name === name));
	if (unknown !== undefined)
		throw new MobileNetError(
			"usage",
			`there is no layer ${shown(unknown)}; the layers are ${table.map((layer) => layer.name).join(", ")}.`,
		);
}

/** Throws if a plan needs more memory than can be addressed. */
export function checkSize(regions: Plan["regions"], batch: number, size: number): void {
	const perPicture = (regions.pixels + regions.activations) / batch;
	const room = mostBytes - regions.weights - regions.exchange - 2 ** 20;
	if (batch * perPicture <= room) return;
	const most = Math.floor(room / perPicture);
	throw new MobileNetError(
		"engine",
		`a batch of ${batch} at size ${size} takes ${((batch * perPicture) / 2 ** 30).toFixed(1)} GB, more than the 4 GB that the engine can address: ${most > 0 ? `take a batch of ${most} at most` : "take a smaller size"}.`,
	);
}
