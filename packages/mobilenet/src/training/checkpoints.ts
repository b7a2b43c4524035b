/** Writes the files of a run's folder, and survives failures to do so. */
import { messageOf } from "../base/error.ts";
import { writeModel } from "../formats/safetensors/model-writer.ts";
import type { Model } from "../weights/model.ts";
import { type Checkpoint, encodeCheckpoint } from "./checkpoint.ts";
import type { TrainingEvent } from "./events.ts";
import { type RunFolder, runFiles } from "./run-folder.ts";

export interface Checkpoints {
	/** Whether the last one is old enough to write another within the epoch. */
	readonly isDue: () => boolean;
	/**
	 * Writes a checkpoint, and the best model if it is new. A full disk does not end the run: the previous files stay, and
	 * the event is a note that says so.
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
					message: `no checkpoint was written: ${messageOf(error)} The run continues; the previous checkpoint is unchanged.`,
				};
			}
		},
	};
}

/** The run's progress, for people; no program reads it. */
function stateText({ identity, progress }: Checkpoint): Uint8Array {
	return new TextEncoder().encode(`${JSON.stringify({ ...progress, ...identity }, undefined, "\t")}\n`);
}
