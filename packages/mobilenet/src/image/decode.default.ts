/**
 * Decodes picture files in browsers and in other runtimes with the same interface, by the runtime's own decoder.
 * Decoders round differently: JPEG differs by a gray level or two. The version for Node is decode.node.ts (`#decode`).
 */
import { MobileNetError, messageOf } from "../base/error.ts";
import { type Drawable, drawableSize } from "./drawable.ts";
import { checkPixelCount, type DecodeOptions, formatOf } from "./picture-file.ts";
import { checkAlpha, flatten, type Pixels } from "./pixels.ts";

/** The parts of the runtime that are used here; the package is compiled without the DOM's types. */
interface Runtime {
	readonly createImageBitmap?: (
		file: Blob,
		options: {
			readonly colorSpaceConversion: "none";
			readonly premultiplyAlpha: "none";
			readonly imageOrientation: "from-image";
		},
	) => Promise<Bitmap>;
	readonly OffscreenCanvas?: new (
		width: number,
		height: number,
	) => { getContext(kind: "2d", options: { readonly willReadFrequently: true }): Context | null };
}
interface Bitmap {
	readonly width: number;
	readonly height: number;
	close(): void;
}
interface Context {
	drawImage(picture: Drawable, x: number, y: number, width: number, height: number): void;
	getImageData(x: number, y: number, width: number, height: number): { readonly data: Uint8ClampedArray };
}

/**
 * Decodes a picture file to three channels, rotated by its EXIF orientation, with transparency laid on a background. A
 * canvas stores colors multiplied by their opacity, so the colors of fully transparent pixels are lost: with `drop` they
 * are black here.
 *
 * @throws MobileNetError `picture` if the file cannot be decoded, `unsupported` if the runtime has no decoder
 */
export async function decode(
	bytes: Uint8Array,
	{ name, alpha = "white", signal }: DecodeOptions,
): Promise<Pixels> {
	signal?.throwIfAborted();
	checkAlpha(alpha);
	const format = formatOf(bytes, name);
	const { createImageBitmap, OffscreenCanvas } = globalThis as Runtime;
	if (!createImageBitmap || !OffscreenCanvas)
		throw new MobileNetError(
			"unsupported",
			`${name} cannot be decoded: this runtime lacks createImageBitmap or OffscreenCanvas; pass raw pixels { data, width, height, channels }.`,
		);
	try {
		const file = new Blob([bytes as Uint8Array<ArrayBuffer>], { type: `image/${format.toLowerCase()}` });
		const bitmap = await createImageBitmap(file, {
			colorSpaceConversion: "none",
			premultiplyAlpha: "none",
			imageOrientation: "from-image",
		});
		try {
			signal?.throwIfAborted();
			checkPixelCount(bitmap.width, bitmap.height, name);
			return flatten(drawn(OffscreenCanvas, bitmap, bitmap.width, bitmap.height), alpha);
		} finally {
			bitmap.close();
		}
	} catch (error) {
		signal?.throwIfAborted();
		if (error instanceof MobileNetError) throw error;
		throw new MobileNetError(
			"picture",
			`${name} cannot be decoded as ${format} (${messageOf(error)}): it is damaged, or this runtime does not support ${format}; JPEG and PNG work everywhere.`,
			{ cause: error },
		);
	}
}

/**
 * The pixels of what a page shows, as it looks now: RGBA.
 *
 * @throws MobileNetError of code `picture` if there is nothing to be seen or the page may not look at it, `unsupported`
 *   if the runtime has no canvas.
 */
export function pixelsOfDrawable(drawable: Drawable): Pixels {
	const [width, height] = drawableSize(drawable);
	const { OffscreenCanvas } = globalThis as Runtime;
	if (!OffscreenCanvas)
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
		return drawn(OffscreenCanvas, drawable, width, height);
	} catch (error) {
		throw new MobileNetError("picture", `the picture cannot be drawn and looked at (${messageOf(error)}).`, {
			cause: error,
		});
	}
}

function drawn(
	OffscreenCanvas: NonNullable<Runtime["OffscreenCanvas"]>,
	picture: Drawable,
	width: number,
	height: number,
): Pixels {
	const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
	if (!context) throw new Error("there is no canvas of that size");
	context.drawImage(picture, 0, 0, width, height);
	const { data } = context.getImageData(0, 0, width, height);
	return { data, width, height, channels: 4 };
}
