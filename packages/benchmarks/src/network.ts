/** The network that all runtimes run, its inputs, and the files that they read. */
import { existsSync, rmSync } from "node:fs";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MobileNet, type Model } from "mobilenet";
import { dequantize, fold, readModel, writeAs, writeModel } from "mobilenet/formats";
import { type Configuration, configure } from "mobilenet/network";
import { random } from "../../mobilenet/dist/base/random.js";
import { weights } from "./folders.ts";
import { inIntegers, photographs } from "./integers.ts";
import type { Job, NetworkFile, Precision } from "./protocol.ts";
import { UsageError } from "./usage-error.ts";

/** Trained networks by width multiplier, for any size. Weights for other widths are random. */
const trained: Readonly<Record<number, string>> = {
	1: join(weights, "mobilenet_v1_1.0_224_tfjs"),
	0.25: join(weights, "mobilenet_v1_0.25_224_tfjs"),
};
const seed = 1;

export type FileName = NetworkFile | "network.onnx" | "network.tflite";

export interface Network {
	readonly precision: Precision;
	/** The measured model, in integers if `precision` says so. */
	readonly model: Model;
	/** The same in float32 without batch norm, for the peers' float files. */
	readonly folded: Model;
	/** A description of where the weights come from. */
	readonly origin: string;
}

/** @throws UsageError if the files of the peers cannot express the model */
export async function chooseNetwork({
	model: location,
	alpha,
	size,
	precision,
}: {
	readonly model?: string | undefined;
	readonly alpha?: number | undefined;
	readonly size?: number | undefined;
	readonly precision: Precision;
}): Promise<Network> {
	const usual = trained[alpha ?? 1];
	const path = location ?? (usual && existsSync(usual) ? usual : undefined);
	const read = path
		? await readModel(path)
		: (await MobileNet.create({ alpha: alpha ?? 1 }, { seed, build: "reference" })).model;
	const { configuration } = read;
	if (alpha !== undefined && configuration.alpha !== alpha)
		throw new UsageError(
			`${path} has the width multiplier ${configuration.alpha}, not ${alpha}: omit --alpha.`,
		);
	check(configuration);
	const model = { ...read, configuration: configure({ ...configuration, size: size ?? configuration.size }) };
	return {
		precision,
		model: precision === "int8" ? await inIntegers(model) : model,
		folded: fold(dequantize(model)),
		origin: path ?? `random weights, seed ${seed}`,
	};
}

function check({ padding, lastBlock, activation, head }: Configuration): void {
	const faults = [
		padding === "same" ? [] : [`${padding} padding`],
		lastBlock === "stride1" ? [] : ["a last block of stride 2"],
		activation === "leakyRelu" ? ["leaky ReLU"] : [],
		head ? [] : ["no classifier"],
	].flat();
	if (faults.length > 0)
		throw new UsageError(
			`the files of the peers can only express networks with TensorFlow's conventions and a classifier, but this one has ${faults.join(", ")}.`,
		);
}

/**
 * The inputs of the runtimes, [batch, size, size, inputChannels] each: runs on the first are timed, and runtimes must agree
 * on all. In float32 there is a single input of seeded numbers from −1 to 1, different for every picture. In integers the
 * inputs are photographs, which are repeated to fill the last one.
 */
export async function inputsFor(
	{ model, precision }: Network,
	batch: number,
): Promise<readonly Float32Array<ArrayBuffer>[]> {
	const { size, inputChannels } = model.configuration;
	const length = size * size * inputChannels;
	if (precision === "fp32") {
		const { uniform } = random(seed);
		return [Float32Array.from({ length: batch * length }, () => uniform() * 2 - 1)];
	}
	const photos = await photographs(model);
	return Array.from({ length: Math.ceil(photos.length / batch) }, (_, n) => {
		const input = new Float32Array(batch * length);
		for (let i = 0; i < batch; i++) input.set(photos[(n * batch + i) % photos.length]!, i * length);
		return input;
	});
}

/** The probabilities of our public interface for the inputs, with which every runtime must agree. */
export async function probabilitiesOf(
	model: Model,
	inputs: readonly Float32Array[],
	batch: number,
): Promise<readonly number[]> {
	const network = await MobileNet.from(withSoftmax(model), { threads: 1 });
	const probabilities: number[] = [];
	for (const input of inputs) probabilities.push(...(await network.run(input, { batch })));
	network.dispose();
	return probabilities;
}

/** Calls `use` with a folder that contains the requested files, and removes the folder afterwards. */
export async function withFiles<Result>(
	{ model, folded, precision }: Network,
	{
		files,
		inputs,
		batch,
	}: {
		readonly files: ReadonlySet<FileName>;
		readonly inputs: readonly Float32Array<ArrayBuffer>[];
		readonly batch: number;
	},
	use: (folder: string) => Promise<Result>,
): Promise<Result> {
	const folder = await mkdtemp(join(tmpdir(), "mobilenet-benchmarks-"));
	const remove = () => rmSync(folder, { recursive: true, force: true });
	process.once("exit", remove);
	const isFloat = precision === "fp32";
	const writers: Record<FileName, () => Promise<Uint8Array>> = {
		"network.safetensors": async () => writeModel(model),
		"folded.safetensors": async () => writeModel(folded),
		"network.onnx": () => written(isFloat ? folded : model, "network.onnx", batch),
		"network.tflite": () => written(isFloat ? folded : model, "network.tflite", batch),
	};
	try {
		for (const file of files) await writeFile(join(folder, file), await writers[file]());
		await writeFile(
			join(folder, "input.f32"),
			inputs.map((input) => new Uint8Array(input.buffer)),
		);
		return await use(folder);
	} finally {
		remove();
		process.off("exit", remove);
	}
}

/** A peer's file, which ends with probabilities. */
async function written(model: Model, file: string, batch: number): Promise<Uint8Array> {
	return (await writeAs(withSoftmax(model), file, { batch })).get(file)!;
}

function withSoftmax(model: Model): Model {
	return { ...model, configuration: { ...model.configuration, output: "softmax" } };
}

export function jobFor(
	{ model }: Network,
	{
		folder,
		inputs,
		batch,
		threads,
	}: {
		readonly folder: string;
		readonly inputs: readonly Float32Array[];
		readonly batch: number;
		readonly threads: number;
	},
): Job {
	const { size, inputChannels, classes } = model.configuration;
	const network = "network.safetensors";
	return { folder, network, size, channels: inputChannels, classes, batch, inputs: inputs.length, threads };
}
