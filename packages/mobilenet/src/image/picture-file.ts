/**
 * Recognizes the format of a picture file by its first bytes, so that other files never reach a decoder and errors can
 * name the format.
 */
import { MobileNetError } from "../base/error.ts";
import type { Alpha } from "./pixels.ts";

export interface DecodeOptions {
	/** What errors call the picture: its path or address. */
	readonly name: string;
	/** How transparency is handled. Default: `white`. */
	readonly alpha?: Alpha | undefined;
	/** Checked before and after decoding, which itself cannot be interrupted. */
	readonly signal?: AbortSignal | undefined;
}

/**
 * Whether a file's name ends as those of pictures in a supported format do. Its content decides when it is decoded.
 *
 * @example
 * const pictures = (await readdir("photos")).filter(isPictureName); // ["cat.jpg", "dog.PNG"]
 */
export function isPictureName(name: string): boolean {
	return /\.(jpe?g|jfif|png|webp|gif|avif|tiff?)$/i.test(name);
}

export type PictureFormat = keyof typeof signatures;

const signatures = {
	JPEG: (bytes: Uint8Array) => begins(bytes, 0, [0xff, 0xd8, 0xff]),
	PNG: (bytes: Uint8Array) => begins(bytes, 0, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
	WebP: (bytes: Uint8Array) => says(bytes, 0, "RIFF") && says(bytes, 8, "WEBP"),
	GIF: (bytes: Uint8Array) => says(bytes, 0, "GIF87a") || says(bytes, 0, "GIF89a"),
	AVIF: (bytes: Uint8Array) => brandsOf(bytes).some((brand) => brand === "avif" || brand === "avis"),
	// Classic TIFF and BigTIFF, each in both byte orders.
	TIFF: (bytes: Uint8Array) =>
		["II*\0", "II+\0", "MM\0*", "MM\0+"].some((signature) => says(bytes, 0, signature)),
	HEIC: (bytes: Uint8Array) => brandsOf(bytes).some((brand) => heicBrands.includes(brand)),
	// Two letters are not enough to be sure, so the size of the next header must be one of BMP's as well.
	BMP: (bytes: Uint8Array) =>
		says(bytes, 0, "BM") && [12, 40, 52, 56, 64, 108, 124].some((n) => begins(bytes, 14, [n, 0, 0, 0])),
} as const;
const heicBrands = ["heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"];

/** 16383², more than any camera gives. A larger picture is a mistake or a decompression bomb. */
export const mostPixels = 0x3fff ** 2;

/**
 * Recognizes the format of a picture file.
 *
 * @throws MobileNetError `picture` if the file is empty or not a picture
 */
export function formatOf(bytes: Uint8Array, name: string): PictureFormat {
	if (bytes.length === 0)
		throw new MobileNetError("picture", `${name} is empty: expected a picture, such as a JPEG or PNG file.`);
	for (const [format, is] of Object.entries(signatures)) if (is(bytes)) return format as PictureFormat;
	throw new MobileNetError(
		"picture",
		`${name} is not a picture in a supported format: it begins with ${hexadecimal(bytes)}, which is not JPEG, PNG, WebP, GIF, AVIF or TIFF.`,
	);
}

/** Throws if a picture has too many pixels. */
export function checkPixelCount(width: number, height: number, name: string): void {
	if (width * height <= mostPixels) return;
	const millions = (pixels: number): number => Math.round(pixels / 1e6);
	throw new MobileNetError(
		"picture",
		`${name} has ${width}×${height} pixels, ${millions(width * height)} million, but at most ${millions(mostPixels)} million are supported: make it smaller first.`,
	);
}

/** The brands of an ISO base media file: the major one, a version, and compatible ones, as its `ftyp` box lists them. */
function brandsOf(bytes: Uint8Array): readonly string[] {
	if (bytes.length < 16 || !says(bytes, 4, "ftyp")) return [];
	const boxSize = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
	const brands: string[] = [];
	for (let at = 8; at + 4 <= Math.min(boxSize, bytes.length, 512); at += 4)
		brands.push(String.fromCharCode(...bytes.subarray(at, at + 4)));
	return brands;
}

function begins(bytes: Uint8Array, offset: number, expected: readonly number[]): boolean {
	return expected.every((byte, i) => bytes[offset + i] === byte);
}

function says(bytes: Uint8Array, offset: number, text: string): boolean {
	return begins(
		bytes,
		offset,
		[...text].map((letter) => letter.charCodeAt(0)),
	);
}

function hexadecimal(bytes: Uint8Array): string {
	return [...bytes.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
