/**
 * Pointwise and dense layers in training. Forward: a band of the input is activated into a buffer, from which the matrix
 * product of inference reads it, and the output is summed while it is in the cache. Backward: a band of the output's
 * gradient is computed into a buffer; the same product with transposed weights gives the gradient of the input, and outer
 * products with the activated input give that of the weights.
 */
import { activate, mask, rawGradient, statistics, vectorBytes } from "./bands";
import { outerColumns, outerHeight, outerTile } from "./generated/outer-product-tiles";
import { product } from "./pointwise";
import { shareStart } from "./team";

export function trainPointwise(
  thread: i32, threads: i32, pictures: i32, input: usize, inputNorm: usize, activation: usize, weights: usize, bias: usize,
  bounds: usize, band: usize, output: usize, partials: usize,
  rows: i32, inputChannels: i32, outputChannels: i32, inputPitch: i32, outputPitch: i32, bandRows: i32,
): void {
  const all = pictures * rows, bands = (all + bandRows - 1) / bandRows;
  const inputBytes = <usize>inputPitch * 4, outputBytes = <usize>outputPitch * 4, partialBytes = 2 * vectorBytes(outputChannels);
  const own = band + <usize>thread * (<usize>bandRows * inputBytes);
  for (let b = shareStart(bands, thread, threads), last = shareStart(bands, thread + 1, threads); b < last; b++) {
    const row = b * bandRows, count = min(bandRows, all - row), to = output + outputBytes * row;
    activate(input + inputBytes * row, inputBytes, own, inputBytes, count, inputChannels, inputNorm, activation);
    product(own, inputBytes, weights, inputChannels, bias, bounds, to, outputBytes, count, outputChannels);
    statistics(to, outputBytes, count, outputChannels, partials + partialBytes * b);
  }
}

/**
 * Bytes from one row of a band's buffer to the next: an odd number of cache lines, because the tiles of outer products go
 * down columns, whose rows must not share a few sets of the L1 cache.
 */
// @ts-ignore: decorator
@inline
function rowBytesOf(channels: i32): usize { return <usize>(((channels + 15) >> 4) | 1) * 64; }

export function pointwiseBackward(
  thread: i32, threads: i32, pictures: i32, gradient: usize, output: usize, outputNorm: usize, input: usize, inputNorm: usize,
  activation: usize, weights: usize, bias: usize, bounds: usize, band: usize, weightSlices: usize, inputGradient: usize, partials: usize,
  rows: i32, inputChannels: i32, outputChannels: i32, inputPitch: i32, outputPitch: i32, bandRows: i32, slices: i32, wantsInput: i32,
): void {
  const all = pictures * rows, bands = (all + bandRows - 1) / bandRows;
  const inputBytes = <usize>inputPitch * 4, outputBytes = <usize>outputPitch * 4, partialBytes = 2 * vectorBytes(inputChannels);
  const gradientRow = rowBytesOf(outputChannels), inputRow = rowBytesOf(inputChannels);
  const gradients = band + <usize>thread * (<usize>bandRows * (gradientRow + inputRow)), inputs = gradients + <usize>bandRows * gradientRow;
  const panelBytes = <usize>inputChannels * 64, sliceBytes = <usize>((outputChannels + 15) >> 4) * panelBytes;
  for (let slice = shareStart(slices, thread, threads), lastSlice = shareStart(slices, thread + 1, threads); slice < lastSlice; slice++) {
    const to = weightSlices + sliceBytes * slice;
    const first = shareStart(bands, slice, slices), last = shareStart(bands, slice + 1, slices);
    memory.fill(to, 0, sliceBytes);
    for (let b = first; b < last; b++) {
      const row = b * bandRows, count = min(bandRows, all - row);
      const from = input + inputBytes * row, back = inputGradient + inputBytes * row;
      rawGradient(gradient + outputBytes * row, output + outputBytes * row, outputBytes, gradients, gradientRow, count, outputChannels, outputNorm);
      if (wantsInput) {
        product(gradients, gradientRow, weights, outputChannels, bias, bounds, back, inputBytes, count, inputChannels);
        mask(back, from, inputBytes, count, inputChannels, inputNorm, activation, partials + partialBytes * b);
      }
      activate(from, inputBytes, inputs, inputRow, count, inputChannels, inputNorm, activation);
      outerProducts(inputs, inputRow, count, inputChannels, gradients, gradientRow, outputChannels, to, panelBytes);
    }
  }
}

/** Bytes of a block of input channels, which stays in the L2 cache while the columns of gradients stream past. */
const blockBytes: i32 = 128 * 1024;

/** Adds what `rows` rows contribute to gradients of weights, whose panels of output channels are `panelBytes` apart. */
function outerProducts(
  input: usize, inputBytes: usize, rows: i32, inputChannels: i32, gradient: usize, gradientBytes: usize, outputChannels: i32,
  to: usize, panelBytes: usize,
): void {
  // A multiple of 60, so that blocks have whole tiles of any height.
  const block = max(60, blockBytes / (rows * 4) / 60 * 60);
  for (let start = 0; start < inputChannels; start += block) {
    const end = min(inputChannels, start + block);
    for (let o = 0; o < outputChannels; o += outerColumns) {
      const columns = outputChannels - o > 8 ? outerColumns : 8;
      const column = gradient + <usize>o * 4, panel = to + panelBytes * (o >> 4) + ((o & 8) << 2);
      for (let i = start; i < end;) {
        const height = outerHeight(end - i);
        outerTile(height, columns, input + <usize>i * 4, inputBytes, column, gradientBytes, rows, panel + <usize>i * 64);
        i += height;
      }
    }
  }
}

export function denseBackward(
  thread: i32, threads: i32, pictures: i32, gradient: usize, input: usize, weightGradient: usize, biasGradient: usize,
  inputChannels: i32, outputChannels: i32, inputPitch: i32, gradientPitch: i32,
): void {
  const panels = (outputChannels + 15) >> 4, gradientBytes = <usize>gradientPitch * 4, panelBytes = <usize>inputChannels * 64;
  const first = shareStart(panels, thread, threads), column = first << 4;
  const columns = min(outputChannels, shareStart(panels, thread + 1, threads) << 4) - column;
  if (columns <= 0) return;
  const from = gradient + <usize>column * 4;
  outerProducts(input, <usize>inputPitch * 4, pictures, inputChannels, from, gradientBytes, columns, weightGradient + panelBytes * first, panelBytes);
  for (let c = 0; c < columns; c += 8) {
    const sum = biasGradient + <usize>(column + c) * 4;
    let g = from + <usize>c * 4, s0 = v128.load(sum), s1 = v128.load(sum, 16);
    for (let p = 0; p < pictures; p++) {
      s0 = f32x4.add(s0, v128.load(g)); s1 = f32x4.add(s1, v128.load(g, 16));
      g += gradientBytes;
    }
    v128.store(sum, s1, 16);
    v128.store(sum, s0);
  }
}
