/**
 * A training run of the command line, whatever learns from whatever: progress on the screen, log, curves and checkpoints
 * on disk, Ctrl-C. What is learned and how is the command's.
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
import { type Terminal, terminalOf } from "./terminal.ts";
import { readable, runFilesOf, summaryOf, writeOutput } from "./training-files.ts";
import { progressOn } from "./training-progress.ts";

const usualSeed = 1;
/** Of the pictures, where no others are given to judge by. */
const validationShare = 0.1;

/** What a command does of a run by itself. */
export interface Work {
	/** Models that are read: none of their files is written over. */
	readonly models: readonly string[];
	readonly pictures: (tools: Tools) => Promise<RunPictures>;
	/** Begins it: `settings` are the command line's, with data, checkpoints and seed. */
	readonly begin: (settings: RunSettings) => Promise<Training>;
	/** What else there is to say at the end: for JSON, and in lines for people. */
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
	/** Opens a data set that is closed at the end. */
	readonly open: (location: string, options?: OpenOptions) => Promise<Dataset>;
	readonly note: (message: string) => Promise<void>;
}

/**
 * Does a run to its end, or to Ctrl-C.
 *
 * @returns whether it came to its end
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
			terminal.line(`stopped after step ${done.step}: go on by the same command with --resume.`);
			return false;
		}
		await writeOutput(paths, done);
		const { facts, lines } = work.report?.(done) ?? { facts: {}, lines: [] };
		stdout.write(options.json ? jsonLine(summaryOf(paths, data, done, facts)) : readable(paths, done, lines));
		return true;
	} finally {
		terminal.clear();
		for (const dataset of opened) await dataset.close();
	}
}

/** Refuses to begin again over a run that was stopped. */
async function checkUnfinished(folder: RunFolder): Promise<void> {
	let state: RunState | undefined;
	try {
		state = await runState(folder);
	} catch {
		// No checkpoint that anybody could go on from.
	}
	if (!state || state.finished) return;
	throw usageError(
		`${folder.name} holds a run that was stopped after ${state.epoch} epochs: go on with --resume, or begin again with --restart.`,
	);
}

/**
 * The pictures to learn from and, where there are some, to judge by: others that were given, or a part.
 *
 * @param judges whether there is anything to judge
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
			`${data} has too few pictures, ${dataset.labels.length}, to set some aside to judge by: the last epoch is kept; give others with --validation.`,
		);
		return { training: { dataset } };
	}
	return {
		training: { dataset, indices: parts.training },
		validation: { dataset, indices: parts.validation },
	};
}

/** Lets a run go on until it is done, or until Ctrl-C. */
async function watched(
	run: Training,
	show: (event: TrainingEvent) => Promise<void>,
	terminal: Terminal,
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
		terminal.line("finishing the step and writing a checkpoint; Ctrl-C again stops at once.");
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
