/** What a training run on the command line writes: the model, its log and curves, and the result at the end. */
import { appendFile, readFile, rm, writeFile } from "node:fs/promises";
import { digestOf, type Model, readModel, writeLocation } from "../formats/index.ts";
import { MobileNetError } from "../network/index.ts";
import {
	type EpochReport,
	logLine,
	runCurves,
	runFiles,
	type TrainingDone,
	type TrainingEvent,
	writeModel,
} from "../training/index.ts";
import { messageOf } from "./errors.ts";
import type { RunPaths } from "./options/training.ts";
import { grouped, percent } from "./table.ts";

/**
 * Writes the model and reads it back. If that fails, the error says where the same model is, if a checkpoint of this run has
 * it, so the training is not lost.
 */
export async function writeOutput({ output, checkpoints }: RunPaths, { model }: TrainingDone): Promise<void> {
	const bytes = writeModel(model);
	try {
		await writeLocation(output, bytes);
		const written = await readFile(output);
		if (!written.equals(bytes))
			throw new MobileNetError("unwritable", `${output} does not hold what was written to it.`);
	} catch (error) {
		const where = `${checkpoints}/${runFiles.best}`;
		const isThere = await sameModel(where, model);
		throw new MobileNetError(
			"unwritable",
			`${messageOf(error)}${isThere ? ` The same model is in ${where}.` : ""}`,
			{ file: output, cause: error },
		);
	}
}

/** Whether a file holds this model. */
async function sameModel(file: string, model: Model): Promise<boolean> {
	try {
		return digestOf(await readModel(await readFile(file))) === digestOf(model);
	} catch {
		return false;
	}
}

/** The log and the curves. If they cannot be written, that is reported once and the run continues. */
export function runFilesOf(
	paths: RunPaths,
	resume: boolean,
	before: readonly EpochReport[],
	say: (message: string) => void,
) {
	let begun = resume;
	let failed = false;
	const epochs = [...before];
	const attempt = async (path: string, write: () => Promise<void>): Promise<void> => {
		if (failed) return;
		try {
			await write();
		} catch (error) {
			failed = true;
			say(`${path} cannot be written: ${messageOf(error)}; training continues without a log and curves.`);
		}
	};
	return {
		write: async (event: TrainingEvent): Promise<void> => {
			const line = logLine(event, new Date());
			if (line !== undefined)
				await attempt(paths.log, async () => {
					if (!begun) await rm(paths.log, { force: true });
					begun = true;
					await appendFile(paths.log, line);
				});
			if (event.kind !== "epoch") return;
			epochs.push(event);
			await attempt(paths.curves, () => writeFile(paths.curves, runCurves(epochs)));
		},
	};
}

/** The result of the run, for a line of JSON. */
export function summaryOf(
	{ output, log, curves, checkpoints }: RunPaths,
	data: string,
	{ reason, best, start, history, step, transfer }: TrainingDone,
	facts: object,
): object {
	const measured = best?.validation ?? start;
	return {
		...{ data, ...facts, output, log, curves, checkpoints, reason },
		epochs: history.length,
		steps: step,
		bestEpoch: best?.epoch ?? null,
		...(measured && {
			top1: measured.top1,
			validationLoss: measured.loss,
			validationPictures: measured.pictures,
		}),
		...(transfer && { transfer }),
	};
}

/** The same as readable text. */
export function readable(
	{ output, log, curves }: RunPaths,
	{ best, start, history, model, transfer }: TrainingDone,
	lines: readonly string[],
): string {
	const { alpha, size, classes } = model.configuration;
	const measured = best?.validation ?? start;
	const which = best ? `epoch ${best.epoch} of ${history.length}` : "the new classifier";
	return [
		`${output}: MobileNet v1, α ${alpha}, ${size}×${size}, ${grouped(classes)} ${model.labels ? "classes" : "outputs"}`,
		transfer
			? transfer.sentence
			: measured
				? `${which}, validation top-1 ${percent(measured.top1, 1)} of ${grouped(measured.pictures)} pictures, loss ${measured.loss.toFixed(3)}`
				: `${which}, without validation`,
		...lines,
		...(history.length > 0 ? [`curves in ${curves}, log in ${log}`] : []),
		"",
	].join("\n");
}
