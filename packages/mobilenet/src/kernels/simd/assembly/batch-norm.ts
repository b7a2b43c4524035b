/**
 * Batch norm of one batch from the sums of bands, forward and backward, one channel at a time in float64. Threads divide
 * the channels in groups of 16. There are only a few thousand numbers, so speed does not matter here.
 */
import { vectorBytes } from "./bands";
import { shareStart } from "./team";

/** The sum of one number per band, in the order of the bands. */
// @ts-ignore: decorator
@inline
function total(from: usize, bands: i32, step: usize): f64 {
  let sum: f64 = 0;
  for (; bands > 0; bands--) { sum += <f64>load<f32>(from); from += step; }
  return sum;
}

export function batchNorm(
  thread: i32, threads: i32, pictures: i32, partials: usize, gamma: usize, beta: usize, runningMean: usize,
  runningVariance: usize, constants: usize, norm: usize, rows: i32, bandRows: i32, pixels: i32, channels: i32,
  frozen: i32, unbiased: i32,
): void {
  const vector = vectorBytes(channels), vectors = (channels + 15) >> 4;
  const bands = frozen ? 0 : (pictures * rows + bandRows - 1) / bandRows;
  const n = <f64>pictures * <f64>pixels;
  const epsilon = <f64>load<f32>(constants), momentum = <f64>load<f32>(constants, 4);
  const correction = unbiased && n > 1 ? n / (n - 1) : 1;
  for (let c = shareStart(vectors, thread, threads) << 4, end = shareStart(vectors, thread + 1, threads) << 4; c < end; c++) {
    const at = <usize>c * 4, to = norm + at;
    let scale: f32 = 0, shift: f32 = 0, mean: f64 = 0, inverseDeviation: f64 = 0;
    if (c < channels) {
      let variance = <f64>load<f32>(runningVariance + at);
      mean = <f64>load<f32>(runningMean + at);
      if (!frozen) {
        const average = total(partials + at, bands, 2 * vector) / n;
        const spread = max<f64>(0, total(partials + vector + at, bands, 2 * vector) / n - average * average);
        store<f32>(runningMean + at, <f32>(mean + momentum * (average - mean)));
        store<f32>(runningVariance + at, <f32>(variance + momentum * (spread * correction - variance)));
        mean = average;
        variance = spread;
      }
      inverseDeviation = 1 / sqrt<f64>(variance + epsilon);
      scale = <f32>(<f64>load<f32>(gamma + at) * inverseDeviation);
      shift = <f32>(<f64>load<f32>(beta + at) - mean * <f64>scale);
    }
    store<f32>(to, scale);
    store<f32>(to + vector, shift);
    store<f32>(to + 2 * vector, <f32>mean);
    store<f32>(to + 3 * vector, <f32>inverseDeviation);
  }
}

export function batchNormBackward(
  thread: i32, threads: i32, pictures: i32, partials: usize, norm: usize, gammaGradient: usize, betaGradient: usize,
  rows: i32, bandRows: i32, pixels: i32, channels: i32, frozen: i32,
): void {
  const vector = vectorBytes(channels), vectors = (channels + 15) >> 4;
  const bands = (pictures * rows + bandRows - 1) / bandRows;
  const n = <f64>pictures * <f64>pixels;
  for (let c = shareStart(vectors, thread, threads) << 4, end = shareStart(vectors, thread + 1, threads) << 4; c < end; c++) {
    const at = <usize>c * 4, from = norm + at;
    let scale: f64 = 0, rawFactor: f64 = 0, constant: f64 = 0;
    if (c < channels) {
      const s1 = total(partials + at, bands, 2 * vector), s2 = total(partials + vector + at, bands, 2 * vector);
      store<f32>(gammaGradient + at, <f32>(<f64>load<f32>(gammaGradient + at) + s2));
      store<f32>(betaGradient + at, <f32>(<f64>load<f32>(betaGradient + at) + s1));
      scale = <f64>load<f32>(from);
      if (!frozen) {
        const slope = scale * <f64>load<f32>(from + 3 * vector) * s2 / n;
        rawFactor = -slope;
        constant = slope * <f64>load<f32>(from + 2 * vector) - scale * s1 / n;
      }
    }
    store<f32>(from + 4 * vector, <f32>scale);
    store<f32>(from + 5 * vector, <f32>rawFactor);
    store<f32>(from + 6 * vector, <f32>constant);
  }
}
