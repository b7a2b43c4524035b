/** The progress of a run, to look at before resuming it. */
import { parseJson } from "../base/json.ts";
import { decodeCheckpoint } from "./checkpoint.ts";
import type { EpochReport } from "./events.ts";
import { type RunFolder, runFiles } from "./run-folder.ts";

export interface RunState {
	/** Finished epochs. */
	readonly epoch: number;
	/** Finished steps of the whole run. */
	readonly step: number;
	/** The epochs' reports. */
	readonly history: readonly EpochReport[];
	/** Whether nothing is left to do. */
	readonly finished: boolean;
}

/**
 * The progress of the run in a folder, from its last checkpoint; undefined if there is none.
 *
 * @throws MobileNetError `broken-file` or `unsupported` if the file is not a checkpoint; any error of the folder
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
	return { epoch, step, history, finished: finished && (await isTransferDone(folder)) };
}

/** Notes whether a transfer is done with its runs; where that cannot be written, the run continues. */
export async function markTransfer(folder: RunFolder | undefined, finished: boolean): Promise<void> {
	const text = `${JSON.stringify({ finished })}\n`;
	await folder?.write(runFiles.transfer, new TextEncoder().encode(text)).catch(() => undefined);
}

/** Whether no transfer is in the middle of its runs. */
async function isTransferDone(folder: RunFolder): Promise<boolean> {
	const bytes = await folder.read(runFiles.transfer);
	if (!bytes) return true;
	try {
		const { finished } = parseJson(new TextDecoder().decode(bytes)) as { readonly finished?: unknown };
		return finished !== false;
	} catch {
		return true;
	}
}
