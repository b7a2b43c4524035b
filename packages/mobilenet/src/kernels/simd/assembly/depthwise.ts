/**
 * The depthwise layer, row by row: tiles of up to four pixels for all that lack at most one tap at either end, and
 * single pixels for what lacks more.
 */
import { clamp, fma } from "./generated/arithmetic";
import { depthwiseTile1, depthwiseTile2, mostPixels } from "./generated/depthwise-tiles";

export function depthwise(
  pictures: i32, input: usize, weights: usize, bias: usize, bounds: usize, output: usize,
  inputSize: i32, outputSize: i32, channels: i32, stride: i32, before: i32, inputPitch: i32, outputPitch: i32,
): void {
  const inputBytes = <usize>inputPitch * 4, outputBytes = <usize>outputPitch * 4;
  const rowPitch = inputBytes * inputSize;
  const biasEnd = bias + <usize>((channels + 3) & ~3) * 4;
  // Outputs before `full` have their right tap; the one at `full` lacks just that one if it is in reach of a tile.
  const full = inputSize + before < 3 ? 0 : min(outputSize, (inputSize - 3 + before) / stride + 1);
  const reach = full < outputSize && full * stride - before + 2 == inputSize ? full + 1 : full;
  for (let picture = 0; picture < pictures; picture++) {
    for (let y = 0; y < outputSize; y++) {
      const top = y * stride - before;
      const skipped = max(0, -top);
      const rows = min(3, inputSize - top) - skipped;
      const row = input + rowPitch * (top + skipped);
      const w = weights + <usize>skipped * 48;
      let x = 0;
      while (x < outputSize) {
        const column = x * stride - before;
        if (rows <= 0 || column < -1 || x >= reach) {
          const first = max(0, -column);
          pixel(row + inputBytes * (column + first), rowPitch, rows, first, min(3, inputSize - column), inputBytes, output, biasEnd, w, bias, bounds);
          x++; output += outputBytes;
          continue;
        }
        const count = min(mostPixels, reach - x);
        const right = x + count > full;
        if (stride == 1) depthwiseTile1(count, column < 0, right, row + inputBytes * column, rowPitch, rows, output, biasEnd, inputBytes, outputBytes, w, bias, bounds);
        else depthwiseTile2(count, column < 0, right, row + inputBytes * column, rowPitch, rows, output, biasEnd, inputBytes, outputBytes, w, bias, bounds);
        x += count; output += outputBytes * count;
      }
    }
    input += rowPitch * inputSize;
  }
}

/** One pixel whose taps run from column \`first\` to before \`last\`, in any number of rows. */
function pixel(
  input: usize, rowPitch: usize, rows: i32, first: i32, last: i32, inputBytes: usize, output: usize, biasEnd: usize,
  weights: usize, bias: usize, bounds: usize,
): void {
  const low = v128.load_splat<f32>(bounds), high = v128.load_splat<f32>(bounds, 4);
  for (; bias != biasEnd; bias += 16) {
    let sum = v128.load(bias);
    for (let i = 0; i < rows; i++)
      for (let j = first; j < last; j++)
        sum = fma(v128.load(input + rowPitch * i + inputBytes * (j - first)), v128.load(weights + <usize>(i * 3 + j) * 16), sum);
    v128.store(output, clamp(sum, low, high));
    input += 16; output += 16; weights += 144;
  }
}
