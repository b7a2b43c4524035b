/** Decoding workers in Node. Its twin for everything else is start-decoding-worker.default.ts; `#start-decoding-worker` picks one. */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { messageOf } from "../base/error.ts";
import type { Places } from "./dataset.ts";
import type { DecodingWorker, DecodingWorkerEvents } from "./decoding-worker.ts";
import type { DecodingSetup, Share } from "./shares.ts";

/** Workers that are started unasked: the engine's threads want the cores, and one worker is enough for most of them. */
export function usualDecodingWorkers(): number {
	return Math.min(Math.max(Math.floor(availableParallelism() / 2), 1), 4);
}

/** Starts a worker. It keeps the process alive only between `hold` and `release`. */
export function startDecodingWorker(
	setup: DecodingSetup,
	places: Places | undefined,
	{ onShare, onDeath }: DecodingWorkerEvents,
): DecodingWorker {
	// In the package the worker's file lies beside this one, built. In the sources it is a source, and so is what it needs.
	const fromSource = import.meta.url.endsWith(".ts");
	const address = new URL("./decoding-worker-script.node.js", import.meta.url);
	if (fromSource) address.pathname = address.pathname.replace(/js$/, "ts");
	const worker = new Worker(address, {
		workerData: { setup, places },
		...(fromSource && { execArgv: ["--conditions=mobilenet-source", "--no-warnings"] }),
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
		// Its end is waited for, whoever waits.
		release: () => {
			if (!stopped) worker.unref();
		},
		stop: async () => {
			stopped = true;
			await worker.terminate();
		},
	};
}
