/** Prints the least time in nanoseconds that a word takes from one thread to another and back. */
import { isMainThread, Worker, workerData } from "node:worker_threads";

const trips = 20;
/** Long enough for both to be compiled, and for the scheduler to put them on different cores. */
const milliseconds = 500;

if (isMainThread) {
	const words = new Int32Array(new SharedArrayBuffer(4));
	const worker = new Worker(new URL(import.meta.url), { workerData: words });
	await new Promise((resolve) => worker.once("online", resolve));
	const end = performance.now() + milliseconds;
	let [word, best] = [0, Number.POSITIVE_INFINITY];
	while (performance.now() < end) {
		const start = performance.now();
		word = ask(words, word);
		best = Math.min(best, performance.now() - start);
	}
	console.log(Math.round((best * 1e6) / trips));
	await worker.terminate();
} else answer(workerData as Int32Array);

/** @returns the last word */
function ask(words: Int32Array, before: number): number {
	let word = before;
	for (let i = 0; i < trips; i++) {
		Atomics.store(words, 0, word + 1);
		while (Atomics.load(words, 0) === word + 1);
		// So that it fits in 32 bits.
		word = (word + 2) & 0xffffff;
	}
	return word;
}

function answer(words: Int32Array): never {
	for (let word = 0; ; word = (word + 2) & 0xffffff) {
		while (Atomics.load(words, 0) !== word + 1);
		Atomics.store(words, 0, (word + 2) & 0xffffff);
	}
}
