/** The types that a team and its workers share, independent of the kind of thread. */

/** The message that starts a worker. */
export interface WorkerTask {
	readonly module: object;
	readonly memory: object;
	/** Byte offset of the run block. */
	readonly block: number;
	/** Number of the thread; 0 is the thread that gives the jobs. */
	readonly thread: number;
}

/** The handle of a worker. */
export interface TeamWorker {
	readonly stop: () => void;
}
