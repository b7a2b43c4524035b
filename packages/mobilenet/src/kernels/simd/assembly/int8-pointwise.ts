/**
 * The pointwise layer in integers: a matrix product of pixels and weights, in blocks of rows whose inputs stay in the
 * L2 cache while the panels of weights pass by. One row alone (the classifier) reads each weight once: it is bound by
 * memory.
 */
import { i16_dense__1x16, pointwiseColumns, tileRows } from "./generated/int8-pointwise-tiles";
import { shareStart } from "./team";

/** Bytes of inputs that a block of rows may take. */
const blockBytes: i32 = 256 * 1024;

export function int8Pointwise(
  thread: i32, threads: i32, pictures: i32, input: usize, weights: usize, bias: usize, multipliers: usize, bounds: usize,
  output: usize,
  rows: i32, inputChannels: i32, outputChannels: i32, inputPitch: i32, outputPitch: i32,
): void {
  const all = pictures * rows, panels = (outputChannels + 15) >> 4;
  let row = 0, rowEnd = all, panel = 0, panelEnd = panels;
  // The larger of the two operands is shared out, so that each thread reads but its part of it: tiles of rows, or
  // panels of weights; but what is too few for all threads to have about the same is not.
  const tiles = all / tileRows;
  if (tiles >= 4 * threads && (all >= outputChannels || panels < 4 * threads)) {
    row = shareStart(tiles, thread, threads) * tileRows;
    rowEnd = thread + 1 < threads ? shareStart(tiles, thread + 1, threads) * tileRows : all;
  } else {
    panel = shareStart(panels, thread, threads);
    panelEnd = shareStart(panels, thread + 1, threads);
  }
  const inputBytes = <usize>inputPitch * 2, outputBytes = <usize>outputPitch * 2;
  const column = panel << 4, columns = min(outputChannels, panelEnd << 4) - column;
  if (columns <= 0) return;
  int8Product(
    input + inputBytes * row, inputBytes, weights + panelBytes(inputChannels) * panel, inputChannels,
    bias + (column << 2), multipliers + (panel << 7), bounds,
    output + outputBytes * row + (column << 1), outputBytes, rowEnd - row, columns,
  );
}

/** Bytes of the weights of 16 output channels. */
// @ts-ignore: decorator
@inline
function panelBytes(inputChannels: i32): usize {
  return <usize>((inputChannels + 1) >> 1) * 64;
}

/** rows × columns outputs. */
export function int8Product(
  input: usize, inputBytes: usize, weights: usize, inputChannels: i32, bias: usize, multipliers: usize, bounds: usize,
  output: usize, outputBytes: usize, rows: i32, columns: i32,
): void {
  const panel = panelBytes(inputChannels);
  // Whole tiles: a remainder within a block would cost slow ones.
  const block = max(tileRows * 3, (blockBytes / (inputChannels * 2)) / tileRows * tileRows);
  for (let row = 0; row < rows; row += block) {
    const count = min(block, rows - row);
    for (let column = 0; column < columns;) {
      const half = (column & 8) << 2, w = weights + panel * (column >> 4) + half;
      const b = bias + (column << 2), m = multipliers + (column >> 4 << 7) + half;
      const from = input + inputBytes * row, to = output + outputBytes * row + (column << 1);
      if (count == 1 && (column & 8) == 0 && columns - column > 8) {
        i16_dense__1x16(from, inputBytes, w, panel, 1, 0, b, m, bounds, to, outputBytes, 1);
        column += 16;
      } else
        column += pointwiseColumns(columns - column, from, inputBytes, w, panel, 1, 0, b, m, bounds, to, outputBytes, count);
    }
  }
}
