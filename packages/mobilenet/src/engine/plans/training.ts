/**
 * The plan of training: forward with the batch's statistics, loss, backward, update, in one list of steps and one
 * arena. Layers before the first that learns are planned as for inference; of the others the raw outputs stay in the
 * arena until backward has read them (kernels/training-operations.ts says how activations and masks come back from them).
 */
import { MobileNetError, shown } from "../../base/error.ts";
import { packings } from "../../kernels/packing.ts";
import { pitchOf } from "../../kernels/table.ts";
import { normOf, normVectors, partialsOf, settingNames, vectorOf } from "../../kernels/training-shapes.ts";
import { mostBytes, packingOf } from "../../kernels/walker.ts";
import { type Layer, layers } from "../../network/layers.ts";
import type { Model } from "../../weights/record.ts";
import { type Draft, draft, type Output } from "../draft.ts";
import { type ParameterList, packedShape, parametersOf, runningOf, weightOf } from "../parameters.ts";
import type { Address, Layout } from "../plan.ts";
import type { LossKinds, TrainingPlanOptions } from "../training-executor.ts";
import { layersInto, networkOf, pixelInputs } from "./inference.ts";
import { bandsOfLayer } from "./training-bands.ts";

/** The losses of a plan, in the order in which they are added up. */
const lossKinds = [
	"crossEntropy",
	"distillation",
	"squaredError",
] as const satisfies readonly (keyof LossKinds)[];
type LossKind = (typeof lossKinds)[number];

/** Steps `first` up to `last`. */
export interface Section {
	readonly first: number;
	readonly last: number;
}

export interface TrainingPlan extends Layout {
	/** Forward, by what comes in: bytes or normalised floats. Its first step is `entry`, and `section` follows. */
	readonly forward: Readonly<Record<"bytes" | "floats", { readonly entry: number } & Section>>;
	readonly backward: Section;
	readonly norm: Section;
	readonly update: Section;
	/** Where pictures come in. */
	readonly inputs: Readonly<Record<"bytes" | "floats", Address>>;
	readonly parameters: ParameterList;
	readonly running: ParameterList;
	/** Where the lists lie, by what they hold. */
	readonly lists: Readonly<Record<"parameters" | "gradients" | "first" | "running", Address>> & {
		readonly second?: Address;
		readonly average?: Address;
		readonly runningAverage?: Address;
	};
	/** What a run is given, and what it gives. */
	readonly run: {
		readonly targets: Address;
		readonly softTargets: Address;
		/** Weight and temperature of each loss. */
		readonly factors: Readonly<Record<LossKind, Address>>;
		readonly losses: Address;
		/** Epsilon and momentum of batch norm. */
		readonly constants: Address;
		readonly settings: Address;
		readonly dropout: Address;
		readonly squares: Address;
	};
	/** Floats from one picture's targets to the next's. */
	readonly targetPitch: number;
	/** Slices of the gradients' squares. */
	readonly squareSlices: number;
	/** Norms of the layers that learn, in order. */
	readonly norms: readonly { readonly layer: string; readonly address: Address; readonly channels: number }[];
}

/** Slices in which the squares of the gradients are added up. */
const squareSlices = 64;
/** Slack at the end of the memory. */
const spare = 2 ** 20;

/**
 * Plans a network for training.
 *
 * @param model a record of floats with batch norm everywhere (weights/unfold.ts)
 * @throws MobileNetError `usage` where there is no such layer or no classifier; `engine` where the plan does not fit
 * @example
 * trainingPlan(initialise(configure({ classes: 10 })), options).steps.length
 */
export function trainingPlan(model: Model, options: TrainingPlanOptions): TrainingPlan {
	const plan = draftOf(model, options);
	const bytes = Object.values(plan.regions).reduce((sum, n) => sum + n, 0);
	if (bytes <= mostBytes - spare) return plan;
	const most = mostPictures(model, options);
	throw new MobileNetError(
		"engine",
		`training with a batch of ${options.batch} at size ${plan.size} takes ${(bytes / 2 ** 30).toFixed(1)} GB, more than the 4 GB that the engine can address: ${most > 0 ? `take a batch of ${most} at most, or micro-batches of it` : "take a smaller size"}.`,
	);
}

/** The most pictures that a training plan has memory for; 0 where not even one fits. */
export function mostPictures(
	model: Model,
	options: TrainingPlanOptions,
	limit: number = mostBytes - spare,
): number {
	const bytesOf = (batch: number): number =>
		Object.values(draftOf(model, { ...options, batch }).regions).reduce((sum, n) => sum + n, 0);
	let [fits, fails] = [0, 1];
	while (bytesOf(fails) <= limit && fails < 2 ** 16) [fits, fails] = [fails, fails * 2];
	while (fails - fits > 1) {
		const middle = Math.floor((fits + fails) / 2);
		if (bytesOf(middle) <= limit) fits = middle;
		else fails = middle;
	}
	return fits;
}

/** An activation of a layer that learns, or of the last that does not: raw, with what makes it what the next layer takes. */
interface Raw extends Output {
	readonly norm: Address;
	readonly activation: Address;
}

/** What the makers of steps share. */
interface Network {
	readonly plan: Draft;
	readonly model: Model;
	readonly options: TrainingPlanOptions;
	readonly parameter: (tensor: string) => Address;
	readonly gradient: (tensor: string) => Address;
	readonly running: (tensor: string) => Address;
	readonly zeros: Address;
	readonly unbounded: Address;
	/** Slope and high of the activation; and of none. */
	readonly activation: Address;
	/** Epsilon and momentum. */
	readonly constants: Address;
	readonly norms: TrainingPlan["norms"][number][];
}

function draftOf(model: Model, options: TrainingPlanOptions): TrainingPlan {
	const { build, batch, threads, from, optimiser, average } = options;
	const { configuration } = model;
	const { size, inputChannels, classes } = configuration;
	const table = layers(configuration);
	const start = table.findIndex(({ name }) => name === from);
	if (!configuration.head)
		throw new MobileNetError("usage", "the model has no classifier to train: give it one first.");
	if (start < 0 || from === "pool")
		throw new MobileNetError(
			"usage",
			`there is no layer ${shown(from)} to train from; the layers are ${table.map(({ name }) => name).join(", ")}.`,
		);
	const learning = table.slice(start);
	const plan = draft(build);
	const parameters = parametersOf(learning, build, options.decayAll);
	const running = runningOf(learning, build);

	const reserve = ({ bytes }: ParameterList): Address => plan.reserve("weights", bytes / 4);
	const lists = {
		parameters: reserve(parameters),
		gradients: reserve(parameters),
		first: reserve(parameters),
		running: reserve(running),
		...(optimiser === "sgd" ? {} : { second: reserve(parameters) }),
		...(average ? { average: reserve(parameters), runningAverage: reserve(running) } : {}),
	};
	for (const [list, { parameters: all }] of [
		[lists.parameters, parameters],
		[lists.running, running],
	] as const)
		for (const { offset, ...placement } of all.values())
			plan.pack({ ...placement, offset: list.offset + offset });
	const targetPitch = pitchOf(classes);
	const targets = (): Address => plan.reserve("run", batch * targetPitch);
	const run = {
		targets: targets(),
		softTargets: targets(),
		factors: {
			crossEntropy: plan.reserve("run", 2),
			distillation: plan.reserve("run", 2),
			squaredError: plan.reserve("run", 2),
		},
		losses: plan.reserve("run", batch),
		constants: plan.reserve("run", 2),
		settings: plan.reserve("run", settingNames.length),
		dropout: plan.reserve("run", 2),
		squares: plan.reserve("run", squareSlices),
	};

	const widest = Math.max(
		...table.map((layer) => vectorOf(Math.max(layer.inputChannels, layer.outputChannels))),
	);
	const at = (list: Address, { parameters: all }: ParameterList, tensor: string): Address => ({
		...list,
		offset: list.offset + all.get(tensor)!.offset,
	});
	const network: Network = {
		...{ plan, model, options },
		parameter: (tensor) => at(lists.parameters, parameters, tensor),
		gradient: (tensor) => at(lists.gradients, parameters, tensor),
		running: (tensor) => at(lists.running, running, tensor),
		zeros: plan.constant(...new Array<number>(widest).fill(0)),
		unbounded: plan.constant(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY),
		activation: plan.constant(...activationOf(model)),
		constants: run.constants,
		norms: [],
	};

	// Forward.
	const pixelBytes = Math.ceil((batch * size ** 2 * inputChannels) / 64) * 64;
	const inputs = {
		bytes: { region: "pixels", offset: 0 },
		floats: { region: "pixels", offset: start === 0 ? pixelBytes : 0 },
	} as const;
	let last: Raw;
	if (start === 0) last = stemForward(network, learning[0]!, inputs);
	else {
		const frozen = table.slice(0, start);
		const output = layersInto(networkOf(plan, model, { batch, threads, keep: [] }), frozen);
		last = { ...output, ...identityOf(plan, vectorOf(table[start]!.inputChannels)) };
	}
	const passed: { readonly layer: Layer; readonly from: Raw; readonly to: Raw }[] = [];
	for (const layer of learning.filter((each) => each.kind === "depthwise" || each.kind === "pointwise")) {
		const to = convolutionForward(network, layer, last);
		passed.push({ layer, from: last, to });
		last = to;
	}
	const pool = start <= table.length - 2 ? table.at(-2)! : undefined;
	const pooled = pool ? poolForward(network, pool, last) : last;
	const dropout = dropoutOf(network, run.dropout);
	const classifier = table.at(-1)!;
	dropout(pooled);
	const logits = classifierForward(network, classifier, pooled);
	const logitGradient = lossSteps(network, logits, run, targetPitch);
	const backwardFirst = plan.steps();

	// Backward.
	const pooledGradient = classifierBackward(
		network,
		classifier,
		pooled,
		logitGradient,
		targetPitch,
		pool !== undefined,
	);
	if (pool && pooledGradient) {
		dropout(pooledGradient);
		let g = poolBackward(network, pool, pooledGradient, last);
		for (const [i, { layer, from: input, to }] of [...passed.entries()].reverse()) {
			normBackward(network, layer, to, g);
			g = convolutionBackward(network, layer, input, to, g, i > 0 || start === 0);
		}
		if (start === 0) {
			const stem = learning[0]!;
			const output = passed[0]!.from;
			normBackward(network, stem, output, g);
			stemBackward(network, stem, inputs.floats, output, g);
		}
	}
	const normFirst = plan.steps();

	// Update.
	const length = parameters.bytes / 4;
	plan.step("gradientNorm", "update", {
		gradients: lists.gradients,
		sums: run.squares,
		length,
		slices: squareSlices,
	});
	const updateFirst = plan.steps();
	const moved = (address: Address, bytes: number): Address => ({
		...address,
		offset: address.offset + bytes,
	});
	for (const [offset, bytes, decays] of [
		[0, parameters.decayedBytes, 1],
		[parameters.decayedBytes, parameters.bytes - parameters.decayedBytes, 0],
	] as const) {
		if (bytes === 0) continue;
		const operands = {
			parameters: moved(lists.parameters, offset),
			gradients: moved(lists.gradients, offset),
			first: moved(lists.first, offset),
			...{ settings: run.settings, length: bytes / 4, decays },
		};
		if (optimiser === "sgd") plan.step("sgd", "update", operands);
		else plan.step(optimiser, "update", { ...operands, second: moved(lists.second!, offset) });
	}
	if (average) {
		const { settings } = run;
		plan.step("movingAverage", "update", {
			parameters: lists.parameters,
			average: lists.average!,
			settings,
			length,
		});
		if (running.bytes > 0)
			plan.step("movingAverage", "update", {
				...{ parameters: lists.running, average: lists.runningAverage! },
				...{ settings, length: running.bytes / 4 },
			});
	}
	const end = plan.steps();

	const { bytes, placed, ...drafted } = plan.finish();
	const floatBytes = batch * size ** 2 * inputChannels * 4;
	return {
		...drafted,
		...{ build, threads, batch, size, inputChannels },
		regions: { pixels: inputs.floats.offset + floatBytes, ...bytes },
		forward:
			start === 0
				? {
						bytes: { entry: 0, first: 1, last: backwardFirst },
						floats: { entry: 1, first: 2, last: backwardFirst },
					}
				: {
						bytes: { entry: 1, first: 2, last: backwardFirst },
						floats: { entry: 0, first: 2, last: backwardFirst },
					},
		backward: { first: backwardFirst, last: normFirst },
		norm: { first: normFirst, last: updateFirst },
		update: { first: updateFirst, last: end },
		...{ inputs, parameters, running, lists, run, targetPitch, squareSlices },
		norms: network.norms.map((norm) => ({ ...norm, address: placed(norm.address) })),
	};
}

/** Slope below 0, and the highest value. */
function activationOf({ configuration: { activation, leakySlope } }: Model): readonly [number, number] {
	return [activation === "leakyRelu" ? leakySlope : 0, activation === "relu6" ? 6 : Number.POSITIVE_INFINITY];
}

/** A norm and an activation that change nothing. */
function identityOf(plan: Draft, vector: number): Pick<Raw, "norm" | "activation"> {
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

/** Batch norm of a raw output, from the partial sums that its layer made. */
function normForward(
	network: Network,
	layer: Layer,
	output: Output,
	partials: { readonly partials: Address; readonly rows: number; readonly bandRows: number },
): Raw {
	const { plan, model, options, constants, activation } = network;
	const { name, outputChannels: channels, outputSize } = layer;
	const norm = plan.scratch(normOf(channels));
	plan.step("batchNorm", name, {
		...partials,
		gamma: network.parameter(`${name}.bn.weight`),
		beta: network.parameter(`${name}.bn.bias`),
		runningMean: network.running(`${name}.bn.running_mean`),
		runningVariance: network.running(`${name}.bn.running_var`),
		...{ constants, norm, channels, pixels: outputSize ** 2 },
		frozen: options.frozenNorm ? 1 : 0,
		unbiased: model.configuration.runningVariance === "unbiased" ? 1 : 0,
	});
	network.norms.push({ layer: name, address: norm, channels });
	return { ...output, norm, activation };
}

function stemForward(network: Network, layer: Layer, inputs: TrainingPlan["inputs"]): Raw {
	const { plan, model, options, zeros, unbounded } = network;
	const { name, inputSize, outputSize, inputChannels, outputChannels, padding } = layer;
	const { factors, mean, order } = pixelInputs(model.preprocessing, inputChannels);
	const row = (values: readonly number[]): number[] => Array.from({ length: inputSize }, () => values).flat();
	const swapped = order.some((c, i) => c !== i) ? 1 : 0;
	// What pixelInputs gives is in the picture's order, and here the channels change places first.
	const own = (values: readonly number[]): number[] => order.map((c) => values[c]!);
	plan.step("normalise", name, {
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
		weights: network.parameter(weightOf(layer)),
		...{ bias: zeros, bounds: unbounded, output: output.address, outputPitch: output.pitch, partials },
		band: plan.scratch(options.threads * bandFloats),
		...{ inputSize, outputSize, inputChannels, outputChannels, before: padding.before, bandRows },
	});
	return normForward(network, layer, output, { partials, rows: outputSize, bandRows });
}

function convolutionForward(network: Network, layer: Layer, from: Raw): Raw {
	const { plan, options, zeros, unbounded } = network;
	const { batch, threads } = options;
	const { name, kind, inputSize, outputSize, inputChannels, outputChannels, stride, padding } = layer;
	const output = outputOf(network, layer);
	const { bandRows, bandFloats } = bandsOfLayer(layer, batch).forward;
	const rows = kind === "depthwise" ? outputSize : outputSize ** 2;
	const partials = plan.scratch(partialsOf(batch * rows, bandRows, outputChannels));
	const operands = {
		...{ input: from.address, inputNorm: from.norm, activation: from.activation, inputPitch: from.pitch },
		weights: network.parameter(weightOf(layer)),
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

function poolForward(network: Network, layer: Layer, from: Raw): Output {
	const output = outputOf(network, layer);
	network.plan.step("trainAveragePool", layer.name, {
		...{ input: from.address, inputNorm: from.norm, activation: from.activation, inputPitch: from.pitch },
		...{ output: output.address, outputPitch: output.pitch },
		...{ rows: layer.inputSize ** 2, channels: layer.outputChannels },
	});
	return output;
}

/** Dropout of the features, and of their gradient; nothing where nothing is dropped. */
function dropoutOf({ plan, model }: Network, settings: Address): (values: Output) => void {
	const { dropout } = model.configuration;
	const channels = layers(model.configuration).at(-1)!.inputChannels;
	if (dropout === 0) return () => undefined;
	const keep = plan.constant(1 - dropout);
	return ({ address, pitch }) =>
		plan.step("dropout", "classifier", { values: address, settings, keep, channels, pitch });
}

function classifierForward(network: Network, layer: Layer, pooled: Output): Output {
	const { plan, options, unbounded } = network;
	const { name, inputChannels, outputChannels } = layer;
	const shape = { size: 1, channels: outputChannels, pitch: pitchOf(outputChannels) };
	const output = plan.output(name, shape, options.batch, true);
	plan.step("pointwise", name, {
		...{ input: pooled.address, inputPitch: pooled.pitch },
		...{ output: output.address, outputPitch: output.pitch, bounds: unbounded },
		weights: network.parameter(weightOf(layer)),
		bias: network.parameter(`${name}.bias`),
		...{ rows: 1, inputChannels, outputChannels },
	});
	return output;
}

/** All losses, and the gradient of the logits. */
function lossSteps(
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

/** Gradients of the classifier and, where asked for, of the features. */
function classifierBackward(
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
		weightGradient: network.gradient(weightOf(layer)),
		biasGradient: network.gradient(`${name}.bias`),
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

/** The weights of a pointwise or dense layer with inputs and outputs in each other's place. */
function transposed(network: Network, layer: Layer): Address {
	const { plan, options } = network;
	const { inputChannels, outputChannels } = layer;
	const { length } = packings[packingOf(options.build)].panels;
	const address = plan.scratch(length([inputChannels, outputChannels, 1, 1]));
	plan.step("transpose", layer.name, {
		weights: network.parameter(weightOf(layer)),
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

function poolBackward(network: Network, layer: Layer, gradient: Output, from: Raw): Gradient {
	const { plan, options } = network;
	const { inputSize, outputChannels: channels } = layer;
	const rows = inputSize ** 2;
	// Of a pointwise layer of that size: a band of what it reads and writes.
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

function normBackward(
	network: Network,
	layer: Layer,
	{ norm }: Raw,
	{ address: _, ...partials }: Gradient,
): void {
	const { name, outputChannels: channels, outputSize } = layer;
	network.plan.step("batchNormBackward", name, {
		...{ ...partials, norm, channels, pixels: outputSize ** 2 },
		gammaGradient: network.gradient(`${name}.bn.weight`),
		betaGradient: network.gradient(`${name}.bn.bias`),
		frozen: network.options.frozenNorm ? 1 : 0,
	});
}

function convolutionBackward(
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
			weights: network.parameter(weightOf(layer)),
			...{ inputSize, outputSize, channels: outputChannels, stride, before: padding.before },
		});
	else
		plan.step("pointwiseBackward", name, {
			...operands,
			// Not read where the input's gradient is not wanted.
			weights: wantsInput ? transposed(network, layer) : zeros,
			...{ bias: zeros, bounds: unbounded, rows, inputChannels, outputChannels },
		});
	sumSlices(network, layer, weightSlices, slices);
	return { address: inputGradient, partials, rows, bandRows };
}

function stemBackward(network: Network, layer: Layer, input: Address, to: Raw, g: Gradient): void {
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
		weights: network.parameter(weightOf(layer)),
		inputGradient: plan.output("input", shape, options.batch, true).address,
	});
}

function packedLength({ options }: Network, layer: Layer): number {
	return packings[packingOf(options.build)][layer.kind === "depthwise" ? "lanes" : "panels"].length(
		packedShape(layer),
	);
}

function slicesOf(network: Network, layer: Layer, slices: number): Address {
	return network.plan.scratch(slices * packedLength(network, layer));
}

function sumSlices(network: Network, layer: Layer, weightSlices: Address, slices: number): void {
	network.plan.step("sumSlices", layer.name, {
		...{ weightSlices, slices, length: packedLength(network, layer) },
		weightGradient: network.gradient(weightOf(layer)),
	});
}
