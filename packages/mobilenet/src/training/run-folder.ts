/** Where a run keeps its checkpoints: a folder in Node (run-folder.node.ts), or whatever a user makes one of. */

/**
 * The files of a run's folder.
 *
 * @example
 * const model = await MobileNet.load(`model.checkpoint/${runFiles.best}`);
 */
export const runFiles = {
	/** Everything that is needed to go on, and itself a model that can be loaded. */
	last: "last.safetensors",
	/** The best epoch's model. */
	best: "best.safetensors",
	/** Where the run stands, for people. */
	state: "state.json",
} as const;

/** A folder, or whatever keeps bytes under names. */
export interface RunFolder {
	/** What messages call it. */
	readonly name: string;
	/** The bytes of a file; undefined where there is none. */
	readonly read: (file: string) => Promise<Uint8Array | undefined>;
	/** Writes a file whole or not at all: whatever happens, the former one or the new one is there. */
	readonly write: (file: string, bytes: Uint8Array) => Promise<void>;
}
