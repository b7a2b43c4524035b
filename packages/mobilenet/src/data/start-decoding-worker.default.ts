/** Outside Node there are no decoding workers, and the caller's thread decodes. The version for Node is start-decoding-worker.node.ts. */
import { MobileNetError } from "../base/error.ts";
import type { Places } from "./dataset.ts";
import type { DecodingWorker, DecodingWorkerEvents } from "./decoding-worker.ts";
import type { DecodingSetup } from "./shares.ts";

export function usualDecodingWorkers(): number {
	return 0;
}

export function startDecodingWorker(
	_setup: DecodingSetup,
	_places: Places | undefined,
	_events: DecodingWorkerEvents,
): DecodingWorker {
	throw new MobileNetError("unsupported", "decoding workers are supported in Node only: set workers to 0.");
}
