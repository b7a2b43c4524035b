/** onnxruntime-node: `session.run` on its CPU provider with an existing tensor, and reading the output. */
import { InferenceSession, Tensor } from "onnxruntime-node";
import { planesOf, serve } from "./serve.ts";
import { timed } from "./timed.ts";

serve(async (job) => {
	const session = await InferenceSession.create(`${job.folder}/network.onnx`, {
		executionProviders: ["cpu"],
		graphOptimizationLevel: "all",
		intraOpNumThreads: job.threads,
		interOpNumThreads: 1,
	});
	const shape = [job.batch, job.channels, job.size, job.size];
	const feeds = planesOf(job).map((input) => ({ input: new Tensor("float32", input, shape) }));
	return timed(feeds, async (feed) => (await session.run(feed)).probabilities!.data as Float32Array);
});
