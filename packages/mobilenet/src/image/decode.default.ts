/**
 * Picture files to pixels in browsers and other runtimes with their interface, by the runtime's own decoder. Its
 * twin is decode.node.ts; `#decode` picks one. Decoders differ by rounding: JPEG by a gray level or two.
 */
import { MobileNetError, messageOf } from "../base/error.ts";
import { type Drawable, drawableSize } from "./drawable.ts";
import { checkPixelCount, type DecodeOptions, formatOf } from "./picture-file.ts";
import { checkAlpha, flatten, type Pixels } from "./pixels.ts";

/** What is used of the runtime, declared here alone: the package is compiled without the DOM's types. */
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
 * The pixels of a picture file that the runtime can decode: three channels, upright as its EXIF orientation
 * says, transparency laid on a background. A canvas keeps colors multiplied by their opacity, so those of a wholly
 * transparent pixel are gone: with `drop` they are black here.
 *
 * @throws MobileNetError of code `picture` if it cannot be decoded, `unsupported` if the runtime has no decoder.
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
			`${name} cannot be decoded here: this runtime has no createImageBitmap and OffscreenCanvas; pass raw pixels { data, width, height, channels }.`,
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
			`${name} cannot be decoded as ${format} (${messageOf(error)}): it is damaged, or this runtime does not read ${format}; JPEG and PNG are read everywhere.`,
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
