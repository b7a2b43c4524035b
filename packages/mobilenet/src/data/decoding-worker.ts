/** What passes between batches and their decoding workers, whatever kind of thread they are. */
import type { Failure, Share } from "./shares.ts";

/** A worker as batches hold it. */
export interface DecodingWorker {
	readonly post: (share: Share) => void;
	/** Somebody waits for the worker: the process must not end meanwhile. */
	readonly hold: () => void;
	readonly release: () => void;
	readonly stop: () => Promise<void>;
}

export interface DecodingWorkerEvents {
	/** A share is made. */
	readonly onShare: (made: MadeShare) => void;
	/** The worker could not start, or has failed. */
	readonly onDeath: (why: string) => void;
}

export interface MadeShare {
	readonly batch: number;
	readonly failures: readonly Failure[];
}
