/**
 * Threads that work on the same plan. The run block holds what they share, in 32-bit words:
 *
 *   0     pictures in this batch
 *   1     threads that have arrived at the barrier
 *   2     how often the barrier was passed
 *   3     threads that sleep at the barrier
 *   4     jobs given so far; below 0: stop
 *   5–10  the job: plan, entry, first, last, threads, and whether the first thread may sleep (a browser's page may not)
 *   16 …  one per worker: 1 when it is ready; then 2 + the jobs given before it joined; below 0: stop
 *
 * A worker that has joined takes part in every job, so a job never changes while a thread still reads it. Threads wait by
 * spinning for a bounded time, since steps take microseconds, and then by sleeping, so that they do not waste a core that
 * they share with others.
 */
import { run } from "./generated/walker";

const spins: i32 = 40_000;
/** Nanoseconds of sleep between checks. */
const nap: i64 = 100_000_000;
/** Naps, or rounds of spins if the thread may not sleep, before it gives up on the others: half a minute or more. */
const mostNaps: i32 = 300;
const mostRounds: i32 = 500_000;

/** Returns when all threads have arrived. */
export function barrier(block: usize, thread: i32, threads: i32): void {
  const passed = atomic.load<i32>(block, 8);
  if (atomic.add<i32>(block, 1, 4) == threads - 1) {
    atomic.store<i32>(block, 0, 4);
    atomic.store<i32>(block, passed + 1, 8);
    // A thread that is about to sleep after this check finds the count changed, and does not.
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
  // A thread has died: trap, so that the caller gets an error instead of waiting forever.
  unreachable();
}

/** Waits until a word differs from `value`, and returns it. */
function changed(word: usize, value: i32): i32 {
  for (let i = 0; i < spins && atomic.load<i32>(word) == value; i++) {}
  while (atomic.load<i32>(word) == value) atomic.wait<i32>(word, value, -1);
  return atomic.load<i32>(word);
}

/** The main loop of a worker: reports that it is ready, waits to join, and does its share of every job until stopped. */
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

/** Where a thread's share of `total` items begins; it ends where the next thread's begins. */
// @ts-ignore: decorator
@inline
export function shareStart(total: i32, thread: i32, threads: i32): i32 {
  return <i32>((<i64>total * thread) / threads);
}
