/**
 * Makes batches on decoding workers, each of which makes a fixed share of every batch, or on the caller's thread. The
 * result is the same. Workers read files and write pixels into shared memory without the caller, whose thread may be busy
 * with the network for half a second at a time, so they are sent several batches ahead.
 */
import { startDecodingWorker } from "#start-decoding-worker";
import type { Pixels } from "../image/pixels.ts";
import { fromCache } from "./cache.ts";
import type { Dataset } from "./dataset.ts";
import type { DecodingWorker, MadeShare } from "./decoding-worker.ts";
import { type DecodingSetup, type Failure, failureOf, type Share, shareMaker } from "./shares.ts";

export interface BatchMaker {
	/** Begins to make a batch in a slot, which must be free. */
	readonly start: (batch: number, slot: number, indices: Int32Array) => void;
	/** Waits for a batch, and returns the pictures that could not be made. */
	readonly finish: (batch: number) => Promise<readonly Failure[]>;
	readonly stop: () => Promise<void>;
}

/** A maker with a number of workers; with none, it uses the caller's thread. */
export function createBatchMaker(dataset: Dataset, setup: DecodingSetup, workers: number): BatchMaker {
	return workers > 0 ? makerOnWorkers(dataset, setup, workers) : makerOnThisThread(dataset, setup);
}

function makerOnThisThread(dataset: Dataset, setup: DecodingSetup): BatchMaker {
	const make = shareMaker(setup);
	const made = new Map<number, Promise<readonly Failure[]>>();
	let end: () => void;
	const ended = new Promise<readonly Failure[]>((resolve) => {
		end = () => resolve([]);
	});
	return {
		start: (batch, slot, indices) => {
			const share = shareOf(dataset, batch, slot, indices, 0, 1);
			const failures = make(share, (at) => dataset.read(share.indices[at]!));
			failures.catch(() => undefined);
			made.set(batch, failures);
		},
		finish: async (batch) => {
			const failures = made.get(batch)!;
			made.delete(batch);
			return Promise.race([failures, ended]);
		},
		stop: async () => end(),
	};
}

/** A batch that workers are making. */
interface Pending {
	readonly slot: number;
	readonly indices: Int32Array;
	readonly failures: Failure[];
	/** Shares that are not finished yet. */
	missing: number;
	/** Called when something has changed. */
	wake: () => void;
}

function makerOnWorkers(dataset: Dataset, setup: DecodingSetup, count: number): BatchMaker {
	const pending = new Map<number, Pending>();
	/**
	 * On the caller's thread: the first batch, which takes less time than starting a worker, and all remaining batches if a
	 * worker cannot start or fails.
	 */
	const own = makerOnThisThread(dataset, setup);
	let stopped = false;
	const wakeAll = (): void => {
		for (const { wake } of pending.values()) wake();
	};
	const workers: DecodingWorker[] = [];
	const stop = async (): Promise<void> => {
		stopped = true;
		wakeAll();
		await own.stop();
		await Promise.all(workers.map((worker) => worker.stop()));
	};
	let ended: Promise<void> | undefined;
	const onDeath = (): void => {
		if (stopped || ended) return;
		ended = Promise.all(workers.map((worker) => worker.stop())).then(() => undefined);
		wakeAll();
	};
	const onShare = ({ batch, failures }: MadeShare): void => {
		const one = pending.get(batch);
		if (!one || ended) return;
		one.failures.push(...failures);
		one.missing--;
		one.wake();
	};
	try {
		for (let worker = 0; worker < count; worker++)
			workers.push(startDecodingWorker(setup, dataset.places, { onShare, onDeath }));
	} catch {
		// Threads cannot be started, for example under Node's permission model.
		for (const worker of workers) void worker.stop();
		return own;
	}

	const post = async (worker: DecodingWorker, share: Share): Promise<void> => {
		const sent = dataset.places ? share : { ...share, given: await givenOf(dataset, setup, share) };
		if (!stopped && !ended) worker.post(sent);
	};
	return {
		start: (batch, slot, indices) => {
			if (batch === 0) {
				own.start(batch, slot, indices);
				return;
			}
			pending.set(batch, { slot, indices, failures: [], missing: count, wake: () => undefined });
			if (ended) return;
			for (const [w, worker] of workers.entries())
				post(worker, shareOf(dataset, batch, slot, indices, w, count)).catch(onDeath);
		},
		finish: async (batch) => {
			if (batch === 0) return own.finish(batch);
			const one = pending.get(batch)!;
			for (const worker of workers) worker.hold();
			while (one.missing > 0 && !stopped && !ended)
				await new Promise<void>((resolve) => {
					one.wake = resolve;
				});
			for (const worker of workers) worker.release();
			pending.delete(batch);
			if (one.missing === 0 || stopped) return one.failures;
			// All shares again: rewriting those that are finished gives the same pixels.
			await ended;
			own.start(batch, one.slot, one.indices);
			return own.finish(batch);
		},
		stop,
	};
}

/** Every `step`-th picture of a batch, from picture `first`. */
function shareOf(
	dataset: Dataset,
	batch: number,
	slot: number,
	indices: Int32Array,
	first: number,
	step: number,
): Share {
	const positions: number[] = [];
	for (let position = first; position < indices.length; position += step) positions.push(position);
	const own = positions.map((position) => indices[position]!);
	return { batch, slot, positions, indices: own, names: own.map((index) => dataset.nameOf(index)) };
}

/** Reads the pictures of a share for a worker that cannot do so itself. */
function givenOf(
	dataset: Dataset,
	{ table }: DecodingSetup,
	{ positions, indices }: Share,
): Promise<NonNullable<Share["given"]>> {
	return Promise.all(
		indices.map(async (index, at): Promise<Uint8Array | Pixels | Failure | undefined> => {
			if (table && fromCache(table, index)) return undefined;
			try {
				const picture = await dataset.read(index);
				// Copies, because sending a part of a buffer would send all of it.
				return picture instanceof Uint8Array
					? new Uint8Array(picture)
					: { ...picture, data: new Uint8Array(picture.data) };
			} catch (error) {
				return failureOf(positions[at]!, error);
			}
		}),
	);
}
