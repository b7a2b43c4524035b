/**
 * How a picture of any shape becomes the network's square: the three fits, their spelling on the command line, and
 * `prepare`, which turns decoded pixels into the network's input bytes.
 */
import { MobileNetError } from "../base/error.ts";
import type { Filter, Fit } from "../weights/model.ts";
import { type Alpha, checkPixels, flatten, type Pixels, rgbToGray, spreadGray } from "./pixels.ts";
import { type Rectangle, whole } from "./resampling.ts";
import { resizeInto } from "./resize.ts";

/** Positions in a resized picture must fit in 32-bit integers. */
const longestSide = 2 ** 31 - 1;

export interface Preparation {
	/** Width and height of the network's input, in pixels. */
	readonly size: number;
	/** Channels of the network's input. */
	readonly channels: number;
	readonly filter: Filter;
	readonly fit: Fit;
	/** How transparency is handled. Default: `white`. */
	readonly alpha?: Alpha | undefined;
}

/**
 * Writes the network's input for a picture to `into`: size × size × channels bytes, row by row, channels interleaved.
 * Transparency is removed first, then channels are converted, then the picture is resized, in the order of Python's
 * `picture.convert("RGB").resize(…)`.
 *
 * @param into a region of exactly that many bytes, such as the engine's; all of it is written
 * @throws MobileNetError `picture` if the picture's channels cannot be converted, `usage` for an invalid filter, fit or
 *   region
 */
export function prepare(pixels: Pixels, preparation: Preparation, into: Uint8Array): void {
	const { size, channels, filter, fit, alpha = "white" } = preparation;
	checkPixels(pixels);
	if (into.length !== size * size * channels)
		throw new MobileNetError(
			"usage",
			`the region must have ${size * size * channels} bytes for ${size}×${size} pixels of ${channels} channels, not ${into.length}.`,
		);
	const source = withChannels(pixels, channels, alpha);
	// Gray is resized once and spread to three channels at the end, since they would all be equal.
	const spread = source.channels === 1 && channels === 3;
	resizeToFit(source, size, filter, fit, spread ? into.subarray(0, size * size) : into);
	if (spread) spreadGray(into);
}

/** Converts pixels to the network's channels; gray stays one channel even for a network of three. */
function withChannels(pixels: Pixels, channels: number, alpha: Alpha): Pixels {
	if (pixels.channels === channels) return pixels;
	if (pixels.channels <= 4 && (channels === 1 || channels === 3)) {
		const opaque = flatten(pixels, alpha);
		return opaque.channels === 3 && channels === 1 ? rgbToGray(opaque) : opaque;
	}
	throw new MobileNetError(
		"picture",
		`the network takes ${channels} channels and the picture has ${pixels.channels}: pass raw pixels { data, width, height, channels: ${channels} }.`,
	);
}

function resizeToFit(source: Pixels, size: number, filter: Filter, fit: Fit, into: Uint8Array): void {
	const { width, height } = source;
	if (fit === "stretch") {
		const box = whole(width, height);
		resizeInto({ source, box, width: size, height: size, window: whole(size, size) }, filter, into);
	} else if ("centralFraction" in fit) {
		const box = centralBox(width, height, fit.centralFraction);
		resizeInto({ source, box, width: size, height: size, window: whole(size, size) }, filter, into);
	} else {
		resizeAndCrop(source, size, filter, fit.shorterSide, into);
	}
}

/** Rounds like `tf.image.central_crop`. */
function centralBox(width: number, height: number, fraction: number): Rectangle {
	const left = Math.trunc((width - width * fraction) / 2);
	const top = Math.trunc((height - height * fraction) / 2);
	return { left, top, width: width - 2 * left, height: height - 2 * top };
}

/** torchvision's `Resize(shorterSide)` and `CenterCrop(size)`, without computing what the crop discards. */
function resizeAndCrop(
	source: Pixels,
	size: number,
	filter: Filter,
	shorterSide: number,
	into: Uint8Array,
): void {
	const { width, height, channels } = source;
	const longerSide = Math.trunc((shorterSide * Math.max(width, height)) / Math.min(width, height));
	if (longerSide > longestSide)
		throw new MobileNetError(
			"picture",
			`a picture of ${width}×${height} pixels cannot be resized to a shorter side of ${shorterSide}: its longer side would be ${longerSide}.`,
		);
	const [newWidth, newHeight] = width <= height ? [shorterSide, longerSide] : [longerSide, shorterSide];
	const across = centralPart(newWidth, size);
	const down = centralPart(newHeight, size);
	const window = { left: across.from, top: down.from, width: across.length, height: down.length };
	const job = { source, box: whole(width, height), width: newWidth, height: newHeight, window };
	if (window.width === size && window.height === size) {
		resizeInto(job, filter, into);
		return;
	}

	// The crop is larger than the picture: zeros surround it.
	const part = new Uint8Array(window.width * window.height * channels);
	resizeInto(job, filter, part);
	into.fill(0);
	const length = window.width * channels;
	for (let y = 0; y < window.height; y++)
		into.set(
			part.subarray(y * length, (y + 1) * length),
			((down.before + y) * size + across.before) * channels,
		);
}

/** Which part of a side of `length` pixels a center crop of `size` keeps, and how many zeros precede it. */
function centralPart(length: number, size: number): { from: number; length: number; before: number } {
	if (size > length) return { from: 0, length, before: Math.floor((size - length) / 2) };
	return { from: roundHalfEven((length - size) / 2), length: size, before: 0 };
}

/** Python's `round`. */
function roundHalfEven(x: number): number {
	const floor = Math.floor(x);
	const isHalf = x - floor === 0.5;
	return isHalf ? floor + (floor % 2) : Math.round(x);
}
