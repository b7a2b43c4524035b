/** Pictures from any source: a path, a URL, the bytes of a file, a blob, or raw pixels. */
import { decode } from "#decode";
import { readLocation } from "#files";
import { MobileNetError, shown, shownLocation } from "../base/error.ts";
import type { Drawable } from "../image/drawable.ts";
import { type Alpha, checkPixels, type Pixels } from "../image/pixels.ts";

/** Anything with an `arrayBuffer()`: a `Blob` or `File` of a page, a `Response`. */
export interface BlobLike {
	readonly arrayBuffer: () => Promise<ArrayBuffer>;
}

/** Pixels of a canvas: RGBA. An `ImageData` is one. */
export interface ImageDataLike {
	readonly data: Uint8ClampedArray;
	readonly width: number;
	readonly height: number;
}

/** A picture, or where to read it from. */
export type ReadyPicture =
	| string
	| URL
	| Uint8Array
	| ArrayBuffer
	| BlobLike
	| ImageDataLike
	| Pixels
	| Drawable;

/**
 * A picture: the path or the URL of a file, the bytes of one (JPEG, PNG, WebP, GIF, AVIF, TIFF), a blob, a canvas's
 * `ImageData`, or raw pixels as `{ data, width, height, channels }`; in browsers also an `ImageBitmap`, a `VideoFrame`, a
 * canvas, a video or an image, as it looks when its turn comes. A function that gives one of these is called shortly before
 * the picture's turn, so a long list of pictures need not be in memory.
 */
export type PictureSource = ReadyPicture | (() => ReadyPicture | Promise<ReadyPicture>);

/** A picture with a key, which comes back with its row. */
export interface KeyedPicture<Key = unknown> {
	/** Anything that identifies the picture. Default: the source itself. */
	readonly key?: Key | undefined;
	readonly source: PictureSource;
}

/** One of many pictures: its source alone, or with a key. */
export type Picture = PictureSource | KeyedPicture;

/** Many pictures: a list, or anything that can be iterated. */
export type Pictures<P extends Picture> = Iterable<P> | AsyncIterable<P>;

/** The key of a picture's row: the picture's key or, without one, its source. */
export type KeyOf<P> = P extends { readonly source: infer Source }
	? "key" extends keyof P
		? P extends { readonly key: infer Key }
			? Key
			: P extends { readonly key?: infer Key }
				? Exclude<Key, undefined> | Source
				: never
		: Source
	: P;

/** What becomes of one picture. */
export type Row<Key, Result> =
	| ({ readonly key: Key } & Result)
	| { readonly key: Key; readonly error: unknown };

/** How a picture becomes pixels. */
export interface DecodingOptions {
	/** What transparency is laid on. Default: white. */
	readonly alpha?: Alpha | undefined;
	readonly signal?: AbortSignal | undefined;
	/** How many redirects of an address are followed. Default: none. */
	readonly redirects?: number | undefined;
}

/**
 * The pixels of a picture, decoded if it is a file, in its own size and channels.
 *
 * @throws MobileNetError `picture` if it cannot be decoded, `not-found`, `usage`; the signal's reason
 * @example
 * const { data, width, height, channels } = await pixelsOf("photo.jpg"); // data: [height, width, channels] bytes
 */
export async function pixelsOf(source: PictureSource, options: DecodingOptions = {}): Promise<Pixels> {
	const { signal, redirects = 0 } = options;
	const picture = typeof source === "function" ? await source() : source;
	if (typeof picture === "string" || picture instanceof URL) {
		return decode(await readLocation(picture, { signal, redirects }), {
			...options,
			name: shownLocation(picture),
		});
	}
	const name = "the picture";
	if (picture instanceof Uint8Array) return decode(picture, { ...options, name });
	if (picture instanceof ArrayBuffer) return decode(new Uint8Array(picture), { ...options, name });
	if (typeof picture === "object" && picture !== null && "arrayBuffer" in picture)
		return decode(new Uint8Array(await picture.arrayBuffer()), { ...options, name });
	if (typeof picture === "object" && picture !== null && isDrawable(picture)) {
		const { pixelsOfDrawable } = await import("../image/drawable.ts");
		return pixelsOfDrawable(picture);
	}
	if (typeof picture === "object" && picture !== null && "width" in picture) {
		const pixels = "channels" in picture ? picture : { ...imageData(picture), channels: 4 };
		checkPixels(pixels);
		return pixels;
	}
	throw new MobileNetError(
		"usage",
		`a picture is a path, a URL, bytes, a blob or { data, width, height, channels }, not ${shown(picture)}.`,
	);
}

/** The fields of an `ImageData` are inherited, so spreading it would lose them. */
function imageData({ data, width, height }: ImageDataLike): ImageDataLike {
	return { data, width, height };
}

/** What a page shows is recognized by its fields: a bitmap or a video frame, a canvas, a video, an image. */
function isDrawable(source: object): source is Drawable {
	return ["close", "getContext", "videoWidth", "naturalWidth"].some((field) => field in source);
}
