/**
 * Threads outside Node: web workers, if the page is cross-origin isolated, since otherwise memory cannot be shared. The
 * version for Node is threads.node.ts (`#threads`).
 */
import { messageOf } from "../base/error.ts";
import type { TeamWorker, WorkerTask } from "./worker-task.ts";

interface WebWorker {
	onerror: ((event: { readonly message?: string }) => void) | null;
	readonly postMessage: (message: unknown) => void;
	readonly terminate: () => void;
}
declare const Worker: new (address: URL, options: { readonly type: "module" }) => WebWorker;

interface Page {
	readonly crossOriginIsolated?: boolean;
	readonly navigator?: { readonly hardwareConcurrency?: number };
	readonly SharedArrayBuffer?: new (bytes: number) => ArrayBuffer;
	readonly Worker?: unknown;
}
const page = globalThis as unknown as Page;

/** Starts a worker; `onDeath` is called with the reason if it cannot start or fails. */
export function startWorker(task: WorkerTask, onDeath: (why: string) => void): TeamWorker {
	try {
		// The address is written in the call, where bundlers look for it.
		const worker = new Worker(new URL("./worker.default.js", import.meta.url), { type: "module" });
		worker.onerror = ({ message }) => onDeath(message ?? "its script cannot be loaded");
		worker.postMessage(task);
		return { stop: () => worker.terminate() };
	} catch (error) {
		// The bundler omitted the worker, or the script is from another origin: this thread does all the work.
		onDeath(messageOf(error));
		return { stop: () => undefined };
	}
}

/** Cores that this page may use. */
export function cores(): number {
	return page.navigator?.hardwareConcurrency ?? 1;
}

/** Whether memory can be shared between threads. */
export function canShare(): boolean {
	return (
		page.crossOriginIsolated === true && page.SharedArrayBuffer !== undefined && page.Worker !== undefined
	);
}

/** Whether this thread may sleep until another wakes it; a page's main thread may not. */
export function mayBlock(): boolean {
	try {
		Atomics.wait(new Int32Array(new page.SharedArrayBuffer!(4)), 0, 1, 0);
		return true;
	} catch {
		return false;
	}
}
