/** Ours in a page, from the modules for browsers: see runtimes/engine.ts. */
import { readModelFile } from "../../../mobilenet/dist/formats/safetensors/model-file.js";
import type { Job } from "../protocol.ts";
import { type Engine, prepareEngine } from "../runtimes/engine.ts";

export async function prepare(job: Job): Promise<Engine> {
	const bytes = async (file: string): Promise<ArrayBuffer> => (await fetch(`/files/${file}`)).arrayBuffer();
	const model = readModelFile(new Uint8Array(await bytes(job.network)), job.network);
	const numbers = new Float32Array(await bytes("input.f32"));
	const length = numbers.length / job.inputs;
	const inputs = Array.from({ length: job.inputs }, (_, n) => numbers.subarray(n * length, (n + 1) * length));
	return prepareEngine(model, inputs, job);
}
