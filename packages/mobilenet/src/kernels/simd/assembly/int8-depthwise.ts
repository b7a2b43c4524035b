/**
 * The depthwise layer in integers, row by row: tiles of neighboring pixels where at most one tap is missing at either
 * end, and single pixels where more are missing.
 */
import { fma } from "./generated/arithmetic";
import { depthwiseTile1, depthwiseTile2, leastPixels, mostPixels, roundings } from "./generated/int8-depthwise-tiles";
import { requantize, requantizeTwice } from "./int8-requantize";
import { shareStart } from "./team";

/** Bytes of a filter of eight channels, and of a thread's scratch. */
const filterBytes: i32 = 9 * 32;
export const scratchBytes: i32 = 256;

export function int8Depthwise(
  thread: i32, threads: i32, pictures: i32, input: usize, weights: usize, bias: usize, multipliers: usize, bounds: usize,
  scratch: usize, output: usize,
  inputSize: i32, outputSize: i32, channels: i32, stride: i32, before: i32, inputPitch: i32, outputPitch: i32,
): void {
  const rows = pictures * outputSize, groups = (channels + 7) >> 3;
  let row = 0, rowEnd = rows, group = 0, groupEnd = groups;
  if (rows >= 4 * threads) {
    row = shareStart(rows, thread, threads);
    rowEnd = shareStart(rows, thread + 1, threads);
  } else {
    group = shareStart(groups, thread, threads);
    groupEnd = shareStart(groups, thread + 1, threads);
  }
  if (group == groupEnd) return;
  int8DepthwiseRows(
    row, rowEnd, input + <usize>(group << 4), weights + <usize>(group * filterBytes), bias + <usize>(group << 5),
    multipliers + <usize>(group << 6), bounds, scratch + <usize>(thread * scratchBytes),
    output + <usize>(group << 4) + <usize>(row * outputSize) * (<usize>outputPitch * 2),
    inputSize, outputSize, (groupEnd - group) << 3, stride, before, inputPitch, outputPitch,
  );
}

/** Output rows `first` to `last`, counted through all pictures, written consecutively at `output`. */
export function int8DepthwiseRows(
  first: i32, last: i32, input: usize, weights: usize, bias: usize, multipliers: usize, bounds: usize, scratch: usize,
  output: usize,
  inputSize: i32, outputSize: i32, channels: i32, stride: i32, before: i32, inputPitch: i32, outputPitch: i32,
): void {
  const inputBytes = <usize>inputPitch * 2, outputBytes = <usize>outputPitch * 2;
  const rowPitch = inputBytes * inputSize;
  const biasEnd = bias + <usize>((channels + 7) >> 3 << 5);
  // Outputs before `full` have their right tap; the one at `full` is within `reach` of a tile if it lacks only that tap.
  const full = inputSize + before < 3 ? 0 : min(outputSize, (inputSize - 3 + before) / stride + 1);
  const reach = full < outputSize && full * stride - before + 2 == inputSize ? full + 1 : full;
  let y = first % outputSize;
  let picture = input + rowPitch * (first / outputSize * inputSize);
  for (let r = first; r < last; r++) {
    const top = y * stride - before;
    const skipped = max(0, -top);
    const rows = min(3, inputSize - top) - skipped;
    const row = picture + rowPitch * (top + skipped);
    const w = weights + <usize>(skipped * 96);
    let x = 0;
    while (x < outputSize) {
      const column = x * stride - before;
      if (rows <= 0 || column < -1 || reach - x < leastPixels) {
        const left = max(0, -column);
        pixel(row + inputBytes * (column + left), rowPitch, rows, left, min(3, inputSize - column), inputBytes, output, biasEnd, w, bias, multipliers, bounds);
        x++; output += outputBytes;
        continue;
      }
      // As few tiles as possible, of about equal size.
      const tiles = (reach - x + mostPixels - 1) / mostPixels;
      const count = (reach - x + tiles - 1) / tiles;
      const right = x + count > full;
      if (stride == 1) depthwiseTile1(count, column < 0, right, row + inputBytes * column, rowPitch, rows, output, biasEnd, inputBytes, outputBytes, w, bias, multipliers, bounds, scratch);
      else depthwiseTile2(count, column < 0, right, row + inputBytes * column, rowPitch, rows, output, biasEnd, inputBytes, outputBytes, w, bias, multipliers, bounds, scratch);
      x += count; output += outputBytes * count;
    }
    if (++y == outputSize) { y = 0; picture += rowPitch * inputSize; }
  }
}

/** One pixel with the taps of columns `left` up to `right`, exclusive, in any number of rows. */
function pixel(
  input: usize, rowPitch: usize, rows: i32, left: i32, right: i32, inputBytes: usize, output: usize, biasEnd: usize,
  weights: usize, bias: usize, multipliers: usize, bounds: usize,
): void {
  const low = v128.load_splat<f32>(bounds), high = v128.load_splat<f32>(bounds, 4), rounding = v128.load_splat<f32>(bounds, 8);
  while (bias != biasEnd) {
    let a = f32x4.splat(0), b = f32x4.splat(0);
    for (let i = 0; i < rows; i++)
      for (let j = left; j < right; j++) {
        const x = input + rowPitch * i + inputBytes * (j - left), w = weights + <usize>((i * 3 + j) << 5);
        a = fma(f32x4.convert_i32x4_s(v128.load_ext<i16>(x)), v128.load(w), a);
        b = fma(f32x4.convert_i32x4_s(v128.load_ext<i16>(x, 8)), v128.load(w, 16), b);
      }
    v128.store(output, i16x8.narrow_i32x4_s(
      word(f32x4.add(a, v128.load(bias)), multipliers, low, high, rounding),
      word(f32x4.add(b, v128.load(bias, 16)), multipliers + 16, low, high, rounding),
    ));
    input += 16; output += 16; weights += filterBytes; bias += 32; multipliers += 64;
  }
}

function word(sums: v128, multipliers: usize, low: v128, high: v128, rounding: v128): v128 {
  const m = v128.load(multipliers);
  return roundings == 2
    ? requantizeTwice(sums, m, v128.load(multipliers, 32), low, high, rounding)
    : requantize(sums, m, low, high, rounding);
}
