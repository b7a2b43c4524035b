/** A run of `mobilenet train`: data and network in, progress on the screen, log, curves and checkpoints on disk. */
import { appendFile, rm, writeFile } from "node:fs/promises";
import process from "node:process";
import { openDataset } from "#datasets";
import { writeLocation } from "#files";
import { runFolder } from "#run-folder";
import { MobileNetError, messageOf } from "../base/error.ts";
import { createCache } from "../data/cache.ts";
import type { Dataset } from "../data/dataset.ts";
import { split } from "../data/split.ts";
import { matchClasses } from "../evaluation/match.ts";
import { readModel } from "../formats/read.ts";
import { changedRecord } from "../model/changed-record.ts";
import { decodeCheckpoint } from "../training/checkpoint.ts";
import {
	type EpochReport,
	initialise,
	logLine,
	type Pictures,
	runCurves,
	type Training,
	type TrainingDone,
	type TrainingEvent,
	train,
	transfer,
	writeModel,
} from "../training/index.ts";
import { type ProgressStream, showProgress } from "../training/progress.ts";
import { type RunFolder, runFiles } from "../training/run-folder.ts";
import type { Model } from "../weights/record.ts";
import type { ProcessLike } from "./context.ts";
import { checkOverwriting, filesOf } from "./convert.ts";
import { configurationOf } from "./network-options.ts";
import { grouped, percent } from "./table.ts";
import {
	checkTrainOptions,
	pathsOf,
	type RunPaths,
	settingsGiven,
	type TrainOptions,
} from "./train-options.ts";

const usualSeed = 1;
/** Of the pictures, where no others are given to judge by. */
const validationShare = 0.1;

/**
 * Trains as the command line says.
 *
 * @returns whether the run came to its end
 */
export async function runTraining(
	options: TrainOptions,
	data: string,
	{ stdout, stderr }: ProcessLike,
): Promise<boolean> {
	checkTrainOptions(options);
	const paths = pathsOf(options.output);
	if (options.from !== undefined) await checkOverwriting(await filesOf(options.from), options.output);
	const folder = runFolder(paths.checkpoints);
	if (!options.resume && !options.restart) await checkUnfinished(folder);

	const opened: Dataset[] = [];
	const progress = showProgress(stderr as ProgressStream);
	const history = options.resume ? await historyOf(folder) : [];
	const files = runFilesOf(paths, options.resume, history, (message) =>
		progress.show({ kind: "note", message }),
	);
	const show = async (event: TrainingEvent): Promise<void> => {
		progress.show(event);
		await files.write(event);
	};
	try {
		const pictures = await picturesOf(options, data, opened, (message) => show({ kind: "note", message }));
		const classes = pictures.training.dataset.classes.length;
		const settings = {
			...settingsGiven(options),
			...pictures,
			seed: options.seed ?? usualSeed,
			folder,
			cache: createCache(),
		};
		const model = await startOf(options, classes);
		const run =
			options.from === undefined
				? train({ ...settings, model })
				: transfer({
						...settings,
						model,
						fineTune: options.fineTune,
						head: options.head,
						onPrepare: preparing(stderr, progress),
					});
		const done = await watched(run, show, stderr, progress.clear);
		progress.clear();
		if (done.reason === "stopped") {
			stderr.write(`stopped after step ${done.step}: go on by the same command with --resume.\n`);
			return false;
		}
		await writeOutput(paths, done);
		stdout.write(options.json ? `${json(paths, data, done)}\n` : readable(paths, done));
		return true;
	} finally {
		progress.clear();
		for (const dataset of opened) await dataset.close();
	}
}

/** Writes the model; if that fails, training was not for nothing. */
async function writeOutput({ output, checkpoints }: RunPaths, { best, model }: TrainingDone): Promise<void> {
	try {
		await writeLocation(output, writeModel(model));
	} catch (error) {
		if (!best) throw error;
		const where = `${checkpoints}/${runFiles.best}`;
		throw new MobileNetError("not-found", `${messageOf(error)} The same model is in ${where}.`, {
			cause: error,
		});
	}
}

/** Refuses to begin anew over a run that was stopped. */
async function checkUnfinished(folder: RunFolder): Promise<void> {
	const bytes = await folder.read(runFiles.last);
	if (!bytes) return;
	let epoch: number;
	try {
		const { progress } = decodeCheckpoint(bytes, `${folder.name}/${runFiles.last}`);
		if (progress.finished) return;
		epoch = progress.epoch;
	} catch {
		// No checkpoint that anybody could go on from.
		return;
	}
	throw new MobileNetError(
		"usage",
		`${folder.name} holds a run that was stopped after ${epoch} epochs: go on with --resume, or begin anew with --restart.`,
	);
}

/** The epochs of the run that is to be resumed. */
async function historyOf(folder: RunFolder): Promise<readonly EpochReport[]> {
	const bytes = await folder.read(runFiles.last);
	return bytes ? decodeCheckpoint(bytes, `${folder.name}/${runFiles.last}`).progress.history : [];
}

/** The pictures to learn from and to judge by. */
async function picturesOf(
	{ validation, fineTune, seed = usualSeed }: TrainOptions,
	data: string,
	opened: Dataset[],
	onNote: (message: string) => Promise<void>,
): Promise<{ readonly training: Pictures; readonly validation?: Pictures }> {
	const notes: string[] = [];
	const open = async (location: string, oneClass: boolean): Promise<Dataset> => {
		const dataset = await openDataset(location, { oneClass, onNote: (note) => notes.push(note) });
		opened.push(dataset);
		for (const note of notes.splice(0)) await onNote(note);
		return dataset;
	};
	const dataset = await open(data, false);
	if (validation !== undefined) {
		const other = await open(validation, true);
		const { outputs } = matchClasses({
			name: other.name,
			classes: other.classes,
			labels: dataset.classes,
			outputs: dataset.classes.length,
		});
		const labels = other.labels.map((label) => (label < 0 ? -1 : outputs[label]!));
		return { training: { dataset }, validation: { dataset: { ...other, classes: dataset.classes, labels } } };
	}
	// The classifier alone is not judged by validation pictures: it learns from all.
	if (fineTune === "none") return { training: { dataset } };
	const parts = split(dataset, { share: validationShare, seed });
	if (parts.validation.length === 0) {
		await onNote(
			`${data} has too few pictures, ${dataset.labels.length}, to set some aside to judge by: the last epoch is kept; give others with --validation.`,
		);
		return { training: { dataset } };
	}
	return {
		training: { dataset, indices: parts.training },
		validation: { dataset, indices: parts.validation },
	};
}

/** The network that the run begins with. */
async function startOf(options: TrainOptions, classes: number): Promise<Model> {
	const { from, size, seed = usualSeed } = options;
	if (from !== undefined) return changedRecord(await readModel(from), { size });
	return initialise(configurationOf(options, classes), { seed });
}

/** Lets a run go on until it is done, or until Ctrl-C. */
async function watched(
	run: Training,
	show: (event: TrainingEvent) => Promise<void>,
	stderr: ProcessLike["stderr"],
	clear: () => void,
): Promise<TrainingDone> {
	let asked = false;
	const onInterrupt = (): void => {
		if (asked) {
			// At once, and by the signal, so that shells know.
			process.removeListener("SIGINT", onInterrupt);
			process.kill(process.pid, "SIGINT");
			return;
		}
		asked = true;
		clear();
		stderr.write("finishing the step and writing a checkpoint; Ctrl-C again stops at once.\n");
		run.stop();
	};
	process.on("SIGINT", onInterrupt);
	try {
		for await (const event of run) {
			await show(event);
			if (event.kind === "done") return event;
		}
	} finally {
		process.removeListener("SIGINT", onInterrupt);
	}
	throw new MobileNetError("engine", "the run ended without a result.");
}

/** The log and the curves. What cannot be written is said once, and the run goes on. */
function runFilesOf(
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
			say(`${path} cannot be written: ${messageOf(error)}; the run goes on without log and curves.`);
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

/** What comes before the epochs, as a line that counts or, elsewhere than on a terminal, as nothing but its end. */
function preparing(stderr: ProcessLike["stderr"], { clear }: { readonly clear: () => void }) {
	const isTerminal = (stderr as ProgressStream).isTTY === true;
	return (what: string, done: number, total: number): void => {
		if (!isTerminal) {
			if (done === total) stderr.write(`${what}: ${done} of ${total}\n`);
			return;
		}
		if (done === 1) clear();
		stderr.write(`\r${what}: ${done} of ${total}\u001b[K${done === total ? "\n" : ""}`);
	};
}

function json({ output, log, curves, checkpoints }: RunPaths, data: string, done: TrainingDone): string {
	const { reason, best, start, history, step } = done;
	const measured = best?.validation ?? start;
	return JSON.stringify({
		...{ data, output, log, curves, checkpoints, reason },
		epochs: history.length,
		steps: step,
		bestEpoch: best?.epoch ?? null,
		...(measured && {
			top1: measured.top1,
			validationLoss: measured.loss,
			validationPictures: measured.pictures,
		}),
	});
}

function readable({ output, log, curves }: RunPaths, { best, start, history, model }: TrainingDone): string {
	const { alpha, size, classes } = model.configuration;
	const measured = best?.validation ?? start;
	const which = best ? `epoch ${best.epoch} of ${history.length}` : "the new classifier";
	return [
		`${output}: MobileNet v1, α ${alpha}, ${size}×${size}, ${grouped(classes)} classes`,
		measured
			? `${which}, validation top-1 ${percent(measured.top1, 1)} of ${grouped(measured.pictures)} pictures, loss ${measured.loss.toFixed(3)}`
			: `${which}, without validation`,
		...(history.length > 0 ? [`curves in ${curves}, log in ${log}`] : []),
		"",
	].join("\n");
}
