/** The one network that all runtimes run, its input, and the files in which they get them. */
import { existsSync, rmSync } from "node:fs";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MobileNet, type Model } from "mobilenet";
import { dequantise, fold, readModel, writeModel } from "mobilenet/formats";
import { type Configuration, configure } from "mobilenet/network";
import { random } from "../../mobilenet/dist/base/random.js";
import { weights } from "./folders.ts";
import { UsageError } from "./options.ts";
import type { Job } from "./protocol.ts";

/** Trained networks by width multiplier; they run at any size. For others the weights are random. */
const trained: Readonly<Record<number, string>> = {
	1: join(weights, "mobilenet_v1_1.0_224_tfjs"),
	0.25: join(weights, "mobilenet_v1_0.25_224_tfjs"),
};
const seed = 1;

export type FileName = "network.safetensors" | "folded.safetensors" | "network.onnx" | "network.tflite";

export interface Network {
	readonly model: Model;
	/** The same without batch norm, in float32: what the peers' files are written from. */
	readonly folded: Model;
	/** Where its weights are from, for people. */
	readonly origin: string;
}

/** @throws UsageError where the model is not one that every peer's file can say */
export async function chooseNetwork({
	model: location,
	alpha,
	size,
}: {
	readonly model?: string | undefined;
	readonly alpha?: number | undefined;
	readonly size?: number | undefined;
}): Promise<Network> {
	const usual = trained[alpha ?? 1];
	const path = location ?? (usual && existsSync(usual) ? usual : undefined);
	const read = path
		? await readModel(path)
		: (await MobileNet.create({ alpha: alpha ?? 1 }, { seed, build: "reference" })).record;
	const { configuration } = read;
	if (alpha !== undefined && configuration.alpha !== alpha)
		throw new UsageError(
			`${path} has the width multiplier ${configuration.alpha}, not ${alpha}: leave --alpha out.`,
		);
	check(configuration);
	const model = { ...read, configuration: configure({ ...configuration, size: size ?? configuration.size }) };
	return { model, folded: fold(dequantise(model)), origin: path ?? `random weights, seed ${seed}` };
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
			`the peers' files are written for networks of TensorFlow's conventions with a classifier, and this one has ${faults.join(", ")}.`,
		);
}

/** A seeded input, [batch, size, size, inputChannels], uniform from −1 to 1: other numbers for every picture. */
export function inputFor({ size, inputChannels }: Configuration, batch: number): Float32Array<ArrayBuffer> {
	const { uniform } = random(seed);
	return Float32Array.from({ length: batch * size * size * inputChannels }, () => uniform() * 2 - 1);
}

/** What our public interface makes of the input: what every runtime must agree with. */
export async function probabilitiesOf(
	{ model }: Network,
	input: Float32Array,
	batch: number,
): Promise<Float32Array> {
	const softmax = { ...model, configuration: { ...model.configuration, output: "softmax" as const } };
	const network = await MobileNet.from(softmax, { threads: 1 });
	const probabilities = network.run(input, { batch });
	network.dispose();
	return probabilities;
}

/** Runs something with a folder that holds the files asked for, and removes the folder. */
export async function withFiles<Result>(
	{ model, folded }: Network,
	files: ReadonlySet<FileName>,
	batch: number,
	use: (folder: string) => Promise<Result>,
): Promise<Result> {
	const folder = await mkdtemp(join(tmpdir(), "mobilenet-benchmarks-"));
	const remove = () => rmSync(folder, { recursive: true, force: true });
	process.once("exit", remove);
	const writers: Record<FileName, () => Promise<Uint8Array>> = {
		"network.safetensors": async () => writeModel(model),
		"folded.safetensors": async () => writeModel(folded),
		"network.onnx": async () => (await import("./files/onnx.ts")).writeOnnx(folded, batch),
		"network.tflite": async () => (await import("./files/tflite.ts")).writeTensorFlowLite(folded, batch),
	};
	try {
		for (const file of files) await writeFile(join(folder, file), await writers[file]());
		await writeFile(join(folder, "input.f32"), new Uint8Array(inputFor(model.configuration, batch).buffer));
		return await use(folder);
	} finally {
		remove();
	}
}

export function jobFor(
	{ model }: Network,
	folder: string,
	{ batch, threads }: { readonly batch: number; readonly threads: number },
): Job {
	const { size, inputChannels, classes } = model.configuration;
	return { folder, size, channels: inputChannels, classes, batch, threads };
}
