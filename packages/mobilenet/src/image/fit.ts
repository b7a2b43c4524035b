/**
 * How a picture of any shape becomes the network's square: the three fits, and `prepare`, which goes the whole way from
 * pixels to the network's bytes.
 */
import { MobileNetError } from "../base/error.ts";
import type { Filter, Fit } from "../weights/model.ts";
import { type Alpha, checkPixels, flatten, type Pixels, rgbToGray, spreadGray } from "./pixels.ts";
import { type Rectangle, whole } from "./resampling.ts";
import { resizeInto } from "./resize.ts";

/** Positions in a resized picture are 32-bit integers. */
const longestSide = 2 ** 31 - 1;

export interface Preparation {
	/** Width and height of the network's input, in pixels. */
	readonly size: number;
	/** Channels of the network's input. */
	readonly channels: number;
	readonly filter: Filter;
	readonly fit: Fit;
	/** What becomes of transparency; `white` if not given. */
	readonly alpha?: Alpha | undefined;
}

/**
 * Makes the network's pixels of a picture's and writes them to `into`: size × size × channels bytes, row after
 * row, channels side by side. Transparency goes first, then the channels become the network's, then the
 * picture is resized: the order of Python's `picture.convert("RGB").resize(…)`.
 *
 * @param preparation Checked where it came from, once for all pictures: filter and fit are not looked at again here.
 * @param into A region of exactly that many bytes, such as the engine's. It is written whole.
 */
export function prepare(pixels: Pixels, preparation: Preparation, into: Uint8Array): void {
	const { size, channels, filter, fit, alpha = "white" } = preparation;
	checkPixels(pixels);
	if (into.length !== size * size * channels)
		throw new MobileNetError(
			"usage",
			`${size}×${size} pixels of ${channels} channels need a region of ${size * size * channels} bytes, not ${into.length}.`,
		);
	const source = withChannels(pixels, channels, alpha);
	// Gray is resized once and spread at the end: its three channels would come out alike.
	const spread = source.channels === 1 && channels === 3;
	resizeToFit(source, size, filter, fit, spread ? into.subarray(0, size * size) : into);
	if (spread) spreadGray(into);
}

/** Pixels with the network's channels, or with one where it takes three. */
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

/** As `tf.image.central_crop` rounds. */
function centralBox(width: number, height: number, fraction: number): Rectangle {
	const left = Math.trunc((width - width * fraction) / 2);
	const top = Math.trunc((height - height * fraction) / 2);
	return { left, top, width: width - 2 * left, height: height - 2 * top };
}

/** torchvision's `Resize(shorterSide)` and `CenterCrop(size)`: what the crop throws away is not computed. */
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

	// The crop reaches over the picture: zeros around it.
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

/** Which part of a side of `length` pixels a center crop of `size` keeps, and how many zeros come before it. */
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
