/**
 * The depthwise layer in training. With A the activated input and dY the gradient of the raw output:
 *
 *   y[r][x][c] = Σ A[r·stride + i − before][x·stride + j − before][c] · w[c][i][j]
 *   dA[r·stride + i − before][x·stride + j − before][c] += dY[r][x][c] · w[c][i][j]
 *   dw[c][i][j] += dY[r][x][c] · A[r·stride + i − before][x·stride + j − before][c]
 *
 * input [inputSize, inputSize, inputPitch], weights [channels, 3, 3], output [outputSize, outputSize, outputPitch].
 */
import type { Operands } from "../operations.ts";
import {
	activated,
	gradientSums,
	masked,
	type Pixels,
	rawGradient,
	sliceStart,
	statistics,
} from "./bands.ts";
import { depthwise } from "./depthwise.ts";

export function trainDepthwise(operands: Operands<"trainDepthwise">, pictures: number): void {
	const {
		input,
		inputNorm,
		activation,
		output,
		partials,
		inputSize,
		outputSize,
		channels,
		inputPitch,
		outputPitch,
		bandRows,
	} = operands;
	const raw: Pixels = { values: input, pixels: pictures * inputSize ** 2, channels, pitch: inputPitch };
	depthwise({ ...operands, input: activated(raw, inputNorm, activation) }, pictures);
	statistics(
		{ values: output, pixels: pictures * outputSize ** 2, channels, pitch: outputPitch },
		bandRows * outputSize,
		partials,
	);
}

export function depthwiseBackward(operands: Operands<"depthwiseBackward">, pictures: number): void {
	const {
		gradient,
		output,
		outputNorm,
		input,
		inputNorm,
		activation,
		weights,
		weightSlices,
		inputGradient,
		partials,
		inputSize,
		outputSize,
		channels,
		stride,
		before,
		inputPitch,
		outputPitch,
		bandRows,
		slices,
		wantsInput,
	} = operands;
	const rawInput: Pixels = { values: input, pixels: pictures * inputSize ** 2, channels, pitch: inputPitch };
	const rawOutput: Pixels = {
		values: output,
		pixels: pictures * outputSize ** 2,
		channels,
		pitch: outputPitch,
	};
	const A = activated(rawInput, inputNorm, activation);
	const dY = rawGradient(rawOutput, gradient, outputNorm);

	/** Visits all products of input rows `first` to `last`, counted through all pictures: indices of an input, an output and a weight. */
	const each = (first: number, last: number, term: (a: number, y: number, w: number) => void): void => {
		for (let r = first; r < last; r++)
			for (let column = 0; column < inputSize; column++)
				for (let i = 0; i < 3; i++)
					for (let j = 0; j < 3; j++) {
						const y = ((r % inputSize) + before - i) / stride;
						const x = (column + before - j) / stride;
						if (!(inside(y, outputSize) && inside(x, outputSize))) continue;
						const pixel = (Math.floor(r / inputSize) * outputSize + y) * outputSize + x;
						for (let c = 0; c < channels; c++)
							term((r * inputSize + column) * inputPitch + c, pixel * outputPitch + c, c * 9 + i * 3 + j);
					}
	};

	const rows = pictures * inputSize;
	for (let slice = 0; slice < slices; slice++) {
		const sums = new Float64Array(channels * 9);
		each(
			sliceStart(rows, bandRows, slice, slices),
			sliceStart(rows, bandRows, slice + 1, slices),
			(a, y, w) => {
				sums[w]! += A[a]! * dY[y]!;
			},
		);
		weightSlices.set(sums, slice * sums.length);
	}
	if (!wantsInput) return;
	const dA = new Float64Array(rows * inputSize * inputPitch);
	each(0, rows, (a, y, w) => {
		dA[a]! += dY[y]! * weights[w]!;
	});
	inputGradient.set(dA);
	masked(rawInput, inputGradient, inputNorm, activation);
	gradientSums(rawInput, inputGradient, inputNorm, bandRows * inputSize, partials);
}

const inside = (n: number, size: number): boolean => Number.isInteger(n) && n >= 0 && n < size;
