/** Places a training plan in memory with the weights of a model; the interface is in training-executor.ts. */
import { MobileNetError } from "../base/error.ts";
import { packings } from "../kernels/packing.ts";
import { normVectors, settingNames, vectorOf } from "../kernels/training-shapes.ts";
import { type LoadedBuild, packingOf } from "../kernels/walker.ts";
import { dequantize } from "../weights/dequantize.ts";
import { fold } from "../weights/fold.ts";
import type { Model } from "../weights/model.ts";
import { partsOf, tensorsOf } from "../weights/parts.ts";
import { float32, sizeOf, type Tensor } from "../weights/tensor.ts";
import { unfold } from "../weights/unfold.ts";
import { placeInMemory } from "./memory.ts";
import type { ParameterList } from "./parameters.ts";
import type { Address } from "./plan.ts";
import { trainingPlan } from "./plans/training.ts";
import type { TrainingExecutor, TrainingPlanOptions } from "./training-executor.ts";

/** The lists besides weights and gradients, by their names in a checkpoint. */
const stateLists = ["first", "second", "average", "runningAverage"] as const;

/**
 * Creates the executor for training a network.
 *
 * @param model the initial model; quantized or folded weights become float32 with batch norm
 * @param loaded the training kernels: `loadBuild({ kernelSet: "training" })`
 * @throws MobileNetError `engine` if the batch does not fit in memory, `usage` if there is nothing to train
 */
export function createTrainer(
	model: Model,
	options: TrainingPlanOptions,
	loaded: LoadedBuild,
): TrainingExecutor {
	const start = unfold(dequantize(model));
	const plan = trainingPlan(start, options);
	const placed = placeInMemory(plan, prepared(start, options.from), loaded);
	const { buffer, byteOf } = placed;
	const { run, lists, forward, backward, norm, update, batch } = plan;
	const floatsAt = (address: Address, length: number): Float32Array =>
		new Float32Array(buffer, byteOf(address), length);
	const list = (address: Address, { bytes }: ParameterList): Float32Array => floatsAt(address, bytes / 4);
	const packing = packings[packingOf(options.build)];

	const memories = new Map<string, { readonly values: Float32Array; readonly of: ParameterList }>();
	for (const name of stateLists) {
		const address = lists[name];
		const of = name === "runningAverage" ? plan.running : plan.parameters;
		if (address) memories.set(name, { values: list(address, of), of });
	}
	const parameters = { values: list(lists.parameters, plan.parameters), of: plan.parameters };
	const running = { values: list(lists.running, plan.running), of: plan.running };
	const gradients = { values: list(lists.gradients, plan.parameters), of: plan.parameters };
	// RMSprop's mean square begins with ones. That includes the padding, whose gradients are zero anyway.
	if (options.optimizer === "rmsprop") memories.get("second")!.values.fill(1);
	memories.get("average")?.values.set(parameters.values);
	memories.get("runningAverage")?.values.set(running.values);

	const { size, inputChannels } = plan;
	const { momentum } = start.configuration;
	const inputs = batch * size ** 2 * inputChannels;
	const factors = {
		crossEntropy: floatsAt(run.factors.crossEntropy, 2),
		distillation: floatsAt(run.factors.distillation, 2),
		squaredError: floatsAt(run.factors.squaredError, 2),
	};
	const losses = floatsAt(run.losses, batch);
	const constants = floatsAt(run.constants, 2);
	constants[0] = start.configuration.epsilon;
	const settings = floatsAt(run.settings, settingNames.length);
	const dropout = new Int32Array(buffer, byteOf(run.dropout), 2);
	const squares = floatsAt(run.squares, plan.squareSlices);
	const norms = plan.norms.map(({ layer, address, channels }) => ({
		layer,
		values: floatsAt(address, normVectors.length * vectorOf(channels)),
		vector: vectorOf(channels),
	}));
	let pictures = 0;
	/** Pictures of the step's earlier runs. */
	let before = 0;

	const unpacked = ({ values, of }: Values): Map<string, Tensor> =>
		new Map(
			[...of.parameters.values()].map(({ tensor, shape, packing: kind, offset }) => {
				const data = new Float32Array(sizeOf(shape));
				const length = packing[kind].length(shape);
				packing[kind].unpack(values.subarray(offset / 4, offset / 4 + length), shape, data);
				return [tensor, float32(data, start.tensors.get(tensor)!.shape)];
			}),
		);
	const pack = ({ values, of }: Values, tensors: ReadonlyMap<string, Tensor>, prefix: string): void => {
		for (const { tensor, shape, packing: kind, offset } of of.parameters.values()) {
			const found = tensors.get(`${prefix}${tensor}`);
			if (found?.dtype !== "F32" || found.data.length !== sizeOf(shape))
				throw new MobileNetError(
					"broken-file",
					`the checkpoint has no tensor ${prefix}${tensor} of ${sizeOf(shape)} numbers in F32: it is from another network or from other options.`,
				);
			packing[kind].pack(found.data, shape, values.subarray(offset / 4));
		}
	};

	return {
		pixels: new Uint8Array(buffer, byteOf(plan.inputs.bytes), inputs),
		floats: floatsAt(plan.inputs.floats, inputs),
		targets: floatsAt(run.targets, batch * plan.targetPitch),
		softTargets: floatsAt(run.softTargets, batch * plan.targetPitch),
		targetPitch: plan.targetPitch,
		forward: (
			input,
			count,
			{ total = count, hardWeight, softWeight, temperature, dropoutSeed, normMomentum = momentum },
		) => {
			pictures = count;
			constants[1] = normMomentum;
			factors.crossEntropy[0] = hardWeight / total;
			factors.crossEntropy[1] = 1;
			factors.distillation[0] = (softWeight * temperature ** 2) / total;
			factors.distillation[1] = temperature;
			factors.squaredError[0] = softWeight / total;
			dropout[0] = dropoutSeed;
			dropout[1] = before;
			const { entry, first, last } = forward[input];
			placed.run(count, entry, first, last);
			let sum = 0;
			for (let n = 0; n < count; n++) sum += losses[n]!;
			return (sum * total) / count;
		},
		backward: () => {
			placed.run(pictures, backward.first, backward.first + 1, backward.last);
			before += pictures;
		},
		gradientNorm: () => {
			placed.run(pictures, norm.first, norm.first + 1, norm.last);
			let sum = 0;
			for (let i = 0; i < squares.length; i++) sum += squares[i]!;
			return Math.sqrt(sum);
		},
		update: (given) => {
			before = 0;
			// In the order of settingNames, without allocating an object or a list per step.
			settings[0] = given.learningRate;
			settings[1] = given.weightDecay;
			settings[2] = given.gradientFactor;
			settings[3] = given.momentum;
			settings[4] = given.nesterov ? 1 : 0;
			settings[5] = given.decay;
			settings[6] = given.beta1;
			settings[7] = given.beta2;
			settings[8] = given.epsilon;
			// From the values that float32 holds: with 0.999 itself, 1 − 0.999 would be off by 1e-5.
			settings[9] = 1 / (1 - Math.fround(given.beta1) ** given.step);
			settings[10] = 1 / (1 - Math.fround(given.beta2) ** given.step);
			settings[11] = given.averageShare;
			placed.run(pictures, update.first, update.first + 1, update.last);
		},
		logits: (picture) => placed.read("classifier", picture),
		firstNotFinite: () =>
			norms.find(({ values, vector }) => !allFinite(values.subarray(0, 4 * vector)))?.layer ??
			(allFinite(losses.subarray(0, pictures)) ? undefined : "classifier"),
		model: (which) => {
			const average = which === "average" && memories.has("average");
			return {
				...start,
				tensors: new Map([
					...start.tensors,
					...unpacked(average ? memories.get("average")! : parameters),
					...unpacked(average ? memories.get("runningAverage")! : running),
				]),
			};
		},
		state: () =>
			new Map(
				[...memories].flatMap(([name, memory]) =>
					[...unpacked(memory)].map(([tensor, value]) => [`${name}.${tensor}`, value] as const),
				),
			),
		restore: (from, state) => {
			pack(parameters, from.tensors, "");
			pack(running, from.tensors, "");
			for (const [name, memory] of memories) pack(memory, state, `${name}.`);
			gradients.values.fill(0);
			before = 0;
		},
		gradient: (name) => {
			if (name === "input")
				return concatenated(Array.from({ length: pictures }, (_, n) => placed.read("input", n)));
			const found = unpacked(gradients).get(name);
			if (!found) throw new MobileNetError("usage", `${name} does not learn.`);
			return found.data as Float32Array;
		},
		bytes: buffer.byteLength,
		threads: placed.threads,
		dispose: placed.dispose,
	};
}

/** Numbers in memory, in the layout of a list. */
interface Values {
	readonly values: Float32Array;
	readonly of: ParameterList;
}

/** Converts the model to what the plan takes: layers that do not learn are folded, as for inference. */
function prepared(model: Model, from: string): Model {
	const parts = partsOf(model).layers;
	const start = parts.findIndex(({ layer }) => layer.name === from);
	const folded = partsOf(fold(model)).layers;
	return { ...model, tensors: tensorsOf({ layers: [...folded.slice(0, start), ...parts.slice(start)] }) };
}

function allFinite(values: Float32Array): boolean {
	for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i]!)) return false;
	return true;
}

function concatenated(parts: readonly Float32Array[]): Float32Array {
	const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
	let at = 0;
	for (const part of parts) {
		all.set(part, at);
		at += part.length;
	}
	return all;
}
