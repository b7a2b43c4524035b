/**
 * The first layer: bands of the picture are widened to floats with zeros all round (after the mean is subtracted:
 * padding is zero after normalisation), and the pointwise tiles run over them with the three rows of the filter as
 * segments. No column matrix is built.
 */
import { stemColumn } from "./generated/pointwise-tiles";

/** Output rows whose input is widened at a time. */
const bandRows: i32 = 8;

export function stemBytes(
  pictures: i32, pixels: usize, mean: usize, weights: usize, bias: usize, bounds: usize, band: usize, output: usize,
  inputSize: i32, outputSize: i32, inputChannels: i32, outputChannels: i32, before: i32, outputPitch: i32,
): void {
  stem(true, pictures, pixels, mean, weights, bias, bounds, band, output, inputSize, outputSize, inputChannels, outputChannels, before, outputPitch);
}

export function stemFloats(
  pictures: i32, input: usize, weights: usize, bias: usize, bounds: usize, band: usize, output: usize,
  inputSize: i32, outputSize: i32, inputChannels: i32, outputChannels: i32, before: i32, outputPitch: i32,
): void {
  stem(false, pictures, input, 0, weights, bias, bounds, band, output, inputSize, outputSize, inputChannels, outputChannels, before, outputPitch);
}

function stem(
  bytes: bool, pictures: i32, input: usize, mean: usize, weights: usize, bias: usize, bounds: usize, band: usize, output: usize,
  inputSize: i32, outputSize: i32, inputChannels: i32, outputChannels: i32, before: i32, outputPitch: i32,
): void {
  const columns = (outputSize - 1) * 2 + 3;
  const bandPitch = <usize>(columns * inputChannels * 4);
  const left = <usize>(before * inputChannels * 4);
  // Pixels past the last column that a filter reaches are not read.
  const taken = min(inputSize, columns - before) * inputChannels;
  const rowItems = inputSize * inputChannels;
  const rowBytes = <usize>(bytes ? rowItems : rowItems * 4);
  const segment = 3 * inputChannels;
  const outputBytes = <usize>outputPitch * 4;
  for (let picture = 0; picture < pictures; picture++) {
    memory.fill(band, 0, bandPitch * (bandRows * 2 + 1));
    for (let y = 0; y < outputSize; y += bandRows) {
      const count = min(bandRows, outputSize - y);
      for (let i = 0; i < count * 2 + 1; i++) {
        const row = 2 * y + i - before;
        const to = band + bandPitch * i + left;
        if (row < 0 || row >= inputSize) memory.fill(to, 0, <usize>taken * 4);
        else if (bytes) widen(input + rowBytes * row, mean, to, taken);
        else memory.copy(to, input + rowBytes * row, <usize>taken * 4);
      }
      for (let i = 0; i < count; i++)
        for (let column = 0; column < outputChannels; column += 8)
          stemColumn(
            band + bandPitch * (2 * i), <usize>inputChannels * 8,
            weights + <usize>(column >> 4) * (<usize>segment * 192) + ((column & 8) << 2), <usize>segment * 64,
            bandPitch - <usize>segment * 4,
            bias + column * 4, bounds, output + outputBytes * ((y + i) * outputSize) + column * 4, outputBytes, outputSize,
          );
    }
    input += rowBytes * inputSize;
    output += outputBytes * (outputSize * outputSize);
  }
}

/** count bytes to floats, less the mean of each. */
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
