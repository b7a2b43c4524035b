/** Starts decoding workers in Node. The version for other runtimes is start-decoding-worker.default.ts (`#start-decoding-worker`). */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { messageOf } from "../base/error.ts";
import type { Places } from "./dataset.ts";
import type { DecodingWorker, DecodingWorkerEvents } from "./decoding-worker.ts";
import type { DecodingSetup, Share } from "./shares.ts";

/** The default number of workers: few, because the engine's threads need the cores, and one worker usually keeps up. */
export function usualDecodingWorkers(): number {
	return Math.min(Math.max(Math.floor(availableParallelism() / 2), 1), 4);
}

/** Starts a worker. It keeps the process alive only between `hold` and `release`. */
export function startDecodingWorker(
	setup: DecodingSetup,
	places: Places | undefined,
	{ onShare, onDeath }: DecodingWorkerEvents,
): DecodingWorker {
	// In the built package the worker's script is beside this file. When run from source, it and its imports are sources.
	const fromSource = import.meta.url.endsWith(".ts");
	const address = new URL("./decoding-worker-script.node.js", import.meta.url);
	if (fromSource) address.pathname = address.pathname.replace(/js$/, "ts");
	const worker = new Worker(address, {
		workerData: { setup, places },
		execArgv: fromSource ? ["--conditions=mobilenet-source", "--no-warnings"] : undefined,
	});
	let stopped = false;
	const died = (why: string): void => {
		if (!stopped) onDeath(why);
		stopped = true;
	};
	worker.on("message", onShare);
	worker.on("error", (error) => died(messageOf(error)));
	worker.on("exit", (code) => died(`it ended with code ${code}`));
	worker.unref();
	return {
		post: (share: Share) => worker.postMessage(share),
		hold: () => worker.ref(),
		// After the worker's end there is nothing to unref.
		release: () => {
			if (!stopped) worker.unref();
		},
		stop: async () => {
			stopped = true;
			await worker.terminate();
		},
	};
}
