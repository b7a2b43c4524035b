/**
 * The optimizers, eight numbers at a time. They are bound by memory, so each number is read and written once. Threads
 * divide the numbers in groups of 16, and gradients are zero afterwards.
 */
import { fma } from "./generated/arithmetic";
import { shareStart } from "./team";

/** Byte offsets of the settings, in the order of settingNames in training-shapes.ts. */
const learningRate: usize = 0, weightDecay: usize = 4, gradientFactor: usize = 8, momentum: usize = 12, nesterov: usize = 16;
const decay: usize = 20, beta1: usize = 24, beta2: usize = 28, epsilon: usize = 32, firstCorrection: usize = 36;
const secondCorrection: usize = 40, averageShare: usize = 44;

export function sgd(
  thread: i32, threads: i32, pictures: i32, parameters: usize, gradients: usize, first: usize, settings: usize,
  length: i32, decays: i32,
): void {
  const rate = f32x4.neg(v128.load_splat<f32>(settings + learningRate)), factor = v128.load_splat<f32>(settings + gradientFactor);
  const decaying = decays ? v128.load_splat<f32>(settings + weightDecay) : f32x4.splat(0);
  const kept = v128.load_splat<f32>(settings + momentum);
  // The shares of d and of the new momentum in the step.
  const looksAhead = load<f32>(settings + nesterov) != 0;
  const ofGradient = f32x4.splat(looksAhead ? 1 : 0), ofMomentum = looksAhead ? kept : f32x4.splat(1);
  let at = startBytes(length, thread, threads), w = parameters + at, g = gradients + at, m = first + at;
  for (const end = parameters + startBytes(length, thread + 1, threads); w < end; w += 32) {
    const w0 = v128.load(w), w1 = v128.load(w, 16);
    const d0 = fma(w0, decaying, f32x4.mul(v128.load(g), factor)), d1 = fma(w1, decaying, f32x4.mul(v128.load(g, 16), factor));
    const m0 = fma(v128.load(m), kept, d0), m1 = fma(v128.load(m, 16), kept, d1);
    const s0 = fma(m0, ofMomentum, f32x4.mul(d0, ofGradient)), s1 = fma(m1, ofMomentum, f32x4.mul(d1, ofGradient));
    const n0 = fma(s0, rate, w0), n1 = fma(s1, rate, w1);
    v128.store(m, m1, 16); v128.store(m, m0);
    v128.store(w, n1, 16); v128.store(w, n0);
    v128.store(g, f32x4.splat(0), 16); v128.store(g, f32x4.splat(0));
    g += 32; m += 32;
  }
}

export function rmsprop(
  thread: i32, threads: i32, pictures: i32, parameters: usize, gradients: usize, first: usize, second: usize,
  settings: usize, length: i32, decays: i32,
): void {
  const rate = v128.load_splat<f32>(settings + learningRate), factor = v128.load_splat<f32>(settings + gradientFactor);
  const decaying = decays ? v128.load_splat<f32>(settings + weightDecay) : f32x4.splat(0);
  const kept = v128.load_splat<f32>(settings + momentum), keptSquares = v128.load_splat<f32>(settings + decay);
  const ofSquare = f32x4.sub(f32x4.splat(1), keptSquares), least = v128.load_splat<f32>(settings + epsilon);
  let at = startBytes(length, thread, threads), w = parameters + at, g = gradients + at, m = first + at, s = second + at;
  for (const end = parameters + startBytes(length, thread + 1, threads); w < end; w += 32) {
    const w0 = v128.load(w), w1 = v128.load(w, 16);
    const d0 = fma(w0, decaying, f32x4.mul(v128.load(g), factor)), d1 = fma(w1, decaying, f32x4.mul(v128.load(g, 16), factor));
    const s0 = fma(v128.load(s), keptSquares, f32x4.mul(f32x4.mul(d0, d0), ofSquare)), s1 = fma(v128.load(s, 16), keptSquares, f32x4.mul(f32x4.mul(d1, d1), ofSquare));
    const u0 = f32x4.div(f32x4.mul(d0, rate), f32x4.sqrt(f32x4.add(s0, least))), u1 = f32x4.div(f32x4.mul(d1, rate), f32x4.sqrt(f32x4.add(s1, least)));
    const m0 = fma(v128.load(m), kept, u0), m1 = fma(v128.load(m, 16), kept, u1);
    const n0 = f32x4.sub(w0, m0), n1 = f32x4.sub(w1, m1);
    v128.store(s, s1, 16); v128.store(s, s0);
    v128.store(m, m1, 16); v128.store(m, m0);
    v128.store(w, n1, 16); v128.store(w, n0);
    v128.store(g, f32x4.splat(0), 16); v128.store(g, f32x4.splat(0));
    g += 32; m += 32; s += 32;
  }
}

export function adamw(
  thread: i32, threads: i32, pictures: i32, parameters: usize, gradients: usize, first: usize, second: usize,
  settings: usize, length: i32, decays: i32,
): void {
  const one = f32x4.splat(1), factor = v128.load_splat<f32>(settings + gradientFactor);
  const kept = v128.load_splat<f32>(settings + beta1), keptSquares = v128.load_splat<f32>(settings + beta2);
  const ofGradient = f32x4.sub(one, kept), ofSquare = f32x4.sub(one, keptSquares);
  const rate = load<f32>(settings + learningRate);
  // The first moment's correction and the learning rate combine into one factor.
  const step = f32x4.splat(rate * load<f32>(settings + firstCorrection)), correction = v128.load_splat<f32>(settings + secondCorrection);
  const least = v128.load_splat<f32>(settings + epsilon), decaying = f32x4.splat(decays ? rate * load<f32>(settings + weightDecay) : 0);
  let at = startBytes(length, thread, threads), w = parameters + at, g = gradients + at, m = first + at, s = second + at;
  for (const end = parameters + startBytes(length, thread + 1, threads); w < end; w += 32) {
    const w0 = v128.load(w), w1 = v128.load(w, 16);
    const g0 = f32x4.mul(v128.load(g), factor), g1 = f32x4.mul(v128.load(g, 16), factor);
    const m0 = fma(v128.load(m), kept, f32x4.mul(g0, ofGradient)), m1 = fma(v128.load(m, 16), kept, f32x4.mul(g1, ofGradient));
    const s0 = fma(v128.load(s), keptSquares, f32x4.mul(f32x4.mul(g0, g0), ofSquare)), s1 = fma(v128.load(s, 16), keptSquares, f32x4.mul(f32x4.mul(g1, g1), ofSquare));
    const u0 = f32x4.div(f32x4.mul(m0, step), f32x4.add(f32x4.sqrt(f32x4.mul(s0, correction)), least));
    const u1 = f32x4.div(f32x4.mul(m1, step), f32x4.add(f32x4.sqrt(f32x4.mul(s1, correction)), least));
    const n0 = f32x4.sub(w0, fma(w0, decaying, u0)), n1 = f32x4.sub(w1, fma(w1, decaying, u1));
    v128.store(s, s1, 16); v128.store(s, s0);
    v128.store(m, m1, 16); v128.store(m, m0);
    v128.store(w, n1, 16); v128.store(w, n0);
    v128.store(g, f32x4.splat(0), 16); v128.store(g, f32x4.splat(0));
    g += 32; m += 32; s += 32;
  }
}

export function movingAverage(
  thread: i32, threads: i32, pictures: i32, parameters: usize, average: usize, settings: usize, length: i32,
): void {
  const share = v128.load_splat<f32>(settings + averageShare);
  let at = startBytes(length, thread, threads), w = parameters + at, a = average + at;
  for (const end = parameters + startBytes(length, thread + 1, threads); w < end; w += 32) {
    const a0 = v128.load(a), a1 = v128.load(a, 16);
    const n0 = fma(f32x4.sub(v128.load(w), a0), share, a0), n1 = fma(f32x4.sub(v128.load(w, 16), a1), share, a1);
    v128.store(a, n1, 16);
    v128.store(a, n0);
    a += 32;
  }
}

/** Where a thread's numbers begin. */
// @ts-ignore: decorator
@inline
function startBytes(length: i32, thread: i32, threads: i32): usize { return <usize>shareStart(length >> 4, thread, threads) * 64; }
