/**
 * Workers that do their share of an executor's jobs in the same memory. They start in the background and report through
 * shared memory when they are ready to join. Nothing waits for them, and results are the same without them.
 */
import { mayBlock, startWorker } from "#threads";
import { MobileNetError, messageOf } from "../base/error.ts";
import type { LoadedBuild, Walker } from "../kernels/walker.ts";
import type { TeamWorker } from "./worker-task.ts";

export interface Team {
	/**
	 * Runs step `entry`, then those of steps `first` to `last` that follow it, of the plan at byte `plan`, with all workers
	 * that are ready.
	 */
	readonly run: (plan: number, entry: number, first: number, last: number) => void;
	/** Number of threads that work now, including this one. */
	readonly joined: () => number;
	/** Stops the workers. */
	readonly dismiss: () => void;
}

/** Words of the run block, as in simd/assembly/team.ts. */
const word = {
	jobs: 4,
	plan: 5,
	entry: 6,
	first: 7,
	last: 8,
	threads: 9,
	maySleep: 10,
	workers: 16,
} as const;
/** Values of a worker's word; `home` also stops all workers in `jobs`. */
const ready = 1;
const joinedBase = 2;
const home = -1;

/** A team of `threads` threads, including this one; a team of one starts no worker. */
export function createTeam(walker: Walker, loaded: LoadedBuild, block: number, threads: number): Team {
	const { memory } = walker;
	if (threads === 1 || !memory || loaded.build === "reference")
		return {
			run: (plan, entry, first, last) => walker.run(plan, entry, first, last, block, 1),
			joined: () => 1,
			dismiss: () => undefined,
		};

	const words = new Int32Array(walker.buffer, block);
	words[word.maySleep] = mayBlock() ? 1 : 0;
	/** Workers join in the order of their numbers, so this also tells which have joined. */
	let joined = 1;
	let broken: string | undefined;
	const workers: TeamWorker[] = [];
	for (let thread = 1; thread < threads; thread++)
		workers.push(
			// A worker that never joined can be ignored: the others do its share.
			startWorker({ module: loaded.module, memory, block, thread }, (why) => {
				if (thread < joined) broken ??= why;
			}),
		);

	const join = (): number => {
		for (; joined < threads; joined++) {
			const own = word.workers + joined;
			if (Atomics.load(words, own) !== ready) break;
			Atomics.store(words, own, joinedBase + Atomics.load(words, word.jobs));
			Atomics.notify(words, own);
		}
		return joined;
	};
	const dismiss = (): void => {
		Atomics.store(words, word.jobs, home);
		Atomics.notify(words, word.jobs);
		for (let thread = 1; thread < threads; thread++) {
			Atomics.store(words, word.workers + thread, home);
			Atomics.notify(words, word.workers + thread);
		}
		for (const worker of workers) worker.stop();
	};
	const run: Team["run"] = (plan, entry, first, last) => {
		if (broken !== undefined)
			throw new MobileNetError(
				"engine",
				`a worker thread has stopped (${broken}): load the model again, with threads: 1 if this recurs.`,
			);
		const count = join();
		if (count > 1) {
			words[word.plan] = plan;
			words[word.entry] = entry;
			words[word.first] = first;
			words[word.last] = last;
			words[word.threads] = count;
			Atomics.add(words, word.jobs, 1);
			Atomics.notify(words, word.jobs);
		}
		try {
			walker.run(plan, entry, first, last, block, count);
		} catch (error) {
			// The barrier traps when a thread does not arrive.
			broken ??= messageOf(error);
			dismiss();
			throw new MobileNetError(
				"engine",
				`the worker threads of the model are out of sync (${broken}): load the model again.`,
				{ cause: error },
			);
		}
	};
	return { run, joined: join, dismiss };
}
