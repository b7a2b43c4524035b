/**
 * Threads that work on the same plan. The run block holds what they share:
 *
 *   word 0  pictures in this batch
 *   word 1  threads that have arrived at the barrier
 *   word 2  how often the barrier was passed
 *   word 3  threads that sleep at the barrier
 *   word 4  jobs given so far; below 0: go home
 *   word 5  the job: plan, 6 first step, 7 last step, 8 threads
 *   word 9  whether a thread may sleep (a browser's main thread may not)
 *
 * Waiting is a bounded spin, for steps take microseconds, and then sleep, so that threads which share a core with
 * others do not burn it.
 */
import { run } from "./generated/walker";

const spins: i32 = 2000;
/** Nanoseconds of sleep before another look. */
const nap: i64 = 100_000_000;

/** Returns when all threads have arrived. */
export function barrier(block: usize, threads: i32): void {
  const passed = atomic.load<i32>(block, 8);
  if (atomic.add<i32>(block, 1, 4) == threads - 1) {
    atomic.store<i32>(block, 0, 4);
    atomic.store<i32>(block, passed + 1, 8);
    // A thread that goes to sleep after this look finds the count changed and does not.
    if (atomic.load<i32>(block, 12)) atomic.notify(block + 8, threads);
    return;
  }
  waitWhile(block + 8, passed, block + 12, load<i32>(block, 36) != 0);
}

/** Returns when the word is no longer what it was. */
function waitWhile(word: usize, value: i32, sleepers: usize, maySleep: bool): void {
  for (;;) {
    for (let i = 0; i < spins; i++) if (atomic.load<i32>(word) != value) return;
    if (maySleep) {
      atomic.add<i32>(sleepers, 1);
      atomic.wait<i32>(word, value, nap);
      atomic.sub<i32>(sleepers, 1);
    }
  }
}

/** A worker's life: does its share of every job until it is sent home. */
export function serve(block: usize, thread: i32, seen: i32): void {
  for (;;) {
    for (let i = 0; i < spins && atomic.load<i32>(block, 16) == seen; i++) {}
    while (atomic.load<i32>(block, 16) == seen) atomic.wait<i32>(block + 16, seen, -1);
    seen = atomic.load<i32>(block, 16);
    if (seen < 0) return;
    const threads = load<i32>(block, 32);
    if (thread < threads) run(load<usize>(block, 20), load<i32>(block, 24), load<i32>(block, 28), block, thread, threads);
  }
}

/** Where the share of a thread begins, of `total` things; the share of the next is its end. */
// @ts-ignore: decorator
@inline
export function shareStart(total: i32, thread: i32, threads: i32): i32 {
  return <i32>((<i64>total * thread) / threads);
}
