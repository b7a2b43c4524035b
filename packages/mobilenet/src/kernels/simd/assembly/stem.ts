/**
 * The first layer: bands of the picture are widened to floats surrounded by zeros (after the mean is subtracted, since
 * padding is zero after normalization), and the pointwise tiles run over them with the three rows of the filter as
 * segments. No im2col matrix is built.
 */
import { stemColumns } from "./generated/pointwise-tiles";
import { shareStart } from "./team";

export function stemBytes(
  thread: i32, threads: i32, pictures: i32, pixels: usize, mean: usize, weights: usize, bias: usize, bounds: usize, band: usize, output: usize,
  inputSize: i32, outputSize: i32, inputChannels: i32, outputChannels: i32, before: i32, outputPitch: i32, bandRows: i32,
): void {
  stem(true, thread, threads, pictures, pixels, mean, weights, bias, bounds, band, output, inputSize, outputSize, inputChannels, outputChannels, before, outputPitch, bandRows);
}

export function stemFloats(
  thread: i32, threads: i32, pictures: i32, input: usize, weights: usize, bias: usize, bounds: usize, band: usize, output: usize,
  inputSize: i32, outputSize: i32, inputChannels: i32, outputChannels: i32, before: i32, outputPitch: i32, bandRows: i32,
): void {
  stem(false, thread, threads, pictures, input, 0, weights, bias, bounds, band, output, inputSize, outputSize, inputChannels, outputChannels, before, outputPitch, bandRows);
}

function stem(
  bytes: bool, thread: i32, threads: i32, pictures: i32, input: usize, mean: usize, weights: usize, bias: usize, bounds: usize, band: usize, output: usize,
  inputSize: i32, outputSize: i32, inputChannels: i32, outputChannels: i32, before: i32, outputPitch: i32, bandRows: i32,
): void {
  const columns = (outputSize - 1) * 2 + 3;
  const bandPitch = <usize>(columns * inputChannels * 4);
  const left = <usize>(before * inputChannels * 4);
  // Pixels past the last column under a filter are not read.
  const taken = min(inputSize, columns - before) * inputChannels;
  const rowItems = inputSize * inputChannels;
  const rowBytes = <usize>(bytes ? rowItems : rowItems * 4);
  const segment = 3 * inputChannels;
  const outputBytes = <usize>outputPitch * 4;
  const bandBytes = bandPitch * (bandRows * 2 + 1);
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
      const to = band + bandPitch * i + left;
      if (row < 0 || row >= inputSize) memory.fill(to, 0, <usize>taken * 4);
      else if (bytes) widen(source + rowBytes * row, mean, to, taken);
      else memory.copy(to, source + rowBytes * row, <usize>taken * 4);
    }
    for (let i = 0; i < count; i++)
      for (let column = 0; column < outputChannels;)
        column += stemColumns(
          outputChannels - column, band + bandPitch * (2 * i), <usize>inputChannels * 8,
          weights + <usize>(column >> 4) * (<usize>segment * 192) + ((column & 8) << 2), <usize>segment * 64,
          bandPitch - <usize>segment * 4,
          bias + (column << 2), bounds, output + outputBytes * ((r + i) * outputSize) + (column << 2), outputBytes, outputSize,
        );
    r += count;
  }
}

/** Bytes to floats, minus their means. */
function widen(from: usize, mean: usize, to: usize, count: i32): void {
  let i = 0;
  for (; i + 8 <= count; i += 8) {
    const halves = v128.load_ext<u8>(from + i);
    const a = f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(halves));
    const b = f32x4.convert_i32x4_u(i32x4.extend_high_i16x8_u(halves));
    const at = <usize>i * 4;
    v128.store(to + at, f32x4.sub(a, v128.load(mean + at)));
    v128.store(to + at, f32x4.sub(b, v128.load(mean + at, 16)), 16);
  }
  for (; i < count; i++) store<f32>(to + <usize>i * 4, <f32>load<u8>(from + i) - load<f32>(mean + <usize>i * 4));
}
