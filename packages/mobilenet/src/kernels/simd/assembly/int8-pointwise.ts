/**
 * The pointwise layer in integers: a matrix product of pixels and weights, in blocks of rows whose inputs stay in the L2
 * cache while the panels of weights stream past. A single row (the classifier) reads each weight once, so it is bound by
 * memory. T is the type of the factors: words (i16), or bytes (u8), to which inputs are narrowed one band at a time.
 */
import { i8_dense__1x16, pointwiseColumns as byteColumns, tileRows as byteTileRows } from "./generated/int8-byte-tiles";
import { i16_dense__1x16, pointwiseColumns as wordColumns, tileRows as wordTileRows } from "./generated/int8-pointwise-tiles";
import { shareStart } from "./team";

/** The most bytes of inputs in a block of rows. */
const blockBytes: i32 = 256 * 1024;

export function int8Pointwise(
  thread: i32, threads: i32, pictures: i32, input: usize, weights: usize, bias: usize, multipliers: usize, bounds: usize,
  output: usize,
  rows: i32, inputChannels: i32, outputChannels: i32, inputPitch: i32, outputPitch: i32,
): void {
  pointwise<i16>(
    thread, threads, pictures * rows, input, weights, bias, multipliers, bounds, output,
    inputChannels, outputChannels, inputPitch, outputPitch, 0, 0, 0,
  );
}

export function int8BytePointwise(
  thread: i32, threads: i32, pictures: i32, input: usize, weights: usize, bias: usize, multipliers: usize, bounds: usize,
  output: usize,
  rows: i32, inputChannels: i32, outputChannels: i32, inputPitch: i32, outputPitch: i32,
  band: usize, bandPitch: i32, bandRows: i32,
): void {
  pointwise<u8>(
    thread, threads, pictures * rows, input, weights, bias, multipliers, bounds, output,
    inputChannels, outputChannels, inputPitch, outputPitch, band + <usize>(thread * bandRows) * bandPitch, bandPitch, bandRows,
  );
}

/** This thread's share of `all` rows; `band` is this thread's. */
function pointwise<T>(
  thread: i32, threads: i32, all: i32, input: usize, weights: usize, bias: usize, multipliers: usize, bounds: usize,
  output: usize,
  inputChannels: i32, outputChannels: i32, inputPitch: i32, outputPitch: i32, band: usize, bandPitch: usize, bandRows: i32,
): void {
  const panels = (outputChannels + 15) >> 4, tileRows = tileRowsOf<T>();
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
  const inputBytes = <usize>inputPitch * 2, outputBytes = <usize>outputPitch * 2;
  const column = panel << 4, columns = min(outputChannels, panelEnd << 4) - column;
  if (columns <= 0) return;
  weights += panelBytes<T>(inputChannels) * panel;
  bias += column << 2;
  multipliers += panel << 7;
  output += column << 1;
  if (sizeof<T>() == 1) {
    for (; row < rowEnd; row += bandRows) {
      const count = min(bandRows, rowEnd - row);
      narrowed(input + inputBytes * row, inputBytes, band, bandPitch, count, inputChannels);
      int8Product<T>(band, bandPitch, weights, inputChannels, bias, multipliers, bounds, output + outputBytes * row, outputBytes, count, columns);
    }
  } else
    int8Product<T>(
      input + inputBytes * row, inputBytes, weights, inputChannels, bias, multipliers, bounds,
      output + outputBytes * row, outputBytes, rowEnd - row, columns,
    );
}

/** Pixels of the usual tile. */
// @ts-ignore: decorator
@inline
function tileRowsOf<T>(): i32 {
  return sizeof<T>() == 1 ? byteTileRows : wordTileRows;
}

/** Bytes of the weights of 16 output channels. */
// @ts-ignore: decorator
@inline
function panelBytes<T>(inputChannels: i32): usize {
  return <usize>((inputChannels * sizeof<T>() + 3) >> 2) * 64;
}

/** Narrows words of 0 to 255 to bytes, possibly in place, eight channels at a time. */
export function narrowed(from: usize, fromBytes: usize, to: usize, toBytes: usize, rows: i32, channels: i32): void {
  for (; rows > 0; rows--) {
    let c = 0;
    for (; c + 8 < channels; c += 16)
      v128.store(to + c, i8x16.narrow_i16x8_u(v128.load(from + c * 2), v128.load(from + c * 2, 16)));
    if (c < channels) {
      const words = v128.load(from + c * 2);
      v128.store64_lane(to + c, i8x16.narrow_i16x8_u(words, words), 0);
    }
    from += fromBytes; to += toBytes;
  }
}

/** rows × columns outputs. */
export function int8Product<T>(
  input: usize, inputBytes: usize, weights: usize, inputChannels: i32, bias: usize, multipliers: usize, bounds: usize,
  output: usize, outputBytes: usize, rows: i32, columns: i32,
): void {
  const panel = panelBytes<T>(inputChannels), tileRows = tileRowsOf<T>();
  // Whole tiles: a remainder in each block would need slow ones.
  const block = max(tileRows * 3, (blockBytes / (inputChannels * <i32>sizeof<T>())) / tileRows * tileRows);
  for (let row = 0; row < rows; row += block) {
    const count = min(block, rows - row);
    for (let column = 0; column < columns;) {
      const half = (column & 8) << 2, w = weights + panel * (column >> 4) + half;
      const b = bias + (column << 2), m = multipliers + (column >> 4 << 7) + half;
      const from = input + inputBytes * row, to = output + outputBytes * row + (column << 1);
      if (count == 1 && (column & 8) == 0 && columns - column > 8) {
        if (sizeof<T>() == 1) i8_dense__1x16(from, inputBytes, w, panel, 1, 0, b, m, bounds, to, outputBytes, 1);
        else i16_dense__1x16(from, inputBytes, w, panel, 1, 0, b, m, bounds, to, outputBytes, 1);
        column += 16;
      } else if (sizeof<T>() == 1)
        column += byteColumns(columns - column, from, inputBytes, w, panel, 1, 0, b, m, bounds, to, outputBytes, count);
      else column += wordColumns(columns - column, from, inputBytes, w, panel, 1, 0, b, m, bounds, to, outputBytes, count);
    }
  }
}
