/**
 * A depthwise separable block in integers: the depthwise layer writes a band of rows to a buffer that stays in the L2
 * cache, from which the pointwise layer reads it, as words or as bytes.
 */
import { int8DepthwiseRows, scratchBytes } from "./int8-depthwise";
import { int8Product, narrowed } from "./int8-pointwise";
import { shareStart } from "./team";

export function int8Separable(
  thread: i32, threads: i32, pictures: i32, input: usize, depthwiseWeights: usize, depthwiseBias: usize,
  depthwiseMultipliers: usize, depthwiseBounds: usize, scratch: usize, band: usize,
  weights: usize, bias: usize, multipliers: usize, bounds: usize, output: usize,
  inputSize: i32, outputSize: i32, inputChannels: i32, outputChannels: i32, stride: i32, before: i32,
  inputPitch: i32, bandPitch: i32, outputPitch: i32, bandRows: i32,
): void {
  separable<i16>(
    thread, threads, pictures, input, depthwiseWeights, depthwiseBias, depthwiseMultipliers, depthwiseBounds, scratch, band,
    weights, bias, multipliers, bounds, output, inputSize, outputSize, inputChannels, outputChannels, stride, before,
    inputPitch, bandPitch, outputPitch, bandRows,
  );
}

export function int8ByteSeparable(
  thread: i32, threads: i32, pictures: i32, input: usize, depthwiseWeights: usize, depthwiseBias: usize,
  depthwiseMultipliers: usize, depthwiseBounds: usize, scratch: usize, band: usize,
  weights: usize, bias: usize, multipliers: usize, bounds: usize, output: usize,
  inputSize: i32, outputSize: i32, inputChannels: i32, outputChannels: i32, stride: i32, before: i32,
  inputPitch: i32, bandPitch: i32, outputPitch: i32, bandRows: i32,
): void {
  separable<u8>(
    thread, threads, pictures, input, depthwiseWeights, depthwiseBias, depthwiseMultipliers, depthwiseBounds, scratch, band,
    weights, bias, multipliers, bounds, output, inputSize, outputSize, inputChannels, outputChannels, stride, before,
    inputPitch, bandPitch, outputPitch, bandRows,
  );
}

function separable<T>(
  thread: i32, threads: i32, pictures: i32, input: usize, depthwiseWeights: usize, depthwiseBias: usize,
  depthwiseMultipliers: usize, depthwiseBounds: usize, scratch: usize, band: usize,
  weights: usize, bias: usize, multipliers: usize, bounds: usize, output: usize,
  inputSize: i32, outputSize: i32, inputChannels: i32, outputChannels: i32, stride: i32, before: i32,
  inputPitch: i32, bandPitch: i32, outputPitch: i32, bandRows: i32,
): void {
  const rows = pictures * outputSize;
  const bandBytes = <usize>bandPitch * sizeof<T>(), outputBytes = <usize>outputPitch * 2;
  const rowBytes = bandBytes * outputSize;
  // With bytes, the band has one more row.
  const own = band + rowBytes * (thread * (sizeof<T>() == 1 ? bandRows + 1 : bandRows));
  scratch += <usize>(thread * scratchBytes);
  const end = shareStart(rows, thread + 1, threads);
  let row = shareStart(rows, thread, threads);
  // As few bands as possible, of about equal size.
  const bands = (end - row + bandRows - 1) / bandRows;
  for (let i = bands; i > 0; i--) {
    const count = (end - row + i - 1) / i;
    // Words become bytes row by row, while they are in the L1 cache; the words of a row begin where its bytes will.
    const step = sizeof<T>() == 1 ? 1 : count;
    for (let y = 0; y < count; y += step) {
      const to = own + rowBytes * y;
      int8DepthwiseRows(
        row + y, row + y + step, input, depthwiseWeights, depthwiseBias, depthwiseMultipliers, depthwiseBounds, scratch, to,
        inputSize, outputSize, inputChannels, stride, before, inputPitch, bandPitch,
      );
      if (sizeof<T>() == 1) narrowed(to, bandBytes * 2, to, bandBytes, outputSize, inputChannels);
    }
    int8Product<T>(
      own, bandBytes, weights, inputChannels, bias, multipliers, bounds,
      output + outputBytes * (row * outputSize), outputBytes, count * outputSize, outputChannels,
    );
    row += count;
  }
}
