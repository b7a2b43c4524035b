/** Ours in a page: the bare engine, as in Node (runtimes/mobilenet.ts), from the modules that browsers get. */
import { createExecutor } from "../../../mobilenet/dist/engine/executor.js";
import { inferencePlan } from "../../../mobilenet/dist/engine/plans/inference.js";
import { loadBuild } from "../../../mobilenet/dist/kernels/load.js";
import { dequantise } from "../../../mobilenet/dist/weights/dequantise.js";
import { fold } from "../../../mobilenet/dist/weights/fold.js";
import { readModelFile } from "../../../mobilenet/dist/weights/record-file.js";
import type { Job } from "../protocol.ts";
import { type Timed, timed } from "../runtimes/timed.ts";

const longestWaitMs = 10_000;

export async function prepare({ batch, classes, threads }: Job): Promise<Timed & { readonly build: string }> {
	const bytes = async (file: string): Promise<ArrayBuffer> => (await fetch(`/files/${file}`)).arrayBuffer();
	const model = readModelFile(new Uint8Array(await bytes("network.safetensors")), "network.safetensors");
	const { loaded } = await loadBuild({ shared: threads > 1 });
	const plan = inferencePlan(model, { build: loaded.build, batch, threads });
	const executor = createExecutor(plan, fold(dequantise(model)), loaded);
	const end = performance.now() + longestWaitMs;
	while (executor.threads() < threads) {
		if (performance.now() > end) throw new Error(`only ${executor.threads()} of ${threads} threads joined.`);
		executor.run("floats", 1);
		await new Promise((resolve) => setTimeout(resolve, 5));
	}
	executor.floats.set(new Float32Array(await bytes("input.f32")));
	const probabilities = new Float32Array(batch * classes);
	return {
		...timed(() => {
			executor.run("floats", batch);
			for (let n = 0; n < batch; n++) probabilities.set(executor.read("probabilities", n), n * classes);
			return probabilities;
		}),
		build: loaded.build,
	};
}
