/**
 * A picture as pixels, and conversions of its channels: color to gray, gray to color, CMYK to RGB, and transparency laid
 * on a background. The arithmetic is Pillow's, to the bit.
 */
import { MobileNetError, shown } from "../base/error.ts";

/**
 * Pixels in memory, 8 bits per channel, row by row from the top, channels interleaved, without gaps:
 * `data[(y · width + x) · channels + channel]`.
 *
 * @example
 * const red: Pixels = { data: new Uint8Array([255, 0, 0]), width: 1, height: 1, channels: 3 };
 */
export interface Pixels {
	readonly data: Uint8Array | Uint8ClampedArray;
	readonly width: number;
	readonly height: number;
	/** 1: gray. 2: gray and alpha. 3: RGB. 4: RGBA. Alpha is not premultiplied. Networks of other inputs take other numbers. */
	readonly channels: number;
}

/**
 * How transparency is handled: laid on `white`, as a person sees it on a page, or on `black`; or ignored (`drop`), which
 * reveals the colors that transparency hides, as Python's `convert("RGB")` does.
 */
export type Alpha = (typeof alphas)[number];
export const alphas = ["white", "black", "drop"] as const;

/** Pillow's weights of red, green and blue in gray (ITU-R 601), in 1/65536. */
const [redWeight, greenWeight, blueWeight] = [19595, 38470, 7471] as const;

/**
 * Throws unless a value is valid `Pixels`.
 *
 * @param name what the error calls the picture
 * @throws MobileNetError `picture`
 */
export function checkPixels(pixels: unknown, name = "the picture"): asserts pixels is Pixels {
	const refuse = (what: string): never => {
		throw new MobileNetError(
			"picture",
			`${name}: ${what}; raw pixels are { data, width, height, channels }.`,
		);
	};
	if (typeof pixels !== "object" || pixels === null)
		return refuse(`expected raw pixels, received ${shown(pixels)}`);
	const { data, width, height, channels } = pixels as Partial<Record<keyof Pixels, unknown>>;
	if (!(data instanceof Uint8Array || data instanceof Uint8ClampedArray))
		return refuse(`data must be a Uint8Array or a Uint8ClampedArray, not ${kindOf(data)}`);
	for (const [field, value] of Object.entries({ width, height, channels }))
		if (!(Number.isSafeInteger(value) && (value as number) > 0))
			refuse(`${field} must be a whole number above 0, not ${shown(value)}`);
	const [w, h, c] = [width, height, channels] as [number, number, number];
	if (data.length !== w * h * c)
		refuse(`${w}×${h} pixels of ${count(c, "channel")} need ${w * h * c} bytes, but data has ${data.length}`);
}

export function checkAlpha(alpha: unknown): asserts alpha is Alpha {
	if (!alphas.some((known) => known === alpha))
		throw new MobileNetError("usage", `alpha must be ${alphas.join(", ")}, not ${shown(alpha)}.`);
}

/** Removes transparency: 2 channels become 1, and 4 become 3; other pixels are returned unchanged. */
export function flatten(pixels: Pixels, alpha: Alpha = "white"): Pixels {
	checkAlpha(alpha);
	const { data, width, height, channels } = pixels;
	if (channels !== 2 && channels !== 4) return pixels;
	const colors = channels - 1;
	const flat = new Uint8Array(width * height * colors);
	const background = alpha === "white" ? 255 : 0;
	let to = 0;
	for (let from = 0; from < data.length; from += channels) {
		const opacity = alpha === "drop" ? 255 : data[from + colors]!;
		const under = background * (255 - opacity) + 128;
		for (let i = 0; i < colors; i++) flat[to++] = divide255(data[from + i]! * opacity + under);
	}
	return { data: flat, width, height, channels: colors };
}

/** RGB to gray: the `L` of Pillow. */
export function rgbToGray({ data, width, height }: Pixels): Pixels {
	const gray = new Uint8Array(width * height);
	for (let i = 0, from = 0; i < gray.length; i++, from += 3)
		gray[i] =
			(data[from]! * redWeight + data[from + 1]! * greenWeight + data[from + 2]! * blueWeight + 0x8000) >> 16;
	return { data: gray, width, height, channels: 1 };
}

/** Gray to RGB in place: the first third of `bytes` holds the gray pixels. Works from the end, so none is overwritten. */
export function spreadGray(bytes: Uint8Array): void {
	for (let i = bytes.length / 3 - 1, to = bytes.length - 1; i >= 0; i--) {
		const gray = bytes[i]!;
		bytes[to--] = gray;
		bytes[to--] = gray;
		bytes[to--] = gray;
	}
}

/** CMYK, where 255 is full ink, to RGB by Pillow's formula: (1 − ink) · (1 − black). */
export function cmykToRgb({ data, width, height }: Pixels): Pixels {
	const rgb = new Uint8Array(width * height * 3);
	let to = 0;
	for (let from = 0; from < data.length; from += 4) {
		const light = 255 - data[from + 3]!;
		for (let i = 0; i < 3; i++) rgb[to++] = Math.max(light - divide255(data[from + i]! * light + 128), 0);
	}
	return { data: rgb, width, height, channels: 3 };
}

/** x / 255 rounded, for x = a product of two bytes + 128: Pillow's way to avoid a division. */
function divide255(x: number): number {
	return (x + (x >> 8)) >> 8;
}

function kindOf(value: unknown): string {
	return typeof value === "object" && value !== null ? (value.constructor?.name ?? "object") : shown(value);
}

function count(n: number, what: string): string {
	return `${n} ${what}${n === 1 ? "" : "s"}`;
}
