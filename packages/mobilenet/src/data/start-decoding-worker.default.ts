/** There are no decoding workers outside Node: the caller's thread decodes. Its twin is start-decoding-worker.node.ts. */
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
	throw new MobileNetError("unsupported", "there are no decoding workers outside Node: ask for none.");
}
