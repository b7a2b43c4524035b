/** The program of every worker, independent of the kind of thread. */
import { type CompiledModule, webAssembly } from "../kernels/webassembly.ts";
import type { WorkerTask } from "./worker-task.ts";

/** Serves the team; returns when the worker is stopped. */
export function work(data: unknown): void {
	const { module, memory, block, thread } = data as WorkerTask;
	const { exports } = new (webAssembly().Instance)(module as CompiledModule, { env: { memory } });
	(exports.serve as (block: number, thread: number) => void)(block, thread);
}
