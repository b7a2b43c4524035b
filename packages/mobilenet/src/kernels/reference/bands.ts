/**
 * What training does to the raw output of a convolution, in readable form: batch norm and activation forward, their
 * gradients backward, and the sums over bands of pixels that batch norm needs. A raw output is [pixels, pitch]; a norm is
 * seven vectors (training-operations.ts).
 */
import { normVectors, vectorOf } from "../training-shapes.ts";

/** The output of a convolution, or its gradient. */
export interface Pixels {
	readonly values: Float32Array;
	readonly pixels: number;
	readonly channels: number;
	readonly pitch: number;
}

/** A vector of a norm. */
export function vectorIn(
	norm: Float32Array,
	name: (typeof normVectors)[number],
	channels: number,
): Float32Array {
	const length = vectorOf(channels);
	const start = normVectors.indexOf(name) * length;
	return norm.subarray(start, start + length);
}

/** A = min(max(z, slope · z), high) with z = scale · y + shift; zero past the channels. */
export function activated(
	{ values, pixels, channels, pitch }: Pixels,
	norm: Float32Array,
	activation: Float32Array,
): Float32Array {
	const [slope, high] = [activation[0]!, activation[1]!];
	const scale = vectorIn(norm, "scale", channels);
	const shift = vectorIn(norm, "shift", channels);
	const result = new Float32Array(pixels * pitch);
	for (let p = 0; p < pixels; p++)
		for (let c = 0; c < channels; c++) {
			const z = scale[c]! * values[p * pitch + c]! + shift[c]!;
			result[p * pitch + c] = Math.min(Math.max(z, slope * z), high);
		}
	return result;
}

/** The gradient of a raw output from g: gradientFactor · g + rawFactor · y + constant; zero past the channels. */
export function rawGradient(
	{ values, pixels, channels, pitch }: Pixels,
	gradient: Float32Array,
	norm: Float32Array,
): Float32Array {
	const gradientFactor = vectorIn(norm, "gradientFactor", channels);
	const rawFactor = vectorIn(norm, "rawFactor", channels);
	const constant = vectorIn(norm, "constant", channels);
	const result = new Float32Array(pixels * pitch);
	for (let p = 0; p < pixels; p++)
		for (let c = 0; c < channels; c++) {
			const at = p * pitch + c;
			result[at] = gradientFactor[c]! * gradient[at]! + rawFactor[c]! * values[at]! + constant[c]!;
		}
	return result;
}

/** Turns the activation's gradient into g, in place: times 0 from `high` on, 1 above 0, `slope` elsewhere. */
export function masked(
	{ values, pixels, channels, pitch }: Pixels,
	gradient: Float32Array,
	norm: Float32Array,
	activation: Float32Array,
): void {
	const [slope, high] = [activation[0]!, activation[1]!];
	const scale = vectorIn(norm, "scale", channels);
	const shift = vectorIn(norm, "shift", channels);
	for (let p = 0; p < pixels; p++)
		for (let c = 0; c < channels; c++) {
			const z = scale[c]! * values[p * pitch + c]! + shift[c]!;
			gradient[p * pitch + c]! *= z >= high ? 0 : z > 0 ? 1 : slope;
		}
}

/** Writes two sums over every band of `bandPixels` pixels: [bands][2][vector]. */
function sums(
	{ pixels, channels }: Pixels,
	bandPixels: number,
	partials: Float32Array,
	term: (pixel: number, channel: number) => readonly [number, number],
): void {
	const vector = vectorOf(channels);
	for (let band = 0; band * bandPixels < pixels; band++) {
		const end = Math.min(pixels, (band + 1) * bandPixels);
		for (let c = 0; c < channels; c++) {
			let [first, second] = [0, 0];
			for (let p = band * bandPixels; p < end; p++) {
				const [a, b] = term(p, c);
				first += a;
				second += b;
			}
			partials[band * 2 * vector + c] = first;
			partials[(band * 2 + 1) * vector + c] = second;
		}
	}
}

/** Σ y and Σ y² of a raw output. */
export function statistics(raw: Pixels, bandPixels: number, partials: Float32Array): void {
	sums(raw, bandPixels, partials, (p, c) => {
		const y = raw.values[p * raw.pitch + c]!;
		return [y, y * y];
	});
}

/** Σ g and Σ g · x̂, where x̂ = (y − mean) / deviation. */
export function gradientSums(
	raw: Pixels,
	gradient: Float32Array,
	norm: Float32Array,
	bandPixels: number,
	partials: Float32Array,
): void {
	const mean = vectorIn(norm, "mean", raw.channels);
	const inverseDeviation = vectorIn(norm, "inverseDeviation", raw.channels);
	sums(raw, bandPixels, partials, (p, c) => {
		const g = gradient[p * raw.pitch + c]!;
		return [g, g * (raw.values[p * raw.pitch + c]! - mean[c]!) * inverseDeviation[c]!];
	});
}

/** The row where the bands of slice `slice` begin. */
export function sliceStart(rows: number, bandRows: number, slice: number, slices: number): number {
	const bands = Math.ceil(rows / bandRows);
	return Math.min(rows, Math.floor((bands * slice) / slices) * bandRows);
}
