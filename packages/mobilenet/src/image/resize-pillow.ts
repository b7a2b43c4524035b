/**
 * Pillow's resize, to the bit: bilinear and bicubic, both antialiased so that every pixel of the source counts when a
 * picture shrinks; and nearest. Source: Pillow 13, Resample.c and Geometry.c.
 *
 * Rows and columns are resampled in two passes with an 8-bit picture between them. The arithmetic is in integers:
 * weights have 22 fractional bits, and each sum is rounded and clipped to 0…255. The order of the passes affects the
 * last bit, so it is Pillow 13's too.
 */
import type { Rectangle, Resampling } from "./resampling.ts";

/** The radius of each filter in output pixels, and its weight at a distance. */
const kernels = {
	"pillow-bilinear": { reach: 1, weight: triangle },
	"pillow-bicubic": { reach: 2, weight: cubic },
} as const;
export type PillowFilter = keyof typeof kernels;

const precision = 22;
const half = 1 << (precision - 1);

function triangle(distance: number): number {
	return Math.max(1 - Math.abs(distance), 0);
}

/** Keys's cubic with a = −0.5. */
function cubic(distance: number): number {
	const a = -0.5;
	const x = Math.abs(distance);
	if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
	if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
	return 0;
}

/** For each output position along one axis: its first pixel in the source, the number of pixels and their weights. */
interface Weights {
	readonly first: Int32Array;
	readonly count: Int32Array;
	/** Length of `weights` per position. */
	readonly most: number;
	readonly weights: Int32Array;
}

/**
 * 8-bit rows during the passes: `data[offset + y · stride + x · channels]`. They are always read through a Uint8Array and
 * written through a Uint8ClampedArray: loops that see both types take half as long again.
 */
interface Rows {
	readonly data: Uint8Array;
	readonly offset: number;
	readonly stride: number;
	readonly channels: number;
}

/** Writes the window's pixels, row by row, to the beginning of `into`. */
export function resizePillow(resampling: Resampling, filter: PillowFilter, into: Uint8Array): void {
	const { source, box, width, height, window } = resampling;
	const { channels } = source;
	const stride = source.width * channels;
	const rows: Rows = {
		data: bytesOf(source.data),
		offset: box.top * stride + box.left * channels,
		stride,
		channels,
	};
	const out = new Uint8ClampedArray(into.buffer, into.byteOffset, window.width * window.height * channels);

	// An axis that keeps its length is not resampled.
	const across =
		width === box.width ? undefined : weightsOf(box.width, width, window.left, window.width, filter);
	const down =
		height === box.height ? undefined : weightsOf(box.height, height, window.top, window.height, filter);
	if (!across && !down) {
		copyWindow(rows, window, out);
	} else if (!down) {
		horizontal(rows, window.top, window.height, across!, out);
	} else if (!across) {
		vertical(rows, window.left, window.width, down, out);
	} else if (height < box.height && box.height - height > 2 * (box.width - width)) {
		const [from, to] = span(across);
		const between = new Uint8ClampedArray(window.height * (to - from) * channels);
		vertical(rows, from, to - from, down, between);
		// 0 − x instead of −x: an offset of −0 would make every index a float, which costs a third of the speed.
		const narrow = {
			data: bytesOf(between),
			offset: 0 - from * channels,
			stride: (to - from) * channels,
			channels,
		};
		horizontal(narrow, 0, window.height, across, out);
	} else {
		const [from, to] = span(down);
		const between = new Uint8ClampedArray((to - from) * window.width * channels);
		horizontal(rows, from, to - from, across, between);
		const rowLength = window.width * channels;
		vertical(
			{ data: bytesOf(between), offset: 0 - from * rowLength, stride: rowLength, channels },
			0,
			window.width,
			down,
			out,
		);
	}
}

function bytesOf({ buffer, byteOffset, length }: Uint8Array | Uint8ClampedArray): Uint8Array {
	return new Uint8Array(buffer, byteOffset, length);
}

function weightsOf(
	inSize: number,
	outSize: number,
	begin: number,
	positions: number,
	filter: PillowFilter,
): Weights {
	const { reach, weight } = kernels[filter];
	const scale = inSize / outSize;
	const stretch = Math.max(scale, 1);
	const support = reach * stretch;
	const most = Math.ceil(support) * 2 + 1;
	const first = new Int32Array(positions);
	const count = new Int32Array(positions);
	const weights = new Int32Array(positions * most);
	const exact = new Float64Array(most);
	const narrow = 1 / stretch;
	for (let i = 0; i < positions; i++) {
		const center = (begin + i + 0.5) * scale;
		const from = Math.max(Math.trunc(center - support + 0.5), 0);
		const to = Math.min(Math.trunc(center + support + 0.5), inSize);
		let sum = 0;
		for (let x = from; x < to; x++) {
			exact[x - from] = weight((x - center + 0.5) * narrow);
			sum += exact[x - from]!;
		}
		for (let k = 0; k < to - from; k++) {
			const share = (sum === 0 ? exact[k]! : exact[k]! / sum) * (1 << precision);
			weights[i * most + k] = Math.trunc(share < 0 ? share - 0.5 : share + 0.5);
		}
		first[i] = from;
		count[i] = to - from;
	}
	return { first, count, most, weights };
}

/** The range of source pixels that the positions need; `to` is exclusive. */
function span({ first, count }: Weights): [from: number, to: number] {
	const last = first.length - 1;
	return [first[0]!, first[last]! + count[last]!];
}

/** Resamples `height` rows, from row `top`, horizontally. */
function horizontal(rows: Rows, top: number, height: number, across: Weights, out: Uint8ClampedArray): void {
	const pass = rows.channels === 3 ? horizontalRgb : rows.channels === 1 ? horizontalGray : horizontalOther;
	pass(rows, top, height, across, out);
}

function horizontalRgb(
	{ data, offset, stride }: Rows,
	top: number,
	height: number,
	{ first, count, most, weights }: Weights,
	out: Uint8ClampedArray,
): void {
	let o = 0;
	for (let y = top; y < top + height; y++) {
		const row = offset + y * stride;
		for (let i = 0; i < first.length; i++) {
			let red = half;
			let green = half;
			let blue = half;
			let k = i * most;
			let p = row + first[i]! * 3;
			for (const end = k + count[i]!; k < end; k++, p += 3) {
				const w = weights[k]!;
				red = (red + Math.imul(data[p]!, w)) | 0;
				green = (green + Math.imul(data[p + 1]!, w)) | 0;
				blue = (blue + Math.imul(data[p + 2]!, w)) | 0;
			}
			out[o++] = red >> precision;
			out[o++] = green >> precision;
			out[o++] = blue >> precision;
		}
	}
}

function horizontalGray(
	{ data, offset, stride }: Rows,
	top: number,
	height: number,
	{ first, count, most, weights }: Weights,
	out: Uint8ClampedArray,
): void {
	let o = 0;
	for (let y = top; y < top + height; y++) {
		const row = offset + y * stride;
		for (let i = 0; i < first.length; i++) {
			let gray = half;
			let k = i * most;
			let p = row + first[i]!;
			for (const end = k + count[i]!; k < end; k++, p++) gray = (gray + Math.imul(data[p]!, weights[k]!)) | 0;
			out[o++] = gray >> precision;
		}
	}
}

function horizontalOther(
	{ data, offset, stride, channels }: Rows,
	top: number,
	height: number,
	{ first, count, most, weights }: Weights,
	out: Uint8ClampedArray,
): void {
	let o = 0;
	for (let y = top; y < top + height; y++)
		for (let i = 0; i < first.length; i++)
			for (let c = 0; c < channels; c++) {
				let sum = half;
				let p = offset + y * stride + first[i]! * channels + c;
				for (let k = i * most; k < i * most + count[i]!; k++, p += channels)
					sum = (sum + Math.imul(data[p]!, weights[k]!)) | 0;
				out[o++] = sum >> precision;
			}
}

/** Resamples `width` columns, from column `left`, vertically; adds whole rows, four at a time. */
function vertical(
	{ data, offset, stride, channels }: Rows,
	left: number,
	width: number,
	{ first, count, most, weights }: Weights,
	out: Uint8ClampedArray,
): void {
	const length = width * channels;
	const sums = new Int32Array(length);
	for (let i = 0; i < first.length; i++) {
		sums.fill(half);
		let row = offset + first[i]! * stride + left * channels;
		let k = i * most;
		const end = k + count[i]!;
		for (; k + 4 <= end; k += 4, row += 4 * stride) {
			const [w0, w1, w2, w3] = [weights[k]!, weights[k + 1]!, weights[k + 2]!, weights[k + 3]!];
			let [p0, p1, p2, p3] = [row, row + stride, row + 2 * stride, row + 3 * stride];
			for (let x = 0; x < length; x++)
				sums[x]! +=
					Math.imul(data[p0++]!, w0) +
					Math.imul(data[p1++]!, w1) +
					Math.imul(data[p2++]!, w2) +
					Math.imul(data[p3++]!, w3);
		}
		for (; k < end; k++, row += stride) {
			const w = weights[k]!;
			for (let x = 0; x < length; x++) sums[x]! += Math.imul(data[row + x]!, w);
		}
		for (let x = 0, o = i * length; x < length; x++) out[o++] = sums[x]! >> precision;
	}
}

function copyWindow(
	{ data, offset, stride, channels }: Rows,
	{ left, top, width, height }: Rectangle,
	out: Uint8ClampedArray,
): void {
	const length = width * channels;
	for (let y = 0; y < height; y++) {
		const from = offset + (top + y) * stride + left * channels;
		out.set(data.subarray(from, from + length), y * length);
	}
}

/** Takes the source pixel under the center of each output pixel. */
export function resizeNearest({ source, box, width, height, window }: Resampling, into: Uint8Array): void {
	const { data, channels } = source;
	const columns = positionsOf(box.width, width, window.left, window.width);
	const rows = positionsOf(box.height, height, window.top, window.height);
	let o = 0;
	for (const y of rows) {
		const row = (box.top + y) * source.width + box.left;
		for (const x of columns) {
			const from = (row + x) * channels;
			for (let c = 0; c < channels; c++) into[o++] = data[from + c]!;
		}
	}
}

/** Positions are accumulated step by step as in Pillow: (x + 0.5) · scale rounds differently at some borders. */
function positionsOf(inSize: number, outSize: number, begin: number, positions: number): Int32Array {
	const scale = inSize / outSize;
	const found = new Int32Array(positions);
	let at = scale * 0.5;
	for (let x = 0; x < begin + positions; x++, at += scale)
		if (x >= begin) found[x - begin] = Math.min(Math.trunc(at), inSize - 1);
	return found;
}
