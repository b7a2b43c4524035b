/**
 * Depthwise layers in training. Forward: a band's input rows are activated into a buffer, over which the tiles of
 * inference run as if it were the input. Backward: a band's rows of the output's gradient and of the activated input are
 * computed into buffers with columns of zeros at both ends, from which both gradients are computed.
 */
import { activate, mask, rawGradient, statistics, vectorBytes } from "./bands";
import { depthwiseRows } from "./depthwise";
import { fma } from "./generated/arithmetic";
import {
  depthwiseInputTile1, depthwiseInputTile2, depthwiseWeightTile1, depthwiseWeightTile2, leastPairs, mostPairs,
} from "./generated/depthwise-backward-tiles";
import { lanes, leastPixels, mostPixels } from "./generated/depthwise-tiles";
import { shareStart } from "./team";

/** Bytes of a filter of `lanes` channels, and of a row of it. */
const filterBytes: i32 = 9 * 4 * lanes;
const filterRowBytes: i32 = 3 * 4 * lanes;

export function trainDepthwise(
  thread: i32, threads: i32, pictures: i32, input: usize, inputNorm: usize, activation: usize, weights: usize, bias: usize, bounds: usize,
  band: usize, output: usize, partials: usize, inputSize: i32, outputSize: i32, channels: i32, stride: i32, before: i32, inputPitch: i32,
  outputPitch: i32, bandRows: i32,
): void {
  const inputBytes = <usize>inputPitch * 4, outputBytes = <usize>outputPitch * 4;
  const rowBytes = inputBytes * inputSize;
  // Where pictures have rows that no output begins at, each that a band goes on into adds some.
  const unused = max(0, inputSize - outputSize * stride) * ((bandRows + outputSize - 2) / outputSize);
  band += rowBytes * (((bandRows - 1) * stride + 3 + unused) * thread);
  const rows = pictures * outputSize;
  const bands = (rows + bandRows - 1) / bandRows;
  const end = shareStart(bands, thread + 1, threads);
  for (let b = shareStart(bands, thread, threads); b < end; b++) {
    const first = b * bandRows, last = min(rows, first + bandRows);
    // The input rows under the band's outputs, also counted through all pictures.
    const from = first / outputSize * inputSize + min(inputSize, max(0, first % outputSize * stride - before));
    const to = (last - 1) / outputSize * inputSize + min(inputSize, max(0, (last - 1) % outputSize * stride - before + 3));
    if (from < to) activate(input + rowBytes * from, inputBytes, band, inputBytes, (to - from) * inputSize, channels, inputNorm, activation);
    const at = output + outputBytes * (first * outputSize);
    depthwiseRows(
      first, last, band - rowBytes * from, weights, bias, bounds, at,
      inputSize, outputSize, channels, stride, before, inputPitch, outputPitch,
    );
    statistics(at, outputBytes, (last - first) * outputSize, channels, partials + 2 * vectorBytes(channels) * b);
  }
}

/** Words reserved per entry, which holds the addresses of rows that are combined in the gradient of the weights. */
const entryWords: i32 = 16;
/** Bytes of the input's gradient that are masked at once, while they are in the L1 cache. */
const maskBytes: i32 = 32 * 1024;

// @ts-ignore: decorator
@inline
function floorShare(n: i32, stride: i32): i32 { return stride == 2 ? n >> 1 : n; }

export function depthwiseBackward(
  thread: i32, threads: i32, pictures: i32, gradient: usize, output: usize, outputNorm: usize, input: usize, inputNorm: usize, activation: usize,
  weights: usize, band: usize, weightSlices: usize, inputGradient: usize, partials: usize, inputSize: i32, outputSize: i32, channels: i32,
  stride: i32, before: i32, inputPitch: i32, outputPitch: i32, bandRows: i32, slices: i32, wantsInput: i32,
): void {
  const inputBytes = <usize>inputPitch * 4, outputBytes = <usize>outputPitch * 4;
  const odd = stride == 2 && (before & 1) == 1;
  // The output columns that belong to the first and the last pixel (or pair) of a row.
  const low = stride == 1 ? before - 2 : odd ? before >> 1 : (before >> 1) - 1;
  const pairs = (inputSize + 1) >> 1;
  const high = stride == 1 ? inputSize - 1 + before : odd ? pairs + (before >> 1) : pairs - 1 + (before >> 1);
  const left = max(0, -low);
  const gradientRow = outputBytes * (left + outputSize + max(0, high - outputSize + 1));
  const columns = max((outputSize - 1) * stride + 3, before + 1);
  const inputRow = inputBytes * columns;
  const taken = min(inputSize, columns - before);
  const parts = min(bandRows, (bandRows - 1 + inputSize - 1) / inputSize + 1);
  const gradientRows = min(parts * outputSize, floorShare(bandRows + parts * (stride + 1), stride));

  // The buffers: entries, sums of a few rows, a row of zeros, gradients, inputs.
  const entriesBytes = <usize>((bandRows + parts) * (entryWords * 4));
  const sumsBytes: usize = vectorBytes(channels) * 2;
  const zerosBytes = outputBytes * outputSize;
  const bandBytes = entriesBytes + sumsBytes + zerosBytes + gradientRow * gradientRows + inputRow * bandRows;
  const entries = band + bandBytes * thread;
  const sums = entries + entriesBytes;
  const zeros = sums + sumsBytes;
  const gradients = zeros + zerosBytes;
  const inputs = gradients + gradientRow * gradientRows;
  memory.fill(entries, 0, bandBytes);

  const channelsBytes = <usize>((channels + lanes - 1) / lanes * lanes) * 4;
  const sliceBytes = channelsBytes * 9;
  const sourceRow = inputBytes * inputSize, outputRow = outputBytes * outputSize;
  const maskRows = max(1, maskBytes / <i32>sourceRow);
  const rows = pictures * inputSize;
  const bands = (rows + bandRows - 1) / bandRows;
  const sliceEnd = shareStart(slices, thread + 1, threads);
  for (let slice = shareStart(slices, thread, threads); slice < sliceEnd; slice++) {
    const weightGradient = weightSlices + sliceBytes * slice;
    memory.fill(weightGradient, 0, sliceBytes);
    const end = shareStart(bands, slice + 1, slices);
    for (let b = shareStart(bands, slice, slices); b < end; b++) {
      const first = b * bandRows, last = min(rows, first + bandRows);
      const own = partials + sumsBytes * b;
      if (wantsInput) memory.fill(own, 0, sumsBytes);
      let entry = entries, g = gradients, a = inputs, masked = first;
      for (let r = first; r < last;) {
        // The part of the band in one picture: its input rows y to yEnd, and the output rows that depend on them.
        const picture = r / inputSize, y = r % inputSize, yEnd = min(inputSize, y + last - r);
        const from = max(0, floorShare(y + before - 3 + stride, stride));
        const to = min(outputSize, floorShare(yEnd - 1 + before, stride) + 1);
        // Row o of the output's gradient begins, with column 0, at origin + gradientRow · o.
        const origin = g + outputBytes * left - gradientRow * from;
        const source = outputRow * (picture * outputSize);
        // Row by row, so that what a row reads and writes stays in the L1 and L2 caches.
        for (let k = y, made = from; k < yEnd; k++, r++) {
          for (const needed = min(to, floorShare(k + before, stride) + 1); made < needed; made++)
            rawGradient(gradient + source + outputRow * made, output + source + outputRow * made, outputBytes, origin + gradientRow * made, outputBytes, outputSize, channels, outputNorm);
          const x = input + sourceRow * r;
          activate(x, inputBytes, a + inputRow * (k - y) + inputBytes * before, inputBytes, taken, channels, inputNorm, activation);
          if (wantsInput) {
            inputRowGradient(
              k, from, to, origin, gradientRow, outputBytes, inputGradient + sourceRow * r, inputBytes,
              channelsBytes, weights, inputSize, outputSize, stride, before, odd, low,
            );
            if (r + 1 - masked == maskRows || r + 1 == last) {
              mask(inputGradient + sourceRow * masked, input + sourceRow * masked, inputBytes, (r + 1 - masked) * inputSize, channels, inputNorm, activation, sums);
              for (let i: usize = 0; i < sumsBytes; i += 16) v128.store(own + i, f32x4.add(v128.load(own + i), v128.load(sums + i)));
              masked = r + 1;
            }
          }
        }
        entry = stride == 1
          ? entries1(entry, y, yEnd, from, to, before, origin, gradientRow, zeros, a, inputRow)
          : entries2(entry, y, yEnd, from, to, before, origin, gradientRow, zeros, a, inputRow);
        g += gradientRow * max(0, to - from);
        a += inputRow * (yEnd - y);
      }
      if (stride == 1) depthwiseWeightTile1(entries, entry, outputSize, inputBytes, outputBytes, weightGradient, weightGradient + sliceBytes);
      else depthwiseWeightTile2(entries, entry, outputSize, inputBytes, outputBytes, weightGradient, weightGradient + sliceBytes);
    }
  }
}

/** Writes the entries for input rows `y` to `yEnd` of a picture: which rows to combine in the gradient of the weights. Returns their end. */
function entries1(entry: usize, y: i32, yEnd: i32, from: i32, to: i32, before: i32, origin: usize, gradientRow: usize, zeros: usize, inputs: usize, inputRow: usize): usize {
  for (let k = y; k < yEnd; k++) {
    store<usize>(entry, inputs + inputRow * (k - y));
    for (let i = 0; i < 3; i++) store<usize>(entry + (i << 2), gradientAt(k + before - i, from, to, origin, gradientRow, zeros), 4);
    entry += 16;
  }
  return entry;
}

/** The same at stride 2: of a pair of rows, one belongs to the filter's first and last row, the other to the middle one. */
function entries2(entry: usize, y: i32, yEnd: i32, from: i32, to: i32, before: i32, origin: usize, gradientRow: usize, zeros: usize, inputs: usize, inputRow: usize): usize {
  for (let k = y & ~1; k < yEnd; k += 2) {
    const twice = k + (before & 1), once = k + 1 - (before & 1);
    const hasTwice = twice >= y && twice < yEnd, hasOnce = once >= y && once < yEnd;
    const o = (twice + before) >> 1;
    // A missing row contributes zeros.
    store<usize>(entry, inputs + inputRow * ((hasTwice ? twice : once) - y));
    store<usize>(entry, inputs + inputRow * ((hasOnce ? once : twice) - y), 4);
    store<usize>(entry, hasTwice ? gradientAt(o, from, to, origin, gradientRow, zeros) : zeros, 8);
    store<usize>(entry, hasOnce ? gradientAt((once + before) >> 1, from, to, origin, gradientRow, zeros) : zeros, 12);
    store<usize>(entry, hasTwice ? gradientAt(o - 1, from, to, origin, gradientRow, zeros) : zeros, 16);
    entry += 20;
  }
  return entry;
}

function gradientAt(o: i32, from: i32, to: i32, origin: usize, gradientRow: usize, zeros: usize): usize {
  return o >= from && o < to ? origin + gradientRow * o : zeros;
}

/** The gradient of row `y` of the input, before the mask, from rows `from` to `to` of the output's. */
function inputRowGradient(
  y: i32, from: i32, to: i32, origin: usize, gradientRow: usize, outputBytes: usize, inputGradient: usize, inputBytes: usize,
  channelsBytes: usize, weights: usize, inputSize: i32, outputSize: i32, stride: i32, before: i32, odd: bool, low: i32,
): void {
  // The first row of the output's gradient to use, and the filter's row for it; each further row moves the filter back by `stride`.
  const first = max(from, floorShare(y + before - 3 + stride, stride));
  const rows = min(to, floorShare(y + before, stride) + 1) - first;
  const row = origin + gradientRow * first;
  const w = weights + <usize>((y + before - stride * first) * filterRowBytes);
  const step = <usize>(-stride * filterRowBytes);
  const end = channelsBytes;
  let x = 0;
  if (rows > 0) {
    if (stride == 1)
      while (inputSize - x >= leastPixels) {
        const tiles = (inputSize - x + mostPixels - 1) / mostPixels;
        const count = (inputSize - x + tiles - 1) / tiles;
        const o = inputGradient + inputBytes * x;
        depthwiseInputTile1(count, row + outputBytes * (low + x), gradientRow, rows, o, o + end, outputBytes, inputBytes, w, step);
        x += count;
      }
    else
      while (inputSize - x >= 2 * leastPairs) {
        const left = (inputSize - x) >> 1;
        const tiles = (left + mostPairs - 1) / mostPairs;
        const count = (left + tiles - 1) / tiles;
        const o = inputGradient + inputBytes * x;
        depthwiseInputTile2(count, odd, row + outputBytes * (low + (x >> 1)), gradientRow, rows, o, o + end, outputBytes, inputBytes, w, step);
        x += 2 * count;
      }
  }
  for (; x < inputSize; x++) {
    const column = max(0, floorShare(x + before - 3 + stride, stride));
    const count = min(outputSize, floorShare(x + before, stride) + 1) - column;
    pixelGradient(
      row + outputBytes * column, gradientRow, rows, outputBytes, count, inputGradient + inputBytes * x, channelsBytes,
      w + <usize>((x + before - stride * column) * 4 * lanes), step, <usize>(-stride * 4 * lanes),
    );
  }
}

/** One pixel of the input: rows × columns taps. */
function pixelGradient(
  gradient: usize, gradientRow: usize, rows: i32, outputBytes: usize, columns: i32, inputGradient: usize, channelsBytes: usize,
  weights: usize, rowStep: usize, columnStep: usize,
): void {
  for (let c: usize = 0; c < channelsBytes; c += 16) {
    const w = weights + c / (4 * lanes) * filterBytes + c % (4 * lanes);
    let sum = f32x4.splat(0);
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++)
        sum = fma(v128.load(gradient + gradientRow * i + outputBytes * j + c), v128.load(w + rowStep * i + columnStep * j), sum);
    v128.store(inputGradient + c, sum);
  }
}
