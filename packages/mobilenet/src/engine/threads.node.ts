/** Threads in Node. The version for browsers is threads.default.ts (`#threads`). */
import { availableParallelism } from "node:os";
import process from "node:process";
import { Worker } from "node:worker_threads";
import { messageOf } from "../base/error.ts";
import type { TeamWorker, WorkerTask } from "./worker-task.ts";

/** Starts a worker, which does not keep the process alive; `onDeath` is called with the reason if it stops unexpectedly. */
export function startWorker(task: WorkerTask, onDeath: (why: string) => void): TeamWorker {
	const worker = new Worker(new URL("./worker.node.js", import.meta.url), { workerData: task });
	let stopped = false;
	worker.on("error", (error) => onDeath(messageOf(error)));
	worker.on("exit", (code) => {
		if (!stopped) onDeath(`it ended with code ${code}`);
	});
	worker.unref();
	return {
		stop: () => {
			stopped = true;
			void worker.terminate();
		},
	};
}

/** Cores that this process may use. */
export function cores(): number {
	return availableParallelism();
}

/**
 * Whether memory can be shared between threads. In V8 11.3 (Node 20) a worker that waits in WebAssembly before its code
 * is optimized never returns, so a single thread does all the work there.
 */
export function canShare(): boolean {
	return Number.parseInt(process.versions.v8, 10) >= 12;
}

/** Whether this thread may sleep until another wakes it. */
export function mayBlock(): boolean {
	return true;
}
