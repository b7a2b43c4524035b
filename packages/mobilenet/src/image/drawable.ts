/**
 * Pictures that a page shows: what a canvas can draw. They are told by their fields, for the package is compiled without
 * the DOM's types; `#decode` has what makes pixels of them.
 */

/** An `ImageBitmap`, a `VideoFrame`, a canvas, an `OffscreenCanvas`, a video or an image of a page. */
export type Drawable =
	| { readonly width: number; readonly height: number; readonly close: () => void }
	| { readonly displayWidth: number; readonly displayHeight: number; readonly close: () => void }
	| { readonly width: number; readonly height: number; readonly getContext: (...kind: never[]) => unknown }
	| { readonly videoWidth: number; readonly videoHeight: number; readonly readyState: number }
	| { readonly naturalWidth: number; readonly naturalHeight: number };

export function isDrawable(source: object): source is Drawable {
	return ["close", "getContext", "videoWidth", "naturalWidth"].some((field) => field in source);
}

/** Width and height in pixels; 0 where there is no picture yet. */
export function drawableSize(drawable: Drawable): readonly [width: number, height: number] {
	// A video knows its size before it has its first picture.
	if ("videoWidth" in drawable)
		return drawable.readyState < 2 ? [0, 0] : [drawable.videoWidth, drawable.videoHeight];
	if ("displayWidth" in drawable) return [drawable.displayWidth, drawable.displayHeight];
	if ("naturalWidth" in drawable) return [drawable.naturalWidth, drawable.naturalHeight];
	return [drawable.width, drawable.height];
}
