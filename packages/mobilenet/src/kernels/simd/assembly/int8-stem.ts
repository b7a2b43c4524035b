/**
 * The first layer in integers: bands of the picture become words surrounded by zeros, and the pointwise tiles run over
 * them with the three rows of the filter as segments. A filter row with an odd number of inputs has an additional weight
 * of zero and reads one more word.
 */
import { pointwiseColumns } from "./generated/int8-pointwise-tiles";
import { rounded } from "./int8-requantize";
import { shareStart } from "./team";

/** Bytes past a band that its last pair may read. */
const slack: usize = 16;

export function int8StemBytes(
  thread: i32, threads: i32, pictures: i32, pixels: usize,
  weights: usize, bias: usize, multipliers: usize, bounds: usize, band: usize, output: usize,
  inputSize: i32, outputSize: i32, inputChannels: i32, outputChannels: i32, before: i32, outputPitch: i32, bandRows: i32,
  zeroPoint: i32,
): void {
  stem(
    1, zeroPoint, 0, 0, thread, threads, pictures, pixels, weights, bias, multipliers, bounds, band, output,
    inputSize, outputSize, inputChannels, outputChannels, before, outputPitch, bandRows,
  );
}

export function int8StemFloats(
  thread: i32, threads: i32, pictures: i32, input: usize, factor: usize, inputBounds: usize,
  weights: usize, bias: usize, multipliers: usize, bounds: usize, band: usize, output: usize,
  inputSize: i32, outputSize: i32, inputChannels: i32, outputChannels: i32, before: i32, outputPitch: i32, bandRows: i32,
): void {
  stem(
    4, 0, factor, inputBounds, thread, threads, pictures, input, weights, bias, multipliers, bounds, band, output,
    inputSize, outputSize, inputChannels, outputChannels, before, outputPitch, bandRows,
  );
}

/** `itemBytes` is the size of the input's items: 4 of floats, which are quantized, 1 of bytes, less the zero point. */
function stem(
  itemBytes: i32, zeroPoint: i32, factor: usize, inputBounds: usize, thread: i32, threads: i32, pictures: i32, input: usize,
  weights: usize, bias: usize, multipliers: usize, bounds: usize, band: usize, output: usize,
  inputSize: i32, outputSize: i32, inputChannels: i32, outputChannels: i32, before: i32, outputPitch: i32, bandRows: i32,
): void {
  const columns = (outputSize - 1) * 2 + 3;
  const bandPitch = <usize>(columns * inputChannels * 2);
  const left = <usize>(before * inputChannels * 2);
  // Pixels past the last column under a filter are not read.
  const taken = min(inputSize, columns - before) * inputChannels;
  const rowBytes = <usize>(inputSize * inputChannels * itemBytes);
  const pairs = <usize>((3 * inputChannels + 1) >> 1);
  const outputBytes = <usize>outputPitch * 2;
  const bandBytes = (bandPitch * (bandRows * 2 + 1) + slack + 3) & ~3;
  band += bandBytes * thread;
  memory.fill(band, 0, bandBytes);

  const end = shareStart(pictures * outputSize, thread + 1, threads);
  for (let r = shareStart(pictures * outputSize, thread, threads); r < end;) {
    // A band does not cross pictures.
    const y = r % outputSize, picture = r / outputSize;
    const count = min(min(bandRows, outputSize - y), end - r);
    const source = input + rowBytes * (picture * inputSize);
    for (let i = 0; i < count * 2 + 1; i++) {
      const row = 2 * y + i - before;
      const from = source + rowBytes * row, to = band + bandPitch * i + left;
      if (row < 0 || row >= inputSize) memory.fill(to, 0, <usize>taken * 2);
      else if (itemBytes == 1) center(from, zeroPoint, to, taken);
      else quantize(from, factor, inputBounds, to, taken);
    }
    for (let i = 0; i < count; i++)
      for (let column = 0; column < outputChannels;)
        column += pointwiseColumns(
          outputChannels - column, band + bandPitch * (2 * i), <usize>inputChannels * 4,
          weights + <usize>(column >> 4) * (pairs * 192) + ((column & 8) << 2), pairs * 64, 3, bandPitch - pairs * 4,
          bias + (column << 2), multipliers + (column >> 4 << 7) + ((column & 8) << 2), bounds,
          output + outputBytes * ((r + i) * outputSize) + (column << 1), outputBytes, outputSize,
        );
    r += count;
  }
}

/** Bytes to words, minus the zero point. */
function center(from: usize, zeroPoint: i32, to: usize, count: i32): void {
  const zeroPoints = i16x8.splat(<i16>zeroPoint);
  let i = 0;
  for (; i + 8 <= count; i += 8) v128.store(to + <usize>i * 2, i16x8.sub(v128.load_ext<u8>(from + <usize>i), zeroPoints));
  for (; i < count; i++) store<i16>(to + <usize>i * 2, <i16>(<i32>load<u8>(from + <usize>i) - zeroPoint));
}

/** Floats to words: times the factor, rounded, within the bounds. */
function quantize(from: usize, factor: usize, inputBounds: usize, to: usize, count: i32): void {
  const low = v128.load_splat<f32>(inputBounds), high = v128.load_splat<f32>(inputBounds, 4), rounding = v128.load_splat<f32>(inputBounds, 8);
  const factors = v128.load_splat<f32>(factor);
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    const words = rounded(f32x4.mul(v128.load(from + <usize>i * 4), factors), low, high, rounding);
    v128.store64_lane(to + <usize>i * 2, i16x8.narrow_i32x4_s(words, words), 0);
  }
  for (; i < count; i++) {
    const words = rounded(f32x4.mul(v128.load_splat<f32>(from + <usize>i * 4), factors), low, high, rounding);
    store<i16>(to + <usize>i * 2, <i16>i32x4.extract_lane(words, 0));
  }
}
