/**
 * A depthwise separable block: the depthwise layer writes a band of rows to a buffer that stays in the L2 cache, from
 * which the pointwise layer reads it.
 */
import { depthwiseRows } from "./depthwise";
import { dense, product } from "./pointwise";
import { shareStart } from "./team";

export function separable(
  thread: i32, threads: i32, pictures: i32, input: usize, depthwiseWeights: usize, depthwiseBias: usize, band: usize,
  weights: usize, bias: usize, bounds: usize, output: usize,
  inputSize: i32, outputSize: i32, inputChannels: i32, outputChannels: i32, stride: i32, before: i32,
  inputPitch: i32, bandPitch: i32, outputPitch: i32, bandRows: i32,
): void {
  const rows = pictures * outputSize;
  const bandBytes = <usize>bandPitch * 4, outputBytes = <usize>outputPitch * 4;
  const own = band + <usize>thread * (<usize>(bandRows * outputSize) * bandBytes);
  const end = shareStart(rows, thread + 1, threads);
  let row = shareStart(rows, thread, threads);
  // As few bands as possible, of about equal size.
  const bands = (end - row + bandRows - 1) / bandRows;
  for (let i = bands; i > 0; i--) {
    const count = (end - row + i - 1) / i;
    depthwiseRows(
      row, row + count, input, depthwiseWeights, depthwiseBias, bounds, own,
      inputSize, outputSize, inputChannels, stride, before, inputPitch, bandPitch,
    );
    const to = output + outputBytes * (row * outputSize);
    if (rows * outputSize == 1) dense(own, bandBytes, weights, inputChannels, bias, bounds, to, outputBytes, outputChannels);
    else product(own, bandBytes, weights, inputChannels, bias, bounds, to, outputBytes, count * outputSize, outputChannels);
    row += count;
  }
}
