/**
 * The trainer's engine in its plainest form: the classifier alone learns, in TypeScript, on the features that the
 * network gives. It stands where the loop is tested and not the gradients of the network.
 */
import { executorFor } from "../src/engine/arithmetic.ts";
import type {
	LossSettings,
	TrainingExecutor,
	TrainingPlanOptions,
	UpdateSettings,
} from "../src/engine/training-executor.ts";
import { loadBuild } from "../src/kernels/load.ts";
import { decays } from "../src/training/optimiser.ts";
import type { Engine } from "../src/training/trainer.ts";
import type { Model, Tensor } from "../src/weights/record.ts";

const parts = ["classifier.weight", "classifier.bias"] as const;

/** @param most pictures that it says memory holds */
export function headEngine(most = 1000): Engine {
	return {
		mostPictures: () => most,
		place: async () => ({ build: "reference", threads: 1 }),
		createTrainer,
	};
}

async function createTrainer(record: Model, options: TrainingPlanOptions): Promise<TrainingExecutor> {
	const { batch } = options;
	const { loaded } = await loadBuild({ build: "baseline" });
	const plan = { build: loaded.build, batch, keep: [], threads: 1 };
	const network = executorFor(record, "float", plan, loaded);
	const { classes } = record.configuration;
	const parameters = copies(record.tensors, (data) => data.slice());
	const gradients = copies(record.tensors, (data) => new Float32Array(data.length));
	const momenta = copies(record.tensors, (data) => new Float32Array(data.length));
	const averages = copies(record.tensors, (data) => data.slice());
	const features = record.tensors.get("classifier.weight")!.shape[1]!;
	const pitch = classes + 3;
	const targets = new Float32Array(batch * pitch);
	let pooled: Float32Array[] = [];
	let errors: Float64Array[] = [];
	let outputs: Float32Array[] = [];

	const logitsOf = (x: Float32Array): Float32Array => {
		const [weight, bias] = parts.map((name) => parameters.get(name)!);
		return Float32Array.from({ length: classes }, (_, c) => {
			let sum = bias![c]!;
			for (let j = 0; j < features; j++) sum += weight![c * features + j]! * x[j]!;
			return sum;
		});
	};
	const tensorsOf = (values: Map<string, Float32Array>) =>
		new Map(
			parts.map((name): [string, Tensor] => [
				name,
				{ dtype: "F32", shape: record.tensors.get(name)!.shape, data: values.get(name)!.slice() },
			]),
		);
	return {
		pixels: network.pixels,
		floats: network.floats,
		targets,
		softTargets: new Float32Array(batch * pitch),
		targetPitch: pitch,
		bytes: network.bytes,
		forward: (input, pictures, { total = pictures, hardWeight }: LossSettings) => {
			network.run(input, pictures);
			pooled = Array.from({ length: pictures }, (_, n) => network.read("pool", n));
			outputs = pooled.map(logitsOf);
			let loss = 0;
			errors = outputs.map((logits, n) => {
				const own = targets.subarray(n * pitch, n * pitch + classes);
				const most = Math.max(...logits);
				const sum = logits.reduce((all, x) => all + Math.exp(x - most), 0);
				const weight = own.reduce((all, t) => all + t, 0);
				for (const [c, t] of own.entries()) loss -= t * (logits[c]! - most - Math.log(sum));
				return Float64Array.from(
					logits,
					(x, c) => (hardWeight * ((weight * Math.exp(x - most)) / sum - own[c]!)) / total,
				);
			});
			return (hardWeight * loss) / pictures;
		},
		backward: () => {
			for (const [n, error] of errors.entries())
				for (let c = 0; c < classes; c++) {
					gradients.get("classifier.bias")![c]! += error[c]!;
					for (let j = 0; j < features; j++)
						gradients.get("classifier.weight")![c * features + j]! += error[c]! * pooled[n]![j]!;
				}
		},
		gradientNorm: () =>
			Math.sqrt(
				[...gradients.values()].reduce((sum, values) => values.reduce((all, g) => all + g * g, sum), 0),
			),
		update: (settings: UpdateSettings) => {
			const { learningRate, weightDecay, momentum, nesterov, step, gradientFactor, averageShare } = settings;
			for (const name of parts) {
				const [w, g, b, a] = [parameters, gradients, momenta, averages].map((of) => of.get(name)!);
				const decay = decays(name) || options.decayAll ? weightDecay : 0;
				for (let i = 0; i < w!.length; i++) {
					const d = gradientFactor * g![i]! + decay * w![i]!;
					b![i] = step === 1 ? d : momentum * b![i]! + d;
					w![i]! -= learningRate * (nesterov ? d + momentum * b![i]! : b![i]!);
					a![i]! += averageShare * (w![i]! - a![i]!);
				}
				g!.fill(0);
			}
		},
		logits: (picture) => outputs[picture]!,
		firstNotFinite: () => (outputs.some((row) => !row.every(Number.isFinite)) ? "classifier" : undefined),
		record: (which) => ({
			...record,
			tensors: new Map([...record.tensors, ...tensorsOf(which === "average" ? averages : parameters)]),
		}),
		state: () =>
			new Map(
				[
					["momentum", momenta],
					["average", averages],
				].flatMap(([kind, values]) =>
					[...tensorsOf(values as Map<string, Float32Array>)].map(([name, tensor]): [string, Tensor] => [
						`${kind}.${name}`,
						tensor,
					]),
				),
			),
		restore: ({ tensors }, state) => {
			for (const name of parts) {
				parameters.get(name)!.set(tensors.get(name)!.data);
				momenta.get(name)!.set(state.get(`momentum.${name}`)!.data);
				averages.get(name)!.set(state.get(`average.${name}`)!.data);
			}
		},
		gradient: (name) => gradients.get(name)!,
		threads: () => 1,
		dispose: network.dispose,
	};
}

function copies(
	tensors: Model["tensors"],
	of: (data: Float32Array) => Float32Array,
): Map<string, Float32Array> {
	return new Map(parts.map((name) => [name, of(tensors.get(name)!.data as Float32Array)]));
}
