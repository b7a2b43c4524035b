/**
 * The plan of training: forward with the batch's statistics, loss, backward, update, in one list of steps and one arena.
 * Layers before the first that learns are planned as for inference. The raw outputs of the others stay in the arena until
 * backward has read them; kernels/training-operations.ts says how activations and masks are recomputed from them.
 */
import { MobileNetError, shown } from "../../base/error.ts";
import { pitchOf } from "../../kernels/table.ts";
import { settingNames, vectorOf } from "../../kernels/training-shapes.ts";
import { mostBytes } from "../../kernels/walker.ts";
import { type Layer, layers } from "../../network/layers.ts";
import type { Model } from "../../weights/model.ts";
import { type ParameterList, parametersOf, runningOf } from "../parameters.ts";
import type { Address } from "../plan.ts";
import { createPlanBuilder } from "../plan-builder.ts";
import { checkTrainable } from "../trainable.ts";
import type { TrainingPlanOptions } from "../training-executor.ts";
import { layersInto, networkOf } from "./inference.ts";
import {
	classifierBackward,
	convolutionBackward,
	normBackward,
	poolBackward,
	stemBackward,
} from "./training-backward.ts";
import {
	activationOf,
	classifierForward,
	convolutionForward,
	dropoutOf,
	identityOf,
	lossSteps,
	type Network,
	poolForward,
	type Raw,
	stemForward,
} from "./training-forward.ts";
import type { TrainingPlan } from "./training-plan.ts";

/** Slices in which the squares of the gradients are summed. */
const squareSlices = 64;
/** Bytes kept free for steps and alignment. */
const spare = 2 ** 20;

/**
 * Plans a network for training.
 *
 * @param model a model in float32 with batch norm everywhere (weights/unfold.ts)
 * @throws MobileNetError `usage` if there is no such layer or no classifier; `engine` if the plan does not fit in memory
 * @example
 * trainingPlan(initialize(configure({ classes: 10 })), options).steps.length
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

/** The most pictures for which a training plan fits in memory; 0 if not even one does. */
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

function draftOf(model: Model, options: TrainingPlanOptions): TrainingPlan {
	const { build, batch, threads, from, optimizer, average } = options;
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
	checkTrainable(configuration);
	const learning = table.slice(start);
	const plan = createPlanBuilder(build);
	const parameters = parametersOf(learning, build, options.decayAll);
	const running = runningOf(learning, build);

	const reserve = ({ bytes }: ParameterList): Address => plan.reserve("weights", bytes / 4);
	const lists = {
		parameters: reserve(parameters),
		gradients: reserve(parameters),
		first: reserve(parameters),
		running: reserve(running),
		...(optimizer === "sgd" ? {} : { second: reserve(parameters) }),
		...(average ? { average: reserve(parameters), runningAverage: reserve(running) } : {}),
	};
	for (const [list, { parameters: all }] of [
		[lists.parameters, parameters],
		[lists.running, running],
	] as const)
		for (const { offset, ...placement } of all.values())
			plan.pack({ ...placement, offset: list.offset + offset });
	const targetPitch = pitchOf(classes);
	const targets = (): Address => plan.reserve("exchange", batch * targetPitch);
	const run = {
		targets: targets(),
		softTargets: targets(),
		factors: {
			crossEntropy: plan.reserve("exchange", 2),
			distillation: plan.reserve("exchange", 2),
			squaredError: plan.reserve("exchange", 2),
		},
		losses: plan.reserve("exchange", batch),
		constants: plan.reserve("exchange", 2),
		settings: plan.reserve("exchange", settingNames.length),
		dropout: plan.reserve("exchange", 2),
		squares: plan.reserve("exchange", squareSlices),
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
		if (optimizer === "sgd") plan.step("sgd", "update", operands);
		else plan.step(optimizer, "update", { ...operands, second: moved(lists.second!, offset) });
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
