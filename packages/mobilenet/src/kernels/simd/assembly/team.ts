/**
 * Threads that work on the same plan. The run block holds what they share, in words of 32 bits:
 *
 *   0     pictures in this batch
 *   1     threads that have arrived at the barrier
 *   2     how often the barrier was passed
 *   3     threads that sleep at the barrier
 *   4     jobs given so far; below 0: go home
 *   5–10  the job: plan, entry, first, last, threads, and whether the first thread may sleep (a browser's page may not)
 *   16 …  one a worker: 1 when it is ready; then 2 + the jobs given before it joined; below 0: go home
 *
 * A worker that has joined takes part in every job, so nothing of a job changes while anybody still reads it. Waiting
 * is a bounded spin, for steps take microseconds, and then sleep, so that threads which share a core with others do
 * not burn it.
 */
import { run } from "./generated/walker";

const spins: i32 = 40_000;
/** Nanoseconds of sleep before another look. */
const nap: i64 = 100_000_000;
/** Naps, or rounds of spins where there is no sleep, before the other threads are given up: half a minute or more. */
const mostNaps: i32 = 300;
const mostRounds: i32 = 500_000;

/** Returns when all threads have arrived. */
export function barrier(block: usize, thread: i32, threads: i32): void {
  const passed = atomic.load<i32>(block, 8);
  if (atomic.add<i32>(block, 1, 4) == threads - 1) {
    atomic.store<i32>(block, 0, 4);
    atomic.store<i32>(block, passed + 1, 8);
    // A thread that goes to sleep after this look finds the count changed and does not.
    if (atomic.load<i32>(block, 12)) atomic.notify(block + 8, threads);
    return;
  }
  const maySleep = thread > 0 || load<i32>(block, 40) != 0;
  const most = maySleep ? mostNaps : mostRounds;
  for (let round = 0; round < most; round++) {
    for (let i = 0; i < spins; i++) if (atomic.load<i32>(block, 8) != passed) return;
    if (maySleep) {
      atomic.add<i32>(block, 1, 12);
      atomic.wait<i32>(block + 8, passed, nap);
      atomic.sub<i32>(block, 1, 12);
    }
  }
  // A thread has died: whoever called gets an error in the place of a hang.
  unreachable();
}

/** Returns what a word has become that is no longer what it was, and sleeps for as long as that takes. */
function changed(word: usize, value: i32): i32 {
  for (let i = 0; i < spins && atomic.load<i32>(word) == value; i++) {}
  while (atomic.load<i32>(word) == value) atomic.wait<i32>(word, value, -1);
  return atomic.load<i32>(word);
}

/** A worker's life: says that it is ready, joins, does its share of every job until it is sent home. */
export function serve(block: usize, thread: i32): void {
  const own = block + 64 + (<usize>thread << 2);
  atomic.store<i32>(own, 1);
  let jobs = changed(own, 1) - 2;
  while (jobs >= 0) {
    jobs = changed(block + 16, jobs);
    if (jobs >= 0)
      run(load<usize>(block, 20), load<i32>(block, 24), load<i32>(block, 28), load<i32>(block, 32), block, thread, load<i32>(block, 36));
  }
}

/** Where the share of a thread begins, of `total` things; the share of the next is its end. */
// @ts-ignore: decorator
@inline
export function shareStart(total: i32, thread: i32, threads: i32): i32 {
  return <i32>((<i64>total * thread) / threads);
}
