/** Pictures from wherever they come: a path, an address, the bytes of a file, a blob, or raw pixels. */
import { decode } from "#decode";
import { readLocation } from "#files";
import { MobileNetError, shown } from "../base/error.ts";
import { type Alpha, checkPixels, type Pixels } from "../image/pixels.ts";

/** Anything with an `arrayBuffer()`: a `Blob` or `File` of a page, a `Response`. */
export interface BlobLike {
	readonly arrayBuffer: () => Promise<ArrayBuffer>;
}

/** What a canvas gives: RGBA. An `ImageData` of a page is one. */
export interface ImageDataLike {
	readonly data: Uint8ClampedArray;
	readonly width: number;
	readonly height: number;
}

/**
 * A picture: the path or the address of a file, the bytes of one (JPEG, PNG, WebP, GIF, AVIF, TIFF), a blob, a canvas's
 * `ImageData`, or raw pixels as `{ data, width, height, channels }`.
 */
export type PictureSource = string | URL | Uint8Array | ArrayBuffer | BlobLike | ImageDataLike | Pixels;

/**
 * The pixels of a picture, decoded where it is a file: as it is, in its own size and channels.
 *
 * @throws MobileNetError `picture` where it cannot be decoded, `not-found`, `usage`; the signal's reason
 * @example
 * const { data, width, height, channels } = await pixelsOf("photo.jpg"); // data: [height, width, channels] bytes
 */
export async function pixelsOf(
	source: PictureSource,
	options: { readonly alpha?: Alpha; readonly signal?: AbortSignal | undefined } = {},
): Promise<Pixels> {
	const { signal } = options;
	if (typeof source === "string" || source instanceof URL) {
		const name = String(source);
		return decode(await readLocation(source, signal), {
			...options,
			name: name.length > 200 ? `${name.slice(0, 197)}...` : name,
		});
	}
	const name = "the picture";
	if (source instanceof Uint8Array) return decode(source, { ...options, name });
	if (source instanceof ArrayBuffer) return decode(new Uint8Array(source), { ...options, name });
	if (typeof source === "object" && source !== null && "arrayBuffer" in source)
		return decode(new Uint8Array(await source.arrayBuffer()), { ...options, name });
	if (typeof source === "object" && source !== null && "width" in source) {
		const pixels = "channels" in source ? source : { ...imageData(source), channels: 4 };
		checkPixels(pixels);
		return pixels;
	}
	throw new MobileNetError(
		"usage",
		`a picture is a path, a URL, bytes, a blob or { data, width, height, channels }, not ${shown(source)}.`,
	);
}

/** The fields of an `ImageData` are not its own, so that spreading it would lose them. */
function imageData({ data, width, height }: ImageDataLike): ImageDataLike {
	return { data, width, height };
}

/** Pictures that are decoded before their turn, so that decoding and the network work at the same time. */
const ahead = 4;

/** One picture of many: its pixels, or why there are none. */
export type Decoded =
	| { readonly source: PictureSource; readonly pixels: Pixels }
	| { readonly source: PictureSource; readonly error: unknown };

/** The pixels of many pictures in order, a few decoded ahead. One that cannot be decoded stops no other. */
export async function* decodeAll(
	sources: Iterable<PictureSource> | AsyncIterable<PictureSource>,
	options: { readonly alpha?: Alpha; readonly signal?: AbortSignal | undefined },
): AsyncGenerator<Decoded, void, void> {
	const waiting: Promise<Decoded>[] = [];
	for await (const source of sources) {
		options.signal?.throwIfAborted();
		waiting.push(
			pixelsOf(source, options).then(
				(pixels) => ({ source, pixels }),
				(error: unknown) => ({ source, error }),
			),
		);
		if (waiting.length > ahead) yield await waiting.shift()!;
	}
	for (const decoded of waiting) yield await decoded;
}
