/**
 * The parameters of one resize. A part of a picture (the box) is resized, and only a part of the result (the window) is
 * computed: cropping before needs no copy, and cropping after does not compute the pixels that it would discard. A
 * window equals the same part of the full result.
 */
import type { Pixels } from "./pixels.ts";

/** A rectangle in whole pixels. */
export interface Rectangle {
	readonly left: number;
	readonly top: number;
	readonly width: number;
	readonly height: number;
}

export interface Resampling {
	readonly source: Pixels;
	/** The part of the source that is resized, as if the rest did not exist. */
	readonly box: Rectangle;
	/** Width of the full result, in pixels. */
	readonly width: number;
	/** Height of the full result, in pixels. */
	readonly height: number;
	/** The part of the result that is wanted. */
	readonly window: Rectangle;
}

/** The rectangle of a whole picture. */
export function whole(width: number, height: number): Rectangle {
	return { left: 0, top: 0, width, height };
}
