/**
 * Who makes batches: decoding workers, each a fixed share of every batch, or the caller's own thread. What is made does not
 * depend on it. Workers read files and write pixels into shared memory without the caller, whose thread is busy with the
 * network for as long as half a second at a time; so they are sent several batches ahead.
 */
import { startDecodingWorker } from "#start-decoding-worker";
import type { Pixels } from "../image/pixels.ts";
import { fromCache } from "./cache.ts";
import type { Dataset } from "./dataset.ts";
import type { DecodingWorker, MadeShare } from "./decoding-worker.ts";
import { type DecodingSetup, type Failure, failureOf, type Share, shareMaker } from "./shares.ts";

export interface BatchMaker {
	/** Begins a batch. Its slot is free. */
	readonly start: (batch: number, slot: number, indices: Int32Array) => void;
	/** A batch that was begun is in its slot, but for these. */
	readonly finish: (batch: number) => Promise<readonly Failure[]>;
	readonly stop: () => Promise<void>;
}

/** A maker of so many workers; of none, the caller's thread. */
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

/** A batch that workers are at. */
interface Pending {
	readonly slot: number;
	readonly indices: Int32Array;
	readonly failures: Failure[];
	/** Shares that are not made yet. */
	missing: number;
	/** Called when there is something new about it. */
	wake: () => void;
}

function makerOnWorkers(dataset: Dataset, setup: DecodingSetup, count: number): BatchMaker {
	const pending = new Map<number, Pending>();
	/**
	 * The caller's own thread: for the first batch, which is made sooner than a worker starts, and for all that are left
	 * when one could not start or has failed.
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
		// Where no thread may be started, as under Node's permissions.
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
			// All shares again: whatever half of them there is, the same pixels are written.
			await ended;
			own.start(batch, one.slot, one.indices);
			return own.finish(batch);
		},
		stop,
	};
}

/** Every so manieth picture of a batch. */
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

/** The pictures of a share that a worker cannot read itself. */
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
				// Copies: sending a part of a buffer would send all of it.
				return picture instanceof Uint8Array
					? new Uint8Array(picture)
					: { ...picture, data: new Uint8Array(picture.data) };
			} catch (error) {
				return failureOf(positions[at]!, error);
			}
		}),
	);
}
