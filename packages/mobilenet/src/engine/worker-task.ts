/** What passes between a team and its workers, whatever kind of thread they are. */

/** What a worker is given. */
export interface WorkerTask {
	readonly module: object;
	readonly memory: object;
	/** Place of the run block. */
	readonly block: number;
	/** Number of the thread; the one that gives the jobs is 0. */
	readonly thread: number;
}

/** A worker as its team holds it. */
export interface TeamWorker {
	readonly stop: () => void;
}
