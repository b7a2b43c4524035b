/**
 * The first layer in training, and the normalization of pixels to floats. With dY the gradient of the raw output:
 *
 *   y[r][x][o] = Σ input[2r + i − before][2x + j − before][c] · w[o][c][i][j]
 *   dw[o][c][i][j] += dY[r][x][o] · input[2r + i − before][2x + j − before][c]
 *   dinput[2r + i − before][2x + j − before][c] += dY[r][x][o] · w[o][c][i][j]
 *
 * input [inputSize, inputSize, inputChannels], weights OIHW, output [outputSize, outputSize, outputPitch].
 */
import type { Operands } from "../operations.ts";
import { rawGradient, sliceStart, statistics } from "./bands.ts";
import { stemFloats } from "./stem.ts";

export function normalize(
	{ pixels, mean, factors, output, size, channels, swapped }: Operands<"normalize">,
	pictures: number,
): void {
	const row = size * channels;
	for (let i = 0; i < pictures * size * row; i++) {
		const c = i % channels;
		const from = swapped && c < 3 ? i - c + (2 - c) : i;
		output[i] = (pixels[from]! - mean[i % row]!) * factors[i % row]!;
	}
}

export function trainStem(operands: Operands<"trainStem">, pictures: number): void {
	const { output, partials, outputSize, outputChannels, outputPitch, bandRows } = operands;
	stemFloats(operands, pictures);
	statistics(
		{ values: output, pixels: pictures * outputSize ** 2, channels: outputChannels, pitch: outputPitch },
		bandRows * outputSize,
		partials,
	);
}

type Geometry = Pick<
	Operands<"stemBackward">,
	"inputSize" | "outputSize" | "inputChannels" | "outputChannels" | "before" | "outputPitch"
>;

/** Visits all products of output rows `first` to `last`, counted through all pictures: indices of an input, an output and a weight. */
function each(
	{ inputSize, outputSize, inputChannels, outputChannels, before, outputPitch }: Geometry,
	first: number,
	last: number,
	term: (a: number, y: number, w: number) => void,
): void {
	for (let r = first; r < last; r++)
		for (let x = 0; x < outputSize; x++)
			for (let i = 0; i < 3; i++)
				for (let j = 0; j < 3; j++) {
					const row = (r % outputSize) * 2 + i - before;
					const column = x * 2 + j - before;
					if (row < 0 || row >= inputSize || column < 0 || column >= inputSize) continue;
					const pixel = (Math.floor(r / outputSize) * inputSize + row) * inputSize + column;
					for (let o = 0; o < outputChannels; o++)
						for (let c = 0; c < inputChannels; c++)
							term(
								pixel * inputChannels + c,
								(r * outputSize + x) * outputPitch + o,
								((o * inputChannels + c) * 3 + i) * 3 + j,
							);
				}
}

export function stemBackward(operands: Operands<"stemBackward">, pictures: number): void {
	const { gradient, output, outputNorm, input, weightSlices, outputSize, outputPitch, bandRows, slices } =
		operands;
	const { inputChannels, outputChannels } = operands;
	const raw = {
		values: output,
		pixels: pictures * outputSize ** 2,
		channels: outputChannels,
		pitch: outputPitch,
	};
	const dY = rawGradient(raw, gradient, outputNorm);
	const rows = pictures * outputSize;
	for (let slice = 0; slice < slices; slice++) {
		const sums = new Float64Array(outputChannels * inputChannels * 9);
		each(
			operands,
			sliceStart(rows, bandRows, slice, slices),
			sliceStart(rows, bandRows, slice + 1, slices),
			(a, y, w) => {
				sums[w]! += input[a]! * dY[y]!;
			},
		);
		weightSlices.set(sums, slice * sums.length);
	}
}

export function stemInputGradient(operands: Operands<"stemInputGradient">, pictures: number): void {
	const { gradient, output, outputNorm, weights, inputGradient, inputSize, outputSize, outputPitch } =
		operands;
	const { inputChannels, outputChannels } = operands;
	const raw = {
		values: output,
		pixels: pictures * outputSize ** 2,
		channels: outputChannels,
		pitch: outputPitch,
	};
	const dY = rawGradient(raw, gradient, outputNorm);
	const sums = new Float64Array(pictures * inputSize ** 2 * inputChannels);
	each(operands, 0, pictures * outputSize, (a, y, w) => {
		sums[a]! += dY[y]! * weights[w]!;
	});
	inputGradient.set(sums);
}
