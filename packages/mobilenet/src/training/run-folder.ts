/** Where a run keeps its checkpoints: a folder in Node (run-folder.node.ts), or any object with `read` and `write`. */

/**
 * The files of a run's folder.
 *
 * @example
 * const model = await MobileNet.load(`model.checkpoint/${runFiles.best}`);
 */
export const runFiles = {
	/** Everything needed to resume; also a model that can be loaded. */
	last: "last.safetensors",
	/** The best epoch's model. */
	best: "best.safetensors",
	/** The run's progress, for people. */
	state: "state.json",
	/** Whether a transfer, which may be several runs, is done with all of them. */
	transfer: "transfer.json",
} as const;

/** A folder, or anything that keeps bytes under names. */
export interface RunFolder {
	/** Its name in messages. */
	readonly name: string;
	/** The bytes of a file; undefined if there is none. */
	readonly read: (file: string) => Promise<Uint8Array | undefined>;
	/** Writes a file whole or not at all: whatever happens, the old one or the new one is there. */
	readonly write: (file: string, bytes: Uint8Array) => Promise<void>;
}

/**
 * A part of a folder: files whose names begin with a prefix.
 *
 * @example
 * within(folder, "all-").read("last.safetensors") // the folder's all-last.safetensors
 */
export function within(folder: RunFolder, prefix: string): RunFolder {
	return {
		name: folder.name,
		read: (file) => folder.read(prefix + file),
		write: (file, bytes) => folder.write(prefix + file, bytes),
	};
}
