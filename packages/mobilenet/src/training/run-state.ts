/** Where a run stands, for whoever asks before going on with it. */
import { decodeCheckpoint } from "./checkpoint.ts";
import type { EpochReport } from "./events.ts";
import { type RunFolder, runFiles } from "./run-folder.ts";

export interface RunState {
	/** Epochs that are done. */
	readonly epoch: number;
	/** Steps that are done, of the whole run. */
	readonly step: number;
	/** The epochs' reports. */
	readonly history: readonly EpochReport[];
	/** Whether there is nothing left to do. */
	readonly finished: boolean;
}

/**
 * Where the run in a folder stands, by its last checkpoint; undefined where there is none.
 *
 * @throws MobileNetError `broken-file` or `unsupported` where the file is no checkpoint; as the folder does
 * @example
 * const state = await runState(runFolder("model.checkpoint"));
 * if (state && !state.finished) console.log(`stopped after ${state.epoch} epochs`);
 */
export async function runState(folder: RunFolder): Promise<RunState | undefined> {
	const bytes = await folder.read(runFiles.last);
	if (!bytes) return undefined;
	const { epoch, step, history, finished } = decodeCheckpoint(
		bytes,
		`${folder.name}/${runFiles.last}`,
	).progress;
	return { epoch, step, history, finished };
}
