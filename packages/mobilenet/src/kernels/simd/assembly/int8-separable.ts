/**
 * A whole depthwise separable block in integers: the depthwise layer of a band of rows goes into a buffer that stays in
 * the L2 cache, and the pointwise layer takes it from there.
 */
import { int8DepthwiseRows, scratchBytes } from "./int8-depthwise";
import { int8Product } from "./int8-pointwise";
import { shareStart } from "./team";

export function int8Separable(
  thread: i32, threads: i32, pictures: i32, input: usize, depthwiseWeights: usize, depthwiseBias: usize,
  depthwiseMultipliers: usize, depthwiseBounds: usize, scratch: usize, band: usize,
  weights: usize, bias: usize, multipliers: usize, bounds: usize, output: usize,
  inputSize: i32, outputSize: i32, inputChannels: i32, outputChannels: i32, stride: i32, before: i32,
  inputPitch: i32, bandPitch: i32, outputPitch: i32, bandRows: i32,
): void {
  const rows = pictures * outputSize;
  const bandBytes = <usize>bandPitch * 2, outputBytes = <usize>outputPitch * 2;
  const own = band + <usize>thread * (<usize>(bandRows * outputSize) * bandBytes);
  scratch += <usize>(thread * scratchBytes);
  const end = shareStart(rows, thread + 1, threads);
  let row = shareStart(rows, thread, threads);
  // As many bands as there must be, all about as large.
  const bands = (end - row + bandRows - 1) / bandRows;
  for (let i = bands; i > 0; i--) {
    const count = (end - row + i - 1) / i;
    int8DepthwiseRows(
      row, row + count, input, depthwiseWeights, depthwiseBias, depthwiseMultipliers, depthwiseBounds, scratch, own,
      inputSize, outputSize, inputChannels, stride, before, inputPitch, bandPitch,
    );
    int8Product(
      own, bandBytes, weights, inputChannels, bias, multipliers, bounds,
      output + outputBytes * (row * outputSize), outputBytes, count * outputSize, outputChannels,
    );
    row += count;
  }
}
