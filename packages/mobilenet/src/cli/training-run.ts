/**
 * A training run on the command line, whatever is trained: progress on the screen; log, curves and checkpoints on disk;
 * Ctrl-C. The command decides what is trained and how.
 */
import process from "node:process";
import {
	createCache,
	type Dataset,
	type OpenOptions,
	openDataset,
	type PictureCache,
	split,
	withClasses,
} from "../data/index.ts";
import { MobileNetError } from "../network/index.ts";
import {
	type Pictures,
	type RunFolder,
	type RunState,
	runFolder,
	runState,
	type Training,
	type TrainingDone,
	type TrainingEvent,
	type TrainingOptions,
} from "../training/index.ts";
import type { ProcessLike } from "./context.ts";
import { usageError } from "./errors.ts";
import { settingsGiven } from "./options/recipe.ts";
import { pathsOf, type RunOptions } from "./options/training.ts";
import { checkOverwriting, jsonLine } from "./output.ts";
import { takeOutput } from "./run-lock.ts";
import { type Terminal, terminalOf } from "./terminal.ts";
import { readable, runFilesOf, summaryOf, writeOutput } from "./training-files.ts";
import { progressOn } from "./training-progress.ts";

const usualSeed = 1;
/** The share of the pictures used for validation if no others are given. */
const validationShare = 0.1;

/** The parts of a run that differ between commands. */
export interface Work {
	/** Models that are read; none of their files is overwritten. */
	readonly models: readonly string[];
	readonly pictures: (tools: Tools) => Promise<RunPictures>;
	/** Starts the run: `settings` come from the command line, with data, checkpoints and seed. */
	readonly begin: (settings: RunSettings) => Promise<Training>;
	/** More to report at the end: for JSON, and as lines of text. */
	readonly report?: (done: TrainingDone) => { readonly facts: object; readonly lines: readonly string[] };
}

export interface RunPictures {
	readonly training: Pictures;
	readonly validation?: Pictures;
}

export type RunSettings = Omit<TrainingOptions, "model"> & {
	readonly seed: number;
	readonly cache: PictureCache;
	readonly onProgress: Terminal["count"];
};

export interface Tools {
	/** Opens a data set, which is closed at the end of the run. */
	readonly open: (location: string, options?: OpenOptions) => Promise<Dataset>;
	readonly note: (message: string) => Promise<void>;
}

/**
 * Runs until training ends, or until Ctrl-C.
 *
 * @returns whether training ended by itself
 */
export async function runInTerminal(
	options: RunOptions,
	data: string,
	{ stdout, stderr }: ProcessLike,
	work: Work,
): Promise<boolean> {
	const paths = pathsOf(options.output);
	for (const model of work.models) await checkOverwriting(model, options.output);
	const folder = runFolder(paths.checkpoints);
	if (!options.resume && !options.restart) await checkUnfinished(folder);

	const opened: Dataset[] = [];
	const terminal = terminalOf(stderr);
	const giveBack = await takeOutput(paths, terminal.line);
	const progress = progressOn(terminal);
	const history = options.resume ? ((await runState(folder))?.history ?? []) : [];
	const files = runFilesOf(paths, options.resume, history, terminal.line);
	const show = async (event: TrainingEvent): Promise<void> => {
		progress(event);
		await files.write(event);
	};
	const note = (message: string): Promise<void> => show({ kind: "note", message });
	const open: Tools["open"] = async (location, how) => {
		const notes: string[] = [];
		const dataset = await openDataset(location, { ...how, onNote: (message) => notes.push(message) });
		opened.push(dataset);
		for (const message of notes) await note(message);
		return dataset;
	};
	try {
		const run = await work.begin({
			...settingsGiven(options),
			...(await work.pictures({ open, note })),
			seed: options.seed ?? usualSeed,
			folder,
			cache: createCache(),
			onProgress: terminal.count,
		});
		const done = await watched(run, show, terminal);
		terminal.clear();
		if (done.reason === "stopped") {
			terminal.line(
				done.step === 0
					? "stopped: the same command continues where this one stood."
					: `stopped after step ${done.step}: to continue, run the same command with --resume.`,
			);
			return false;
		}
		await writeOutput(paths, done);
		const { facts, lines } = work.report?.(done) ?? { facts: {}, lines: [] };
		stdout.write(options.json ? jsonLine(summaryOf(paths, data, done, facts)) : readable(paths, done, lines));
		return true;
	} finally {
		terminal.clear();
		for (const dataset of opened) await dataset.close();
		await giveBack();
	}
}

/** Refuses to overwrite a run that was stopped. */
async function checkUnfinished(folder: RunFolder): Promise<void> {
	let state: RunState | undefined;
	try {
		state = await runState(folder);
	} catch {
		// There is no checkpoint to continue from.
	}
	if (!state || state.finished) return;
	throw usageError(
		`${folder.name} holds a run that was stopped after ${state.epoch} epochs: continue it with --resume, or start again with --restart.`,
	);
}

/**
 * The training pictures and, if there are any, the validation pictures: given separately, or a part of the data.
 *
 * @param judges whether the run uses validation pictures
 */
export async function labeledPictures(
	{ validation, seed = usualSeed }: RunOptions,
	data: string,
	judges: boolean,
	{ open, note }: Tools,
): Promise<RunPictures> {
	const dataset = await open(data);
	if (validation !== undefined)
		return {
			training: { dataset },
			validation: { dataset: withClasses(await open(validation, { oneClass: true }), dataset.classes) },
		};
	if (!judges) return { training: { dataset } };
	const parts = split(dataset, { share: validationShare, seed });
	if (parts.validation.length === 0) {
		await note(
			`${data} has too few pictures (${dataset.labels.length}) to set some aside for validation, so the last epoch is kept: to choose the best epoch, give other pictures with --validation.`,
		);
		return { training: { dataset } };
	}
	return {
		training: { dataset, indices: parts.training },
		validation: { dataset, indices: parts.validation },
	};
}

/** Waits until a run ends, or until Ctrl-C. */
async function watched(
	run: Training,
	show: (event: TrainingEvent) => Promise<void>,
	terminal: Terminal,
): Promise<TrainingDone> {
	let asked = false;
	const onInterrupt = (): void => {
		if (asked) {
			// At once, and by the signal, which tells the shell.
			process.removeListener("SIGINT", onInterrupt);
			process.kill(process.pid, "SIGINT");
			return;
		}
		asked = true;
		terminal.line("finishing the step and writing a checkpoint; press Ctrl-C again to stop at once.");
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
