/**
 * Pictures that a page shows: what a canvas can draw. They are recognized by their fields, since the package is compiled
 * without the DOM's types.
 */
import { MobileNetError, messageOf } from "../base/error.ts";
import { canvasHere, drawn } from "./canvas.ts";
import { checkPixelCount } from "./picture-file.ts";
import type { Pixels } from "./pixels.ts";

/** An `ImageBitmap`, a `VideoFrame`, a canvas, an `OffscreenCanvas`, a video or an image of a page. */
export type Drawable =
	| { readonly width: number; readonly height: number; readonly close: () => void }
	| { readonly displayWidth: number; readonly displayHeight: number; readonly close: () => void }
	| { readonly width: number; readonly height: number; readonly getContext: (...kind: never[]) => unknown }
	| { readonly videoWidth: number; readonly videoHeight: number; readonly readyState: number }
	| { readonly naturalWidth: number; readonly naturalHeight: number };

/**
 * The pixels of what a page shows, as it looks now: RGBA.
 *
 * @throws MobileNetError of code `picture` if there is nothing to be seen or the page may not look at it, `unsupported`
 *   if the runtime has no canvas.
 */
export function pixelsOfDrawable(drawable: Drawable): Pixels {
	const [width, height] = drawableSize(drawable);
	const canvas = canvasHere();
	if (!canvas)
		throw new MobileNetError(
			"unsupported",
			"the picture cannot be drawn here: this runtime has no OffscreenCanvas; pass raw pixels { data, width, height, channels }.",
		);
	if (!(width > 0 && height > 0))
		throw new MobileNetError(
			"picture",
			"the picture has no pixels: it is not loaded yet, or it was closed; wait until it can be seen.",
		);
	checkPixelCount(width, height, "the picture");
	try {
		return drawn(canvas, drawable, width, height);
	} catch (error) {
		throw new MobileNetError("picture", `the picture cannot be drawn and looked at (${messageOf(error)}).`, {
			cause: error,
		});
	}
}

/** Width and height in pixels; 0 where there is no picture yet. */
function drawableSize(drawable: Drawable): readonly [width: number, height: number] {
	// A video knows its size before it has its first picture.
	if ("videoWidth" in drawable)
		return drawable.readyState < 2 ? [0, 0] : [drawable.videoWidth, drawable.videoHeight];
	if ("displayWidth" in drawable) return [drawable.displayWidth, drawable.displayHeight];
	if ("naturalWidth" in drawable) return [drawable.naturalWidth, drawable.naturalHeight];
	return [drawable.width, drawable.height];
}
