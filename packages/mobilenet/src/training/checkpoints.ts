/** The files of a run's folder: what is written when, and what happens when that fails. */
import { messageOf } from "../base/error.ts";
import { writeModel } from "../formats/safetensors/model-file.ts";
import type { Model } from "../weights/model.ts";
import { type Checkpoint, encodeCheckpoint } from "./checkpoint.ts";
import type { TrainingEvent } from "./events.ts";
import { type RunFolder, runFiles } from "./run-folder.ts";

export interface Checkpoints {
	/** Whether the last one is so old that one should be written within an epoch. */
	readonly isDue: () => boolean;
	/**
	 * Writes a checkpoint, and the best model where it is new. A disk that is full ends no run: then the former files are
	 * there still, and the event is a note that says so.
	 */
	readonly write: (checkpoint: Checkpoint, best: Model | undefined) => Promise<TrainingEvent>;
}

export function checkpointsIn(folder: RunFolder, minutes: number): Checkpoints {
	let last = performance.now();
	return {
		isDue: () => performance.now() - last > minutes * 60_000,
		write: async (checkpoint, best) => {
			const { epoch, step } = checkpoint.progress;
			last = performance.now();
			try {
				await folder.write(runFiles.last, encodeCheckpoint(checkpoint));
				if (best) await folder.write(runFiles.best, writeModel(best));
				await folder.write(runFiles.state, stateText(checkpoint));
				return { kind: "checkpoint", epoch, step, folder: folder.name };
			} catch (error) {
				return {
					kind: "note",
					message: `no checkpoint: ${messageOf(error)} The run goes on; the last checkpoint is as it was.`,
				};
			}
		},
	};
}

/** Where the run stands, for people; nothing reads it. */
function stateText({ identity, progress }: Checkpoint): Uint8Array {
	return new TextEncoder().encode(`${JSON.stringify({ ...progress, ...identity }, undefined, "\t")}\n`);
}
