/** onnxruntime-web in Node: `session.run` on its WebAssembly provider, like onnxruntime-node. */
import { readFileSync } from "node:fs";
import { env, InferenceSession, Tensor } from "onnxruntime-web";
import { planesOf, serve } from "./serve.ts";
import { timed } from "./timed.ts";

serve(async (job) => {
	env.wasm.numThreads = job.threads;
	const session = await InferenceSession.create(readFileSync(`${job.folder}/network.onnx`), {
		executionProviders: ["wasm"],
		graphOptimizationLevel: "all",
	});
	const shape = [job.batch, job.channels, job.size, job.size];
	const feeds = planesOf(job).map((input) => ({ input: new Tensor("float32", input, shape) }));
	return timed(feeds, async (feed) => (await session.run(feed)).probabilities!.data as Float32Array);
});
