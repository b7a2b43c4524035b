/**
 * Brightness, contrast and saturation in one pass over the pixels: all three are linear, so together they are a 3×3
 * matrix and an offset. Values are clipped to 0…255 once at the end, not after each of the three.
 */

/** In units of 1/65536: the matrix, with rows for red, green and blue, and the offset, which includes half a step for rounding. */
export interface Colors {
	readonly matrix: Int32Array;
	readonly offset: number;
	/** The factor for pictures of one channel, which have no saturation. */
	readonly gain: number;
}

/** Weights of red, green and blue in gray (ITU-R 601). */
const luma = [0.299, 0.587, 0.114] as const;
const one = 65536;
const unchanged = Int32Array.of(one, 0, 0, 0, one, 0, 0, 0, one);

/**
 * The combined change of colors; undefined if nothing changes.
 *
 * @param mean mean gray of the picture, 0…255, around which contrast is changed
 */
export function colorsOf(
	brightness: number,
	contrast: number,
	saturation: number,
	mean: number,
): Colors | undefined {
	if (brightness === 1 && contrast === 1 && saturation === 1) return undefined;
	const gain = brightness * contrast;
	const matrix = new Int32Array(9);
	for (let to = 0; to < 3; to++)
		for (let from = 0; from < 3; from++)
			matrix[to * 3 + from] = Math.round(
				gain * ((to === from ? saturation : 0) + (1 - saturation) * luma[from]!) * one,
			);
	return {
		matrix,
		offset: Math.round((1 - contrast) * brightness * mean * one) + one / 2,
		gain: Math.round(gain * one),
	};
}

/** Mean gray of pixels with one or three channels. */
export function meanGray(pixels: Uint8Array, channels: number): number {
	let [red, green, blue] = [0, 0, 0];
	if (channels === 3) {
		for (let i = 0; i < pixels.length; i += 3) {
			red += pixels[i]!;
			green += pixels[i + 1]!;
			blue += pixels[i + 2]!;
		}
		return ((red * luma[0] + green * luma[1] + blue * luma[2]) * 3) / pixels.length;
	}
	for (let i = 0; i < pixels.length; i++) red += pixels[i]!;
	return red / pixels.length;
}

/**
 * Writes a square picture, mirrored and with changed colors as requested.
 *
 * @param from size × size pixels of `channels` channels; must not overlap `into`
 * @param into as many pixels; if it has room for three channels and `from` has one, gray is spread
 */
export function finish(
	from: Uint8Array,
	channels: number,
	size: number,
	flip: boolean,
	colors: Colors | undefined,
	into: Uint8Array,
): void {
	const out = new Uint8ClampedArray(into.buffer, into.byteOffset, into.length);
	if (channels === 3) finishRgb(from, size, flip, colors, out);
	else if (channels === 1) finishGray(from, size, flip, colors, out);
	else finishOther(from, channels, size, flip, out);
}

function finishRgb(
	from: Uint8Array,
	size: number,
	flip: boolean,
	colors: Colors | undefined,
	out: Uint8ClampedArray,
): void {
	if (!colors && !flip) {
		out.set(from);
		return;
	}
	const matrix = colors ? colors.matrix : unchanged;
	const offset = colors ? colors.offset : one / 2;
	// Separate variables, because the loop below would look up array elements for every pixel.
	const rr = matrix[0]!;
	const rg = matrix[1]!;
	const rb = matrix[2]!;
	const gr = matrix[3]!;
	const gg = matrix[4]!;
	const gb = matrix[5]!;
	const br = matrix[6]!;
	const bg = matrix[7]!;
	const bb = matrix[8]!;
	const step = flip ? -3 : 3;
	let i = 0;
	for (let y = 0; y < size; y++) {
		let o = (y * size + (flip ? size - 1 : 0)) * 3;
		for (let x = 0; x < size; x++) {
			const red = from[i]!;
			const green = from[i + 1]!;
			const blue = from[i + 2]!;
			out[o] = (offset + Math.imul(red, rr) + Math.imul(green, rg) + Math.imul(blue, rb)) >> 16;
			out[o + 1] = (offset + Math.imul(red, gr) + Math.imul(green, gg) + Math.imul(blue, gb)) >> 16;
			out[o + 2] = (offset + Math.imul(red, br) + Math.imul(green, bg) + Math.imul(blue, bb)) >> 16;
			i += 3;
			o += step;
		}
	}
}

function finishGray(
	from: Uint8Array,
	size: number,
	flip: boolean,
	colors: Colors | undefined,
	out: Uint8ClampedArray,
): void {
	const [gain, offset] = colors ? [colors.gain, colors.offset] : [one, one / 2];
	const spread = out.length === from.length * 3;
	for (let y = 0, i = 0; y < size; y++)
		for (let x = 0; x < size; x++, i++) {
			const gray = (offset + Math.imul(from[i]!, gain)) >> 16;
			const to = y * size + (flip ? size - 1 - x : x);
			if (spread) {
				out[to * 3] = gray;
				out[to * 3 + 1] = gray;
				out[to * 3 + 2] = gray;
			} else out[to] = gray;
		}
}

function finishOther(
	from: Uint8Array,
	channels: number,
	size: number,
	flip: boolean,
	out: Uint8ClampedArray,
): void {
	for (let y = 0, i = 0; y < size; y++)
		for (let x = 0; x < size; x++) {
			const to = (y * size + (flip ? size - 1 - x : x)) * channels;
			for (let c = 0; c < channels; c++, i++) out[to + c] = from[i]!;
		}
}
