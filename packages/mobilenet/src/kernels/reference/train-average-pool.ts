/**
 * Global average pooling of the activated input A = act(z), z = scale · y + shift, act(z) = min(max(z, slope · z), high):
 *
 *   output[c] = Σ A[r][c] / rows
 *
 * Backward: every pixel contributes equally to the output, so
 *
 *   inputGradient[r][c] = act'(z) · gradient[c] / rows,  and per band its sum and that of its products with x̂ = (y − mean) / deviation
 *
 * input and inputGradient [rows, inputPitch], output [outputPitch], gradient [gradientPitch], partials [bands, 2, vector].
 */
import type { Operands } from "../operations.ts";
import { bandsOf, vectorOf } from "../training-shapes.ts";

export function trainAveragePool(
	{
		input,
		inputNorm,
		activation,
		output,
		rows,
		channels,
		inputPitch,
		outputPitch,
	}: Operands<"trainAveragePool">,
	pictures: number,
): void {
	const [slope, high] = activation as unknown as [number, number];
	const vector = vectorOf(channels);
	for (let n = 0; n < pictures; n++)
		for (let c = 0; c < channels; c++) {
			let sum = 0;
			for (let r = 0; r < rows; r++) {
				const z = inputNorm[c]! * input[(n * rows + r) * inputPitch + c]! + inputNorm[vector + c]!;
				sum += Math.min(Math.max(z, slope * z), high);
			}
			output[n * outputPitch + c] = sum / rows;
		}
}

export function averagePoolBackward(
	{
		gradient,
		input,
		inputNorm,
		activation,
		inputGradient,
		partials,
		rows,
		channels,
		gradientPitch,
		inputPitch,
		bandRows,
	}: Operands<"averagePoolBackward">,
	pictures: number,
): void {
	const [slope, high] = activation as unknown as [number, number];
	const vector = vectorOf(channels);
	const all = pictures * rows;
	for (let band = 0; band < bandsOf(all, bandRows); band++) {
		const sums = new Float64Array(2 * vector);
		for (let r = band * bandRows; r < Math.min(all, (band + 1) * bandRows); r++)
			for (let c = 0; c < channels; c++) {
				const y = input[r * inputPitch + c]!;
				const z = inputNorm[c]! * y + inputNorm[vector + c]!;
				const derivative = z >= high ? 0 : z > 0 ? 1 : slope;
				const g = (derivative * gradient[Math.floor(r / rows) * gradientPitch + c]!) / rows;
				inputGradient[r * inputPitch + c] = g;
				sums[c]! += g;
				sums[vector + c]! += g * (y - inputNorm[2 * vector + c]!) * inputNorm[3 * vector + c]!;
			}
		partials.set(sums, band * 2 * vector);
	}
}
