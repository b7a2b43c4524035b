/** onnxruntime-web in Node: `session.run` on its WebAssembly provider, as for onnxruntime-node. */
import { readFileSync } from "node:fs";
import { env, InferenceSession, Tensor } from "onnxruntime-web";
import { planes, serve } from "./serve.ts";
import { timed } from "./timed.ts";

serve(async (job) => {
	env.wasm.numThreads = job.threads;
	const session = await InferenceSession.create(readFileSync(`${job.folder}/network.onnx`), {
		executionProviders: ["wasm"],
		graphOptimizationLevel: "all",
	});
	const shape = [job.batch, job.channels, job.size, job.size];
	const feeds = { input: new Tensor("float32", planes(job), shape) };
	return timed(async () => (await session.run(feeds)).probabilities!.data as Float32Array);
});
