/** The script of a web worker: receives its task, and serves until it is stopped. */
import { work } from "./work.ts";

interface WorkerScope {
	onmessage: ((event: { readonly data: unknown }) => void) | null;
}

(globalThis as unknown as WorkerScope).onmessage = ({ data }) => work(data);
