/**
 * Resizes pictures by our own code, so that Node, browsers, Pillow and TensorFlow agree to the bit. Each framework's
 * filters have a file of their own; this file selects among them.
 */
import { MobileNetError, shown } from "../base/error.ts";
import type { Filter } from "../weights/model.ts";
import { filters } from "../weights/preprocessing.ts";
import { checkPixels, type Pixels } from "./pixels.ts";
import { type Resampling, whole } from "./resampling.ts";
import { resizeNearest, resizePillow } from "./resize-pillow.ts";
import { resizeTensorflow } from "./resize-tensorflow.ts";

/** Throws unless a value is the name of a filter. */
export function checkFilter(filter: unknown): asserts filter is Filter {
	if (!filters.some((known) => known === filter))
		throw new MobileNetError("usage", `filter must be one of ${filters.join(", ")}, not ${shown(filter)}.`);
}

/**
 * Resizes a whole picture. Results of the `tf-*` filters are rounded to bytes.
 *
 * @example
 * resize(pixels, 224, 224, "pillow-bilinear")
 */
export function resize(pixels: Pixels, width: number, height: number, filter: Filter): Pixels {
	checkFilter(filter);
	const resampling = resamplingOf(pixels, width, height);
	const data = new Uint8Array(width * height * pixels.channels);
	resizeInto(resampling, filter, data);
	return { data, width, height, channels: pixels.channels };
}

/** Writes the window's pixels, row by row, to the beginning of `into`. Arguments are not checked. */
export function resizeInto(resampling: Resampling, filter: Filter, into: Uint8Array): void {
	if (filter === "nearest") resizeNearest(resampling, into);
	else if (filter === "pillow-bilinear" || filter === "pillow-bicubic")
		resizePillow(resampling, filter, into);
	else resizeTensorflow(resampling, filter, new Uint8ClampedArray(into.buffer, into.byteOffset, into.length));
}

function resamplingOf(source: Pixels, width: number, height: number): Resampling {
	checkPixels(source);
	for (const [side, length] of Object.entries({ width, height }))
		if (!(Number.isSafeInteger(length) && length > 0))
			throw new MobileNetError(
				"usage",
				`cannot resize to a ${side} of ${shown(length)}: it must be a whole number above 0.`,
			);
	const box = whole(source.width, source.height);
	return { source, box, width, height, window: whole(width, height) };
}
