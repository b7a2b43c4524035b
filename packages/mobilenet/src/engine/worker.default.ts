/** A web worker: is told its part, and serves until it is sent home. */
import { work } from "./work.ts";

interface WorkerScope {
	onmessage: ((event: { readonly data: unknown }) => void) | null;
}

(globalThis as unknown as WorkerScope).onmessage = ({ data }) => work(data);
