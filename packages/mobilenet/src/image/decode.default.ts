/**
 * Decodes picture files in browsers and in other runtimes with the same interface, by the runtime's own decoder.
 * Decoders round differently: JPEG differs by a gray level or two. The version for Node is decode.node.ts (`#decode`).
 */
import { MobileNetError, messageOf } from "../base/error.ts";
import { canvasHere, drawn } from "./canvas.ts";
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
}
interface Bitmap {
	readonly width: number;
	readonly height: number;
	close(): void;
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
	const { createImageBitmap } = globalThis as Runtime;
	const canvas = canvasHere();
	if (!createImageBitmap || !canvas)
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
			return flatten(drawn(canvas, bitmap, bitmap.width, bitmap.height), alpha);
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
