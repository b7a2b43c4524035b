/**
 * One interleaved session: every runtime in a process of its own, in turn for a short while, round after round, so
 * that all see the same minutes of the machine. A time counts only after the outputs agreed.
 */
import { type Place, type Program, start } from "./programs.ts";
import type { Job, Ready } from "./protocol.ts";
import { environmentOf, type Row } from "./rows.ts";
import { type Statistics, statisticsOf } from "./statistics.ts";

/** On probabilities. */
const mostApart = 1e-3;
/** Until the engine has compiled all with its best compiler, and to know how long a run takes. */
const warmUpMs = 1500;
/** A turn of a runtime. */
const turnMs = 100;
/** Runs at the start of a turn that do not count: the caches still hold the runtime before. */
const settlingMs = 10;
/** Between turns, for threads that spin a while after a run. */
const pauseMs = 5;

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
	readonly times: number[];
}

/**
 * @param expected what every runtime must give out
 * @param leaveOut told of a runtime that does not start; throws where it may not be left out
 */
export async function measure(
	rows: readonly Row[],
	job: Job,
	expected: Float32Array,
	{
		seconds,
		place,
		leaveOut,
	}: {
		readonly seconds: number;
		readonly place: Place;
		readonly leaveOut: (row: Row, error: Error) => void;
	},
): Promise<readonly Measured[]> {
	const running: Running[] = [];
	const programs: Program[] = [];
	try {
		for (const row of rows) {
			const program = start(row.program, place, environmentOf(row));
			programs.push(program);
			const ready = await program.ask({ kind: "prepare", job }).catch((error: Error) => leaveOut(row, error));
			if (!ready) continue;
			compare(row, ready.probabilities, expected);
			running.push({ row, program, ready, runMs: await warmUp(program), times: [] });
		}
		const rounds = Math.ceil((seconds * 1000) / turnMs);
		for (let round = 0; round < rounds; round++)
			for (let turn = 0; turn < running.length; turn++) {
				// Another one begins each time, so that none always follows the same.
				const { program, runMs, times } = running[(turn + round) % running.length]!;
				await program.ask({ kind: "run", runs: Math.ceil(settlingMs / runMs) });
				times.push(...(await program.ask({ kind: "run", runs: Math.ceil(turnMs / runMs) })));
				await new Promise((resolve) => setTimeout(resolve, pauseMs));
			}
	} finally {
		await Promise.all(programs.map((program) => program.stop()));
	}
	return running.map(({ row, ready, times }) => ({ row, ready, times: statisticsOf(times) }));
}

/** @returns milliseconds of a run */
async function warmUp(program: Program): Promise<number> {
	let spent = 0;
	let times: readonly number[] = [];
	for (let runs = 1; spent < warmUpMs; runs = Math.min(runs * 2, 1000)) {
		times = await program.ask({ kind: "run", runs });
		spent += times.reduce((sum, time) => sum + time, 0);
	}
	return statisticsOf(times).median;
}

function compare(row: Row, received: readonly number[], expected: Float32Array): void {
	if (received.length !== expected.length)
		throw new Error(
			`${row.name} gives ${received.length} probabilities where ours gives ${expected.length}.`,
		);
	// Of the greatest probability, so that small ones, as of a network with random weights, are compared too.
	const scale = expected.reduce((most, value) => Math.max(most, value), 0);
	const apart =
		received.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0) / scale;
	if (!(apart <= mostApart))
		throw new Error(
			`${row.name} does not agree with ours: the probabilities differ by ${apart.toPrecision(2)} of the greatest, and ${mostApart} is allowed.`,
		);
}
