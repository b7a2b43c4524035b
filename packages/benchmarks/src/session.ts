/**
 * One interleaved session: every runtime in its own process, in turn for a short while, round after round, so that all are
 * measured under the same conditions. Times count only if the outputs agree.
 */
import { type Place, type Program, start } from "./programs.ts";
import type { Job, Ready } from "./protocol.ts";
import { environmentOf, type Row } from "./rows.ts";
import { type Statistics, statisticsOf } from "./statistics.ts";

/** Durations of a session, in milliseconds. */
export interface Pace {
	/** Runs before measuring, until all code is optimized; also shows how long a run takes. */
	readonly warmUp: number;
	/** A runtime's turn; a longer run is a turn by itself. */
	readonly turn: number;
	/** Runs at the start of a turn that are not counted, while the caches still hold another runtime's data. */
	readonly settling: number;
}
const usualPace: Pace = { warmUp: 1500, turn: 100, settling: 10 };
/** Between turns, for threads that keep spinning for a while after a run. */
const pauseMs = 5;
/** Times for a runtime that needs all its seconds for fewer runs. */
const fewestTimes = 2;

export interface Measured {
	readonly row: Row;
	readonly ready: Ready;
	readonly times: Statistics;
}

interface Running {
	readonly row: Row;
	readonly program: Program;
	readonly ready: Ready;
	readonly runMs: number;
}

export interface SessionOptions {
	/** Seconds of measuring for each runtime. */
	readonly seconds: number;
	readonly pace?: Pace;
	readonly place: Place;
	readonly jobOf: (row: Row) => Job;
	/** Throws if the output of a runtime is wrong. */
	readonly check: (row: Row, ready: Ready) => void;
	/** Called for a runtime that does not start; throws if it must not be left out. */
	readonly leaveOut: (row: Row, error: Error) => void;
}

export async function measure(rows: readonly Row[], options: SessionOptions): Promise<readonly Measured[]> {
	return withRunning(rows, options, (again) => again(options.seconds));
}

/** Starts all runtimes once, for several sessions: `again` measures each for a number of seconds. */
export async function withRunning<Result>(
	rows: readonly Row[],
	{ pace = usualPace, place, jobOf, check, leaveOut }: Omit<SessionOptions, "seconds">,
	use: (again: (seconds: number) => Promise<readonly Measured[]>) => Promise<Result>,
): Promise<Result> {
	const running: Running[] = [];
	const programs: Program[] = [];
	try {
		for (const row of rows) {
			const program = start(row.program, place, environmentOf(row), row.checkout?.programs);
			programs.push(program);
			const ready = await program
				.ask({ kind: "prepare", job: jobOf(row) })
				.catch((error: Error) => leaveOut(row, error));
			if (!ready) continue;
			check(row, ready);
			running.push({ row, program, ready, runMs: await warmUp(program, pace) });
		}
		return await use((seconds) => inTurn(running, seconds, pace));
	} finally {
		await Promise.all(programs.map((program) => program.stop()));
	}
}

async function inTurn(
	running: readonly Running[],
	seconds: number,
	{ turn, settling }: Pace,
): Promise<readonly Measured[]> {
	const times: number[][] = running.map(() => []);
	const rounds = Math.ceil((seconds * 1000) / turn);
	for (let round = 0; round < rounds; round++)
		for (let i = 0; i < running.length; i++) {
			// Each round begins with another runtime, so that none always follows the same one.
			const number = (i + round) % running.length;
			const { program, runMs } = running[number]!;
			const own = times[number]!;
			if (own.length >= fewestTimes && own.length * runMs > seconds * 1000) continue;
			if (runMs < turn) await program.ask({ kind: "run", runs: Math.ceil(settling / runMs) });
			own.push(...(await program.ask({ kind: "run", runs: Math.ceil(turn / runMs) })));
			await new Promise((resolve) => setTimeout(resolve, pauseMs));
		}
	return running.map(({ row, ready }, i) => ({ row, ready, times: statisticsOf(times[i]!) }));
}

/** @returns the duration of a run in milliseconds */
async function warmUp(program: Program, pace: Pace): Promise<number> {
	let spent = 0;
	let times: readonly number[] = [];
	for (let runs = 1; spent < pace.warmUp; runs = Math.min(runs * 2, 1000)) {
		times = await program.ask({ kind: "run", runs });
		spent += times.reduce((sum, time) => sum + time, 0);
	}
	return statisticsOf(times).median;
}
