/**
 * The pointwise layer: a matrix product of pixels and weights, in blocks of rows whose inputs stay in the L2 cache while
 * the panels of weights stream past. A single row (the classifier) reads each weight once, so it is bound by memory.
 */
import { f32_dense__1x16, pointwiseColumns, tileRows } from "./generated/pointwise-tiles";
import { shareStart } from "./team";

/** The most bytes of inputs in a block of rows. */
const blockBytes: i32 = 256 * 1024;

export function pointwise(
  thread: i32, threads: i32, pictures: i32, input: usize, weights: usize, bias: usize, bounds: usize, output: usize,
  rows: i32, inputChannels: i32, outputChannels: i32, inputPitch: i32, outputPitch: i32,
): void {
  const all = pictures * rows, panels = (outputChannels + 15) >> 4;
  let row = 0, rowEnd = all, panel = 0, panelEnd = panels;
  // The larger operand is divided among the threads, so that each reads only its part: tiles of rows, or panels of
  // weights; unless there are too few for equal shares.
  const tiles = all / tileRows;
  if (tiles >= 4 * threads && (all >= outputChannels || panels < 4 * threads)) {
    row = shareStart(tiles, thread, threads) * tileRows;
    rowEnd = thread + 1 < threads ? shareStart(tiles, thread + 1, threads) * tileRows : all;
  } else {
    panel = shareStart(panels, thread, threads);
    panelEnd = shareStart(panels, thread + 1, threads);
  }
  const inputBytes = <usize>inputPitch * 4, outputBytes = <usize>outputPitch * 4, panelBytes = <usize>inputChannels * 64;
  const column = panel << 4, columns = min(outputChannels, panelEnd << 4) - column;
  if (columns <= 0) return;
  const from = input + inputBytes * row, to = output + outputBytes * row + (column << 2);
  weights += panelBytes * panel; bias += column << 2;
  // Depends on all rows, not on a thread's, also in fused blocks, because the two add in different orders.
  if (all == 1) dense(from, inputBytes, weights, inputChannels, bias, bounds, to, outputBytes, columns);
  else product(from, inputBytes, weights, inputChannels, bias, bounds, to, outputBytes, rowEnd - row, columns);
}

/** A single row. */
export function dense(
  input: usize, inputBytes: usize, weights: usize, inputChannels: i32, bias: usize, bounds: usize, output: usize,
  outputBytes: usize, columns: i32,
): void {
  const panelBytes = <usize>inputChannels * 64;
  for (let column = 0; column < columns; column += 16)
    if (columns - column > 8)
      f32_dense__1x16(input, inputBytes, weights + panelBytes * (column >> 4), panelBytes, bias + (column << 2), bounds, output + (column << 2), outputBytes, 1);
    else
      pointwiseColumns(8, input, inputBytes, weights + panelBytes * (column >> 4), panelBytes, bias + (column << 2), bounds, output + (column << 2), outputBytes, 1);
}

/** rows × columns outputs. */
export function product(
  input: usize, inputBytes: usize, weights: usize, inputChannels: i32, bias: usize, bounds: usize, output: usize,
  outputBytes: usize, rows: i32, columns: i32,
): void {
  const panelBytes = <usize>inputChannels * 64;
  // Whole tiles: a remainder in each block would need slow ones.
  const block = max(12, (blockBytes / (inputChannels * 4)) / tileRows * tileRows);
  for (let row = 0; row < rows; row += block) {
    const count = min(block, rows - row);
    for (let column = 0; column < columns;)
      column += pointwiseColumns(
        columns - column, input + inputBytes * row, inputBytes,
        weights + panelBytes * (column >> 4) + ((column & 8) << 2), panelBytes,
        bias + (column << 2), bounds, output + outputBytes * row + (column << 2), outputBytes, count,
      );
  }
}
