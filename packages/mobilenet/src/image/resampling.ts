/**
 * What one resize is asked for. A part of a picture (the box) is brought to another size, and a part of the
 * result (the window) is computed: a crop before costs no copy, and a crop after spares the pixels that it
 * would throw away. The result of a window equals the same part of the whole result.
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
	/** The part of the source that is resized, as if the rest were not there. */
	readonly box: Rectangle;
	/** Width of the whole result, in pixels. */
	readonly width: number;
	/** Height of the whole result, in pixels. */
	readonly height: number;
	/** The part of the result that is wanted. */
	readonly window: Rectangle;
}

/** The whole of a picture or of a result. */
export function whole(width: number, height: number): Rectangle {
	return { left: 0, top: 0, width, height };
}
