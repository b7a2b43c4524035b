/** What every worker does with its task, whatever started it. */
import { type CompiledModule, webAssembly } from "../kernels/webassembly.ts";
import type { WorkerTask } from "./worker-task.ts";

/** Returns when the worker is sent home. */
export function work(data: unknown): void {
	const { module, memory, block, thread } = data as WorkerTask;
	const { exports } = new (webAssembly().Instance)(module as CompiledModule, { env: { memory } });
	(exports.serve as (block: number, thread: number) => void)(block, thread);
}
