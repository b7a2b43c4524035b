/**
 * Turns a decoded picture into what networks see: the same crop, flip and colors in every requested size. The crop is
 * resampled directly from the picture to each size; mirroring and colors take one more pass.
 */
import { checkWhole } from "../base/check.ts";
import { MobileNetError } from "../base/error.ts";
import { prepare } from "../image/fit.ts";
import { flatten, type Pixels, rgbToGray } from "../image/pixels.ts";
import { type Rectangle, whole } from "../image/resampling.ts";
import { checkFilter, resize, resizeInto } from "../image/resize.ts";
import type { Filter, Fit } from "../weights/model.ts";
import { fieldFault } from "../weights/preprocessing.ts";
import { type Augmentation, checkAugmentation, draw } from "./augmentation.ts";
import { type Colors, colorsOf, finish, meanGray } from "./color.ts";
import { randomOf } from "./seeds.ts";

/** The input of a network. */
export interface View {
	/** Width and height, in pixels. */
	readonly size: number;
	readonly channels: number;
	readonly filter: Filter;
	readonly fit: Fit;
}

/** How to make views of pictures, as data that can be passed to a worker. */
export interface Recipe {
	readonly views: readonly View[];
	readonly augmentation: Augmentation | undefined;
	readonly seed: number;
	readonly epoch: number;
}

/** Bytes of a view. */
export function viewLength({ size, channels }: View): number {
	return size * size * channels;
}

/** @throws MobileNetError `usage` if a view or the augmentation is invalid */
export function checkRecipe({ views, augmentation }: Recipe): void {
	if (views.length === 0) throw new MobileNetError("usage", "batches need at least one view.");
	for (const { size, channels, filter, fit } of views) {
		for (const [field, value] of Object.entries({ size, channels }))
			checkWhole(`a view's ${field}`, value, 1, 65536);
		checkFilter(filter);
		const fault = fieldFault("fit", fit, channels);
		if (fault !== undefined) throw new MobileNetError("usage", `${fault}.`);
	}
	if (augmentation) checkAugmentation(augmentation);
}

/**
 * Reduces a picture before crops are taken of it if it is much larger than any view, because a crop costs as much as the
 * pixels that it covers. At twice the size of the largest view, a crop of a quarter of the area still has as many pixels
 * as the view.
 */
export function kept(pixels: Pixels, { views, augmentation }: Recipe): Pixels {
	if (!augmentation) return pixels;
	const most = 2 * Math.max(...views.map(({ size }) => size));
	const { width, height } = pixels;
	const shorter = Math.min(width, height);
	if (shorter <= most) return pixels;
	const scaled = (side: number): number => Math.max(Math.round((side * most) / shorter), 1);
	return resize(pixels, scaled(width), scaled(height), "pillow-bilinear");
}

/**
 * Writes the views of a picture, augmented by the run's seed, the epoch and the picture's number, or prepared as for
 * classification if the recipe has no augmentation.
 *
 * @param index the picture's number in its data set
 * @param into a region for each view; all of it is written
 */
export type ViewMaker = (pixels: Pixels, index: number, into: readonly Uint8Array[]) => void;

export function viewMaker({ views, augmentation, seed, epoch }: Recipe): ViewMaker {
	if (!augmentation)
		return (pixels, _index, into) => {
			for (const [v, view] of views.entries()) prepare(pixels, view, into[v]!);
		};
	// Whether the network classifies whole pictures, squeezed into a square, or undistorted parts.
	const stretched = views[0]!.fit === "stretch" || "centralFraction" in views[0]!.fit;
	const most = Math.max(...views.map(viewLength));
	const [first, second] = [new Uint8Array(most), new Uint8Array(most)];
	return (pixels, index, into) => {
		const random = randomOf(seed, epoch, index);
		const drawn = draw(augmentation, pixels.width, pixels.height, stretched, random);
		let colors: Colors | undefined;
		for (const [v, { size, channels, filter }] of views.entries()) {
			const source = withChannels(pixels, channels);
			let made = first.subarray(0, size * size * source.channels);
			const box = drawn.crop;
			resizeInto({ source, box, width: size, height: size, window: whole(size, size) }, filter, made);
			if (drawn.rotation !== 0) {
				const turned = second.subarray(0, made.length);
				rotate(made, size, source.channels, drawn.rotation, turned);
				made = turned;
			}
			// The first view's mean for all views, so that their colors agree.
			if (v === 0)
				colors = colorsOf(
					drawn.brightness,
					drawn.contrast,
					drawn.saturation,
					drawn.contrast === 1 ? 0 : meanGray(made, source.channels),
				);
			finish(made, source.channels, size, drawn.flip, colors, into[v]!);
			if (drawn.erased) erase(into[v]!, size, channels, drawn.erased);
		}
	};
}

/** Converts pixels to the network's channels; gray stays one channel for a network of three, which `finish` spreads. */
function withChannels(pixels: Pixels, channels: number): Pixels {
	if (pixels.channels === channels) return pixels;
	if (pixels.channels <= 4 && (channels === 1 || channels === 3)) {
		const opaque = flatten(pixels);
		return opaque.channels === 3 && channels === 1 ? rgbToGray(opaque) : opaque;
	}
	throw new MobileNetError(
		"picture",
		`the network takes ${channels} channels and the picture has ${pixels.channels}: pass raw pixels { data, width, height, channels: ${channels} }.`,
	);
}

/** Rotates a square about its center, bilinear, with reflected borders. */
function rotate(from: Uint8Array, size: number, channels: number, angle: number, into: Uint8Array): void {
	const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
	const middle = (size - 1) / 2;
	let o = 0;
	for (let y = 0; y < size; y++)
		for (let x = 0; x < size; x++) {
			const fromX = cos * (x - middle) + sin * (y - middle) + middle;
			const fromY = cos * (y - middle) - sin * (x - middle) + middle;
			const [left, top] = [Math.floor(fromX), Math.floor(fromY)];
			const [right, down] = [fromX - left, fromY - top];
			const [x0, x1] = [mirrored(left, size), mirrored(left + 1, size)];
			const [y0, y1] = [mirrored(top, size) * size, mirrored(top + 1, size) * size];
			for (let c = 0; c < channels; c++) {
				const above = from[(y0 + x0) * channels + c]! * (1 - right) + from[(y0 + x1) * channels + c]! * right;
				const below = from[(y1 + x0) * channels + c]! * (1 - right) + from[(y1 + x1) * channels + c]! * right;
				into[o++] = Math.floor(above * (1 - down) + below * down + 0.5);
			}
		}
}

/** Reflects a position at both ends of a side; it is outside by less than the length of the side. */
function mirrored(place: number, size: number): number {
	const inside = place < 0 ? -place - 1 : place >= size ? 2 * size - place - 1 : place;
	return Math.min(Math.max(inside, 0), size - 1);
}

/** Middle gray, the usual mean, which networks see as zero. */
const nothing = 127;

function erase(pixels: Uint8Array, size: number, channels: number, part: Rectangle): void {
	const [left, right] = [part.left, part.left + part.width].map((share) => Math.round(share * size));
	const [top, bottom] = [part.top, part.top + part.height].map((share) => Math.round(share * size));
	for (let y = top!; y < bottom!; y++)
		pixels.fill(nothing, (y * size + left!) * channels, (y * size + right!) * channels);
}
