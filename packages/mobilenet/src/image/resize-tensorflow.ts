/**
 * TensorFlow's bilinear resize in its three conventions, without antialiasing: each pixel is interpolated from four
 * neighbors. Positions, fractions and interpolation are in float32 as in TensorFlow, so results are equal to the bit.
 * Source: TensorFlow 2.15, resize_bilinear_op.cc and image_resizer_state.h.
 */
import type { Resampling } from "./resampling.ts";

/**
 * How a pixel of the result maps to the source: with `half_pixel_centers` (TensorFlow 2's `tf.image.resize`), with no
 * option (TensorFlow 1's default), or with `align_corners`.
 */
const conventions = {
	"tf-bilinear": { scale: simpleScale, position: halfPixelPosition },
	"tf-bilinear-legacy": { scale: simpleScale, position: simplePosition },
	"tf-bilinear-align-corners": { scale: cornersScale, position: simplePosition },
} as const;
export type TensorflowFilter = keyof typeof conventions;

const f = Math.fround;

function simpleScale(inSize: number, outSize: number): number {
	return f(f(inSize) / f(outSize));
}

function cornersScale(inSize: number, outSize: number): number {
	return outSize > 1 ? f(f(inSize - 1) / f(outSize - 1)) : simpleScale(inSize, outSize);
}

function simplePosition(x: number, scale: number): number {
	return f(f(x) * scale);
}

function halfPixelPosition(x: number, scale: number): number {
	return f(f(f(f(x) + 0.5) * scale) - 0.5);
}

/** For each output position along one axis: its two neighbors in the source, and the fraction of the way between them. */
interface Neighbors {
	readonly lower: Int32Array;
	readonly upper: Int32Array;
	readonly fraction: Float32Array;
}

/**
 * Writes the window's pixels, row by row, to the beginning of `into`. A Float32Array receives the exact values; a
 * Uint8ClampedArray rounds them (halves to even, like `tf.round`) and clips them.
 */
export function resizeTensorflow(
	{ source, box, width, height, window }: Resampling,
	filter: TensorflowFilter,
	into: Float32Array | Uint8ClampedArray,
): void {
	const { data, channels } = source;
	const across = neighborsOf(box.width, width, window.left, window.width, filter);
	const down = neighborsOf(box.height, height, window.top, window.height, filter);
	let o = 0;
	for (let y = 0; y < window.height; y++) {
		const top = ((box.top + down.lower[y]!) * source.width + box.left) * channels;
		const bottom = ((box.top + down.upper[y]!) * source.width + box.left) * channels;
		const downwards = down.fraction[y]!;
		for (let x = 0; x < window.width; x++) {
			const left = across.lower[x]! * channels;
			const right = across.upper[x]! * channels;
			const rightwards = across.fraction[x]!;
			for (let c = 0; c < channels; c++) {
				const above = mix(data[top + left + c]!, data[top + right + c]!, rightwards);
				const below = mix(data[bottom + left + c]!, data[bottom + right + c]!, rightwards);
				into[o++] = mix(above, below, downwards);
			}
		}
	}
}

function mix(from: number, to: number, fraction: number): number {
	return f(f(from) + f(f(f(to) - f(from)) * f(fraction)));
}

function neighborsOf(
	inSize: number,
	outSize: number,
	begin: number,
	positions: number,
	filter: TensorflowFilter,
): Neighbors {
	const { scale: scaleOf, position } = conventions[filter];
	const scale = scaleOf(inSize, outSize);
	const lower = new Int32Array(positions);
	const upper = new Int32Array(positions);
	const fraction = new Float32Array(positions);
	for (let i = 0; i < positions; i++) {
		const at = position(begin + i, scale);
		const floor = Math.floor(at);
		lower[i] = Math.min(Math.max(floor, 0), inSize - 1);
		upper[i] = Math.min(Math.max(Math.ceil(at), 0), inSize - 1);
		fraction[i] = at - floor;
	}
	return { lower, upper, fraction };
}
