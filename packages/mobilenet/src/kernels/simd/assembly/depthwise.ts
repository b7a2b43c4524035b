/**
 * The depthwise layer, row by row: tiles of neighboring pixels where at most one tap is missing at either end, and single
 * pixels where more are missing.
 */
import { clamp, fma } from "./generated/arithmetic";
import { depthwiseTile1, depthwiseTile2, lanes, leastPixels, mostPixels } from "./generated/depthwise-tiles";
import { shareStart } from "./team";

/** Bytes of a filter of `lanes` channels. */
const filterBytes: i32 = 9 * 4 * lanes;

export function depthwise(
  thread: i32, threads: i32, pictures: i32, input: usize, weights: usize, bias: usize, bounds: usize, output: usize,
  inputSize: i32, outputSize: i32, channels: i32, stride: i32, before: i32, inputPitch: i32, outputPitch: i32,
): void {
  const rows = pictures * outputSize, groups = (channels + lanes - 1) / lanes;
  let row = 0, rowEnd = rows, group = 0, groupEnd = groups;
  if (rows >= 4 * threads) {
    row = shareStart(rows, thread, threads);
    rowEnd = shareStart(rows, thread + 1, threads);
  } else {
    group = shareStart(groups, thread, threads);
    groupEnd = shareStart(groups, thread + 1, threads);
  }
  if (group == groupEnd) return;
  const channel = <usize>(group * lanes * 4);
  depthwiseRows(
    row, rowEnd, input + channel, weights + <usize>(group * filterBytes), bias + channel, bounds,
    output + channel + <usize>(row * outputSize) * (<usize>outputPitch * 4),
    inputSize, outputSize, (groupEnd - group) * lanes, stride, before, inputPitch, outputPitch,
  );
}

/** Output rows `first` to `last`, counted through all pictures, written consecutively at `output`. */
export function depthwiseRows(
  first: i32, last: i32, input: usize, weights: usize, bias: usize, bounds: usize, output: usize,
  inputSize: i32, outputSize: i32, channels: i32, stride: i32, before: i32, inputPitch: i32, outputPitch: i32,
): void {
  const inputBytes = <usize>inputPitch * 4, outputBytes = <usize>outputPitch * 4;
  const rowPitch = inputBytes * inputSize;
  const biasEnd = bias + <usize>((channels + lanes - 1) / lanes * lanes) * 4;
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
    const w = weights + <usize>(skipped * 12 * lanes);
    let x = 0;
    while (x < outputSize) {
      const column = x * stride - before;
      if (rows <= 0 || column < -1 || reach - x < leastPixels) {
        const left = max(0, -column);
        pixel(row + inputBytes * (column + left), rowPitch, rows, left, min(3, inputSize - column), inputBytes, output, biasEnd, w, bias, bounds);
        x++; output += outputBytes;
        continue;
      }
      // As few tiles as possible, of about equal size.
      const tiles = (reach - x + mostPixels - 1) / mostPixels;
      const count = (reach - x + tiles - 1) / tiles;
      const right = x + count > full;
      if (stride == 1) depthwiseTile1(count, column < 0, right, row + inputBytes * column, rowPitch, rows, output, biasEnd, inputBytes, outputBytes, w, bias, bounds);
      else depthwiseTile2(count, column < 0, right, row + inputBytes * column, rowPitch, rows, output, biasEnd, inputBytes, outputBytes, w, bias, bounds);
      x += count; output += outputBytes * count;
    }
    if (++y == outputSize) { y = 0; picture += rowPitch * inputSize; }
  }
}

/** One pixel with the taps of columns `left` up to `right`, exclusive, in any number of rows. */
function pixel(
  input: usize, rowPitch: usize, rows: i32, left: i32, right: i32, inputBytes: usize, output: usize, biasEnd: usize,
  weights: usize, bias: usize, bounds: usize,
): void {
  const low = v128.load_splat<f32>(bounds), high = v128.load_splat<f32>(bounds, 4);
  while (bias != biasEnd) {
    for (let lane = 0; lane < lanes; lane += 4) {
      let sum = v128.load(bias);
      for (let i = 0; i < rows; i++)
        for (let j = left; j < right; j++)
          sum = fma(v128.load(input + rowPitch * i + inputBytes * (j - left)), v128.load(weights + <usize>(((i * 3 + j) * lanes + lane) * 4)), sum);
      v128.store(output, clamp(sum, low, high));
      input += 16; output += 16; bias += 16;
    }
    weights += filterBytes;
  }
}
