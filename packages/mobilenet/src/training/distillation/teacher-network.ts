/**
 * A network as a teacher: it answers pixels with logits of the data's classes, whatever classes it was trained on, or with
 * its pooled features. `shownTeacher` runs it on every crop that the student sees; teacher-cache.ts keeps its answers.
 */
import { MobileNetError } from "../../base/error.ts";
import type { Dataset } from "../../data/dataset.ts";
import { arithmeticOf, executorFor, kernelSetFor, plannerFor } from "../../engine/arithmetic.ts";
import { threadsFor } from "../../engine/threads.ts";
import { loadBuild } from "../../kernels/load.ts";
import type { Build } from "../../kernels/walker.ts";
import { matchClasses } from "../../labels/match.ts";
import { MobileNet } from "../../model/mobilenet.ts";
import { layers } from "../../network/layers.ts";
import { digestOf } from "../../weights/digest.ts";
import type { Model } from "../../weights/model.ts";
import { type EmbeddingsOptions, embeddingsOf } from "../embeddings.ts";
import { trainHead, withHead } from "../head.ts";
import { softTargets, type Teacher, type TeacherView } from "./teacher.ts";

export interface TeacherNetwork {
	readonly kind: Teacher["kind"];
	/** Numbers per picture. */
	readonly outputs: number;
	readonly view: TeacherView;
	/** Identifies all that its answers depend on besides the pixels. */
	readonly fingerprint: string;
	/** Notes for a person on how its classes were matched, a sentence each. */
	readonly notes: readonly string[];
	/**
	 * Its answers to pictures, [count, size, size, channels] bytes: logits of the data's classes, or pooled features.
	 *
	 * @param into [count, outputs]
	 */
	readonly answers: (pixels: Uint8Array, count: number, into: Float32Array) => void;
	readonly dispose: () => void;
}

export interface TeacherNetworkOptions {
	/** Default: `probabilities`. */
	readonly kind?: Teacher["kind"] | undefined;
	readonly build?: Build | undefined;
	readonly threads?: number | undefined;
}

/** Pictures per run of the network. */
const batch = 8;

/**
 * Prepares a network as a teacher. The data's classes are looked up among its own by WordNet id, label or synonym; its
 * other outputs are dropped. `withTeacherHead` makes a network whose classes are the data's.
 *
 * @param dataset the student's training data; an embedding needs no classes
 * @throws MobileNetError `usage` if the network does not know the data's classes
 * @example
 * const network = await teacherNetwork(await readModel("mobilenet_v1_1.0_224.tflite"), dataset);
 * const teacher = shownTeacher(network, { temperature: 4 });
 */
export async function teacherNetwork(
	model: Model,
	dataset: Pick<Dataset, "name" | "classes">,
	{ kind = "probabilities", build, threads: asked }: TeacherNetworkOptions = {},
): Promise<TeacherNetwork> {
	const { configuration, preprocessing, labels } = model;
	const { size, inputChannels: channels } = configuration;
	const { filter, fit } = preprocessing;
	if (kind === "probabilities" && (configuration.output === "sigmoid" || configuration.binary))
		throw new MobileNetError(
			"unsupported",
			"the teacher's outputs are sigmoids, which a student cannot learn yet: train a classifier of the data on it first (teacherHead, --teacher-head on the command line), or learn from its embedding.",
		);
	const table = layers(configuration);
	const layer = kind === "embedding" ? "pool" : "classifier";
	const source = table.find(({ name }) => name === layer);
	if (!source)
		throw new MobileNetError(
			"usage",
			"the teacher has no classifier: train one on the data first, or learn from its embedding.",
		);
	const match =
		kind === "embedding"
			? { outputs: Int32Array.from({ length: source.outputChannels }, (_, i) => i), notes: [] }
			: matchClasses({
					name: dataset.name,
					classes: dataset.classes,
					labels,
					outputs: source.outputChannels,
				});
	const threads = threadsFor(configuration, asked);
	const arithmetic = arithmeticOf(model, undefined);
	const kernelSet = kernelSetFor(model, arithmetic);
	const [planner, { loaded }] = await Promise.all([
		plannerFor(arithmetic),
		loadBuild({ build, shared: threads > 1, kernelSet }),
	]);
	const executor = executorFor(model, planner, { build: loaded.build, batch, threads }, loaded);
	const bytes = size * size * channels;
	const outputs = match.outputs.length;
	return {
		kind,
		outputs,
		view: { size, channels, filter, fit },
		fingerprint: `${digestOf(model)} ${layer} ${match.outputs.join()}`,
		notes: match.notes,
		answers: (pixels, count, into) => {
			for (let first = 0; first < count; first += batch) {
				const pictures = Math.min(batch, count - first);
				executor.pixels.set(pixels.subarray(first * bytes, (first + pictures) * bytes));
				executor.run("bytes", pictures, layer);
				for (let n = 0; n < pictures; n++) {
					const values = executor.read(layer, n);
					for (let i = 0; i < outputs; i++) into[(first + n) * outputs + i] = values[match.outputs[i]!]!;
				}
			}
		},
		dispose: executor.dispose,
	};
}

/**
 * The network with a classifier trained on the data's own pictures (head.ts): the better teacher if its classes differ.
 * Only pictures with labels are used.
 *
 * @param indices numbers of the pictures to train on; never include those that validate the student
 */
export async function withTeacherHead(
	model: Model,
	dataset: Dataset,
	indices: Int32Array,
	{ seed, threads, build, ...options }: EmbeddingsOptions & TeacherHeadOptions = {},
): Promise<Model> {
	const network = await MobileNet.from(model, { arithmetic: "float", threads, build });
	try {
		const labeled = indices.filter((index) => dataset.labels[index]! >= 0);
		const { vectors, labels, indices: groups } = await embeddingsOf(network, dataset, labeled, options);
		const { signal } = options;
		const head = await trainHead(vectors, labels, dataset.classes.length, { seed, groups, signal });
		return withHead(network.model, head, dataset.classes);
	} finally {
		network.dispose();
	}
}

export interface TeacherHeadOptions {
	/** Seed of cross-validation. Default: 0. */
	readonly seed?: number | undefined;
	readonly build?: Build | undefined;
	readonly threads?: number | undefined;
}

/**
 * A teacher that sees what the student sees, at the teacher's own size.
 *
 * @param temperature above 0; omit it for an embedding
 */
export function shownTeacher(
	network: TeacherNetwork,
	{ temperature = 1 }: { readonly temperature?: number | undefined } = {},
): Teacher {
	const { kind, outputs, view } = network;
	checkTemperature(temperature, kind);
	const bytes = view.size ** 2 * view.channels;
	let answers = new Float32Array(0);
	return {
		kind,
		outputs,
		temperature,
		view,
		targets: ({ count, pixels }, into, pitch) => {
			if (pixels === undefined || pixels.length < count * bytes)
				throw new MobileNetError(
					"usage",
					`the teacher needs the pixels of ${count} pictures of ${bytes} bytes, but received ${pixels?.length ?? 0} bytes.`,
				);
			if (answers.length < count * outputs) answers = new Float32Array(count * outputs);
			network.answers(pixels, count, answers);
			writeTargets(network, temperature, answers.subarray(0, count * outputs), into, pitch);
		},
		dispose: network.dispose,
	};
}

/** @throws MobileNetError `usage` */
export function checkTemperature(temperature: number, kind: Teacher["kind"]): void {
	if (!(temperature > 0 && Number.isFinite(temperature)))
		throw new MobileNetError("usage", `the temperature must be a number above 0, not ${temperature}.`);
	if (kind === "embedding" && temperature !== 1)
		throw new MobileNetError(
			"usage",
			"temperature divides logits, but an embedding has none: omit temperature.",
		);
}

/** Turns the answers to a batch into targets. */
export function writeTargets(
	{ kind, outputs }: Pick<TeacherNetwork, "kind" | "outputs">,
	temperature: number,
	answers: Float32Array,
	into: Float32Array,
	pitch: number,
): void {
	if (kind === "probabilities") {
		softTargets(answers, temperature, into, { classes: outputs, pitch });
		return;
	}
	for (let row = 0; row * outputs < answers.length; row++)
		into.set(answers.subarray(row * outputs, (row + 1) * outputs), row * pitch);
}
