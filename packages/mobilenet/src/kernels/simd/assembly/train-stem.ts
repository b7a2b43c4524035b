/**
 * The first layer in training. Forward: floats to the raw output and its sums. Backward: outer products of the padded
 * input and the output's gradient, band by band. And the normalization of pixels to floats.
 */
import { rawGradient, statistics, vectorBytes } from "./bands";
import { stemWeightTile } from "./generated/depthwise-backward-tiles";
import { lanes } from "./generated/depthwise-tiles";
import { stemColumns } from "./generated/pointwise-tiles";
import { shareStart } from "./team";

export function normalize(
  thread: i32, threads: i32, pictures: i32, pixels: usize, mean: usize, factors: usize, output: usize, size: i32, channels: i32, swapped: i32,
): void {
  const items = size * channels;
  const end = shareStart(pictures * size, thread + 1, threads);
  for (let r = shareStart(pictures * size, thread, threads); r < end; r++) {
    const from = pixels + <usize>r * items, to = output + (<usize>r * items << 2);
    if (swapped) swappedRow(from, mean, factors, to, items, channels);
    else row(from, mean, factors, to, 0, items);
  }
}

/** Numbers `i` to `count` of a row. */
function row(from: usize, mean: usize, factors: usize, to: usize, i: i32, count: i32): void {
  for (; i + 8 <= count; i += 8) {
    const words = v128.load_ext<u8>(from + i);
    const a = f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(words));
    const b = f32x4.convert_i32x4_u(i32x4.extend_high_i16x8_u(words));
    const at = <usize>i * 4;
    v128.store(to + at, f32x4.mul(f32x4.sub(a, v128.load(mean + at)), v128.load(factors + at)));
    v128.store(to + at, f32x4.mul(f32x4.sub(b, v128.load(mean + at, 16)), v128.load(factors + at, 16)), 16);
  }
  for (; i < count; i++) number(from + i, mean, factors, to, i);
}

/** The same with the first and the third channel of every pixel swapped. */
function swappedRow(from: usize, mean: usize, factors: usize, to: usize, count: i32, channels: i32): void {
  for (let i = 0; i < count; i += channels) {
    number(from + i + 2, mean, factors, to, i);
    number(from + i + 1, mean, factors, to, i + 1);
    number(from + i, mean, factors, to, i + 2);
    for (let c = 3; c < channels; c++) number(from + i + c, mean, factors, to, i + c);
  }
}

// @ts-ignore: decorator
@inline
function number(from: usize, mean: usize, factors: usize, to: usize, i: i32): void {
  const at = <usize>i * 4;
  store<f32>(to + at, (<f32>load<u8>(from) - load<f32>(mean + at)) * load<f32>(factors + at));
}

export function trainStem(
  thread: i32, threads: i32, pictures: i32, input: usize, weights: usize, bias: usize, bounds: usize, band: usize, output: usize, partials: usize,
  inputSize: i32, outputSize: i32, inputChannels: i32, outputChannels: i32, before: i32, outputPitch: i32, bandRows: i32,
): void {
  const columns = (outputSize - 1) * 2 + 3;
  const bandPitch = <usize>(columns * inputChannels * 4);
  const segment = 3 * inputChannels;
  const outputBytes = <usize>outputPitch * 4;
  const bandBytes = bandPitch * (bandRows * 2 + 1);
  band += bandBytes * thread;
  memory.fill(band, 0, bandBytes);

  const rows = pictures * outputSize;
  const bands = (rows + bandRows - 1) / bandRows;
  const end = shareStart(bands, thread + 1, threads);
  for (let b = shareStart(bands, thread, threads); b < end; b++) {
    const first = b * bandRows, last = min(rows, first + bandRows);
    for (let r = first; r < last;) {
      const y = r % outputSize, count = min(last - r, outputSize - y);
      padded(input, r / outputSize, y, count, band, bandPitch, columns, inputSize, inputChannels, before);
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
    statistics(
      output + outputBytes * (first * outputSize), outputBytes, (last - first) * outputSize, outputChannels,
      partials + 2 * vectorBytes(outputChannels) * b,
    );
  }
}

/** Copies the input of `count` output rows, from row `y` of a picture, to a band whose left and right ends are already zeros. */
function padded(input: usize, picture: i32, y: i32, count: i32, band: usize, bandPitch: usize, columns: i32, inputSize: i32, inputChannels: i32, before: i32): void {
  const rowBytes = <usize>(inputSize * inputChannels * 4);
  // Pixels past the last column under a filter are not read.
  const taken = <usize>(min(inputSize, columns - before) * inputChannels * 4);
  const source = input + rowBytes * (picture * inputSize);
  for (let i = 0; i < count * 2 + 1; i++) {
    const row = 2 * y + i - before;
    const to = band + bandPitch * i + <usize>(before * inputChannels * 4);
    if (row < 0 || row >= inputSize) memory.fill(to, 0, taken);
    else memory.copy(to, source + rowBytes * row, taken);
  }
}

export function stemBackward(
  thread: i32, threads: i32, pictures: i32, gradient: usize, output: usize, outputNorm: usize, input: usize, band: usize, weightSlices: usize,
  inputSize: i32, outputSize: i32, inputChannels: i32, outputChannels: i32, before: i32, outputPitch: i32, bandRows: i32, slices: i32,
): void {
  const columns = (outputSize - 1) * 2 + 3;
  const bandPitch = <usize>(columns * inputChannels * 4);
  const outputBytes = <usize>outputPitch * 4;
  const inputsBytes = (bandPitch * (bandRows * 2 + 1) + 63) & ~63;
  const gradientsBytes = outputBytes * (bandRows * outputSize);
  const inputs = band + (inputsBytes + gradientsBytes) * thread;
  const gradients = inputs + inputsBytes;
  memory.fill(inputs, 0, inputsBytes);

  const segment = 3 * inputChannels;
  const sliceBytes = <usize>(((outputChannels + 15) >> 4) * segment * 192);
  const rows = pictures * outputSize;
  const bands = (rows + bandRows - 1) / bandRows;
  const sliceEnd = shareStart(slices, thread + 1, threads);
  for (let slice = shareStart(slices, thread, threads); slice < sliceEnd; slice++) {
    const weightGradient = weightSlices + sliceBytes * slice;
    memory.fill(weightGradient, 0, sliceBytes);
    const end = shareStart(bands, slice + 1, slices);
    for (let b = shareStart(bands, slice, slices); b < end; b++) {
      const first = b * bandRows, last = min(rows, first + bandRows);
      const at = outputBytes * (first * outputSize);
      rawGradient(gradient + at, output + at, outputBytes, gradients, outputBytes, (last - first) * outputSize, outputChannels, outputNorm);
      for (let r = first; r < last;) {
        const y = r % outputSize, count = min(last - r, outputSize - y);
        padded(input, r / outputSize, y, count, inputs, bandPitch, columns, inputSize, inputChannels, before);
        for (let column = 0; column < outputChannels; column += lanes) {
          const to = weightGradient + <usize>(column >> 4) * (<usize>segment * 192) + <usize>((column & 15) << 2);
          for (let k = 0; k < segment; k += 3)
            stemWeightTile(
              inputs + (k << 2), bandPitch, <usize>inputChannels * 8, gradients + outputBytes * ((r - first) * outputSize) + (column << 2), outputBytes,
              count, outputSize, to + (k << 6), <usize>segment * 64,
            );
        }
        r += count;
      }
    }
  }
}

export function stemInputGradient(
  thread: i32, threads: i32, pictures: i32, gradient: usize, output: usize, outputNorm: usize, weights: usize, inputGradient: usize,
  inputSize: i32, outputSize: i32, inputChannels: i32, outputChannels: i32, before: i32, outputPitch: i32,
): void {
  const factors = outputNorm + 4 * vectorBytes(outputChannels);
  const vector = vectorBytes(outputChannels);
  const end = shareStart(pictures * inputSize, thread + 1, threads);
  for (let r = shareStart(pictures * inputSize, thread, threads); r < end; r++) {
    const picture = r / inputSize, row = r % inputSize;
    for (let column = 0; column < inputSize; column++)
      for (let c = 0; c < inputChannels; c++) {
        let sum: f32 = 0;
        for (let i = 0; i < 3; i++)
          for (let j = 0; j < 3; j++) {
            const y = row + before - i, x = column + before - j;
            if (y < 0 || x < 0 || y & 1 || x & 1 || y >> 1 >= outputSize || x >> 1 >= outputSize) continue;
            const at = <usize>((picture * outputSize + (y >> 1)) * outputSize + (x >> 1)) * (<usize>outputPitch * 4);
            for (let o = 0; o < outputChannels; o++) {
              const byte = <usize>o * 4;
              const f = factors + byte;
              const g = load<f32>(f) * load<f32>(gradient + at + byte) + load<f32>(f + vector) * load<f32>(output + at + byte) + load<f32>(f + 2 * vector);
              const panel = <usize>(((o >> 4) * 9 + i * 3 + j) * inputChannels + c) * 64;
              sum += g * load<f32>(weights + panel + <usize>((o & 15) << 2));
            }
          }
        store<f32>(inputGradient + (<usize>(r * inputSize + column) * inputChannels + c) * 4, sum);
      }
  }
}
