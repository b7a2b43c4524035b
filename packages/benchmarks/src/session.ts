/**
 * One interleaved session: every runtime in a process of its own, in turn for a short while, round after round, so
 * that all see the same minutes of the machine. A time counts only after the outputs agreed.
 */
import { type Place, type Program, start } from "./programs.ts";
import type { Job, Ready } from "./protocol.ts";
import { environmentOf, type Row } from "./rows.ts";
import { type Statistics, statisticsOf } from "./statistics.ts";

/** How a session goes, in milliseconds. */
export interface Pace {
	/** Until the engine has compiled all with its best compiler, and to know how long a run takes. */
	readonly warmUp: number;
	/** A turn of a runtime; a run that takes longer is a turn. */
	readonly turn: number;
	/** Runs at the start of a turn that do not count: the caches still hold the runtime before. */
	readonly settling: number;
}
const usualPace: Pace = { warmUp: 1500, turn: 100, settling: 10 };
/** Between turns, for threads that spin a while after a run. */
const pauseMs = 5;
/** Of a runtime that takes all its time for fewer. */
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
	/** Of measuring for each runtime. */
	readonly seconds: number;
	readonly pace?: Pace;
	readonly place: Place;
	readonly jobOf: (row: Row) => Job;
	/** Throws where what a runtime gives out is wrong. */
	readonly check: (row: Row, ready: Ready) => void;
	/** Told of a runtime that does not start; throws where it may not be left out. */
	readonly leaveOut: (row: Row, error: Error) => void;
}

export async function measure(rows: readonly Row[], options: SessionOptions): Promise<readonly Measured[]> {
	return withRunning(rows, options, (again) => again(options.seconds));
}

/** Starts all runtimes once, for several sessions: `again` is one of so many seconds for each. */
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
			// Another one begins each time, so that none always follows the same.
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

/** @returns milliseconds of a run */
async function warmUp(program: Program, pace: Pace): Promise<number> {
	let spent = 0;
	let times: readonly number[] = [];
	for (let runs = 1; spent < pace.warmUp; runs = Math.min(runs * 2, 1000)) {
		times = await program.ask({ kind: "run", runs });
		spent += times.reduce((sum, time) => sum + time, 0);
	}
	return statisticsOf(times).median;
}
