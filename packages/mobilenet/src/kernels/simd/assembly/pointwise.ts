/**
 * The pointwise layer: a matrix product of pixels and weights, in blocks of rows whose inputs stay in the L2 cache
 * while the panels of weights pass by. One row alone (the classifier) reads each weight once: it is bound by memory.
 */
import { f32_pointwise__1x16, pointwiseColumn } from "./generated/pointwise-tiles";

/** Bytes of inputs that a block of rows may take. */
const blockBytes: i32 = 192 * 1024;

export function pointwise(
  pictures: i32, input: usize, weights: usize, bias: usize, bounds: usize, output: usize,
  rows: i32, inputChannels: i32, outputChannels: i32, inputPitch: i32, outputPitch: i32,
): void {
  const all = pictures * rows;
  const inputBytes = <usize>inputPitch * 4, outputBytes = <usize>outputPitch * 4;
  const panelBytes = <usize>inputChannels * 64;
  if (all == 1) {
    for (let column = 0; column < outputChannels; column += 16)
      if (column + 8 < outputChannels)
        f32_pointwise__1x16(input, inputBytes, weights + panelBytes * (column >> 4), panelBytes, bias + column * 4, bounds, output + column * 4, outputBytes, 1);
      else
        pointwiseColumn(input, inputBytes, weights + panelBytes * (column >> 4), panelBytes, bias + column * 4, bounds, output + column * 4, outputBytes, 1);
    return;
  }
  // Whole tiles of four rows: a remainder of one within a block would cost a slow tile.
  const block = max(12, (blockBytes / (inputChannels * 4)) & ~3);
  for (let row = 0; row < all; row += block) {
    const count = min(block, all - row);
    for (let column = 0; column < outputChannels; column += 8)
      pointwiseColumn(
        input + inputBytes * row, inputBytes,
        weights + panelBytes * (column >> 4) + ((column & 8) << 2), panelBytes,
        bias + column * 4, bounds, output + outputBytes * row + column * 4, outputBytes, count,
      );
  }
}
