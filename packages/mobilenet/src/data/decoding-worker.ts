/** The interface of decoding workers, independent of the kind of thread. */
import type { Failure, Share } from "./shares.ts";

/** The handle of a worker. */
export interface DecodingWorker {
	readonly post: (share: Share) => void;
	/** Keeps the process alive until `release`. */
	readonly hold: () => void;
	readonly release: () => void;
	readonly stop: () => Promise<void>;
}

export interface DecodingWorkerEvents {
	/** Called when a share is finished. */
	readonly onShare: (made: MadeShare) => void;
	/** Called with the reason if the worker cannot start or fails. */
	readonly onDeath: (why: string) => void;
}

export interface MadeShare {
	readonly batch: number;
	readonly failures: readonly Failure[];
}
