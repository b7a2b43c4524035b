/**
 * Ours: the bare engine, `run` of a plan on floats that lie in its memory, and a copy of the probabilities. Its
 * threads join in the background; times count once all have.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { dequantise, fold, readModel } from "mobilenet/formats";
import { createExecutor, type Executor } from "../../../mobilenet/dist/engine/executor.js";
import { inferencePlan } from "../../../mobilenet/dist/engine/plans/inference.js";
import { loadBuild } from "../../../mobilenet/dist/kernels/load.js";
import { inputOf, serve } from "./serve.ts";
import { timed } from "./timed.ts";

const longestWaitMs = 5000;
const lookMs = 5;

serve(async (job) => {
	const { folder, batch, classes, threads } = job;
	const model = await readModel(`${folder}/network.safetensors`);
	const { loaded } = await loadBuild({ shared: threads > 1 });
	const plan = inferencePlan(model, { build: loaded.build, batch, threads });
	const executor = createExecutor(plan, fold(dequantise(model)), loaded);
	await allJoined(executor, threads);
	executor.floats.set(inputOf(job));
	const probabilities = new Float32Array(batch * classes);
	return {
		...timed(() => {
			executor.run("floats", batch);
			for (let n = 0; n < batch; n++) probabilities.set(executor.read("probabilities", n), n * classes);
			return probabilities;
		}),
		build: loaded.build,
		close: async () => executor.dispose(),
	};
});

async function allJoined(executor: Executor, threads: number): Promise<void> {
	const end = performance.now() + longestWaitMs;
	while (executor.threads() < threads) {
		if (performance.now() > end) throw new Error(`only ${executor.threads()} of ${threads} threads joined.`);
		executor.run("floats", 1);
		await sleep(lookMs);
	}
}
