/**
 * Decodes picture files in Node by sharp, an optional package that is imported when first used. Pixels equal Pillow's
 * for the formats where decoders agree (JPEG, PNG, WebP, GIF, TIFF). The version for browsers and other runtimes is
 * decode.default.ts (`#decode`).
 */
import type { SharpOptions } from "sharp";
import { MobileNetError, messageOf } from "../base/error.ts";
import {
	checkPixelCount,
	type DecodeOptions,
	formatOf,
	mostPixels,
	type PictureFormat,
} from "./picture-file.ts";
import { checkAlpha, cmykToRgb, flatten, type Pixels } from "./pixels.ts";

const options = {
	autoOrient: true,
	// Like Pillow, which takes colors as they are in the file.
	ignoreIcc: true,
	// Like Pillow, this refuses truncated and damaged files and ignores warnings. The laxer level reads half a TIFF;
	// the stricter one refuses intact pictures because of a checksum or an unknown tag.
	failOn: "error",
	limitInputPixels: mostPixels,
} satisfies SharpOptions;

/**
 * Decodes a JPEG, PNG, WebP, GIF (first frame), AVIF or TIFF file to one or three channels, rotated by its EXIF
 * orientation, with transparency laid on a background and 16 bits truncated to 8.
 *
 * @throws MobileNetError `picture` if the file cannot be decoded, `unsupported` if sharp cannot be imported
 * @example
 * const pixels = await decode(await readFile("photo.jpg"), { name: "photo.jpg" });
 */
export async function decode(
	bytes: Uint8Array,
	{ name, alpha = "white", signal }: DecodeOptions,
): Promise<Pixels> {
	signal?.throwIfAborted();
	checkAlpha(alpha);
	const format = formatOf(bytes, name);
	if (format === "HEIC" || format === "BMP")
		throw new MobileNetError(
			"picture",
			`${name} is a ${format} file, which is not supported: convert it to JPEG or PNG.`,
		);
	const sharp = await importSharp(name);
	const attempt = async <T>(result: Promise<T>): Promise<T> => {
		try {
			return await result;
		} catch (error) {
			throw damaged(name, format, error);
		} finally {
			signal?.throwIfAborted();
		}
	};

	// The header says how large the picture is, before memory is allocated for it.
	const header = await attempt(sharp(bytes, { ...options, limitInputPixels: false }).metadata());
	checkPixelCount(header.width, header.height, name);
	if (header.depth !== "uchar" && header.depth !== "ushort")
		throw new MobileNetError(
			"picture",
			`${name} has pixels of type ${header.depth}: expected 8 or 16 bits per channel; convert it.`,
		);
	const picture = sharp(bytes, options);
	if (header.space === "cmyk") picture.pipelineColorspace("cmyk").toColorspace("cmyk");
	// 16-bit gray is decoded as RGB: sharp rounds gray to 8 bits but truncates RGB.
	else if (header.space === "b-w" && !header.hasAlpha) picture.toColorspace("b-w");
	const { data, info } = await attempt(picture.raw().toBuffer({ resolveWithObject: true }));

	const { width, height, channels } = info;
	const pixels = { data: new Uint8Array(data.buffer, data.byteOffset, data.length), width, height, channels };
	if (header.space !== "cmyk") return flatten(pixels, alpha);
	if (channels === 4) return cmykToRgb(pixels);
	throw new MobileNetError(
		"picture",
		`${name} has ${channels} ink channels, and only CMYK without transparency is supported: convert it to RGB.`,
	);
}

async function importSharp(name: string): Promise<typeof import("sharp")["default"]> {
	try {
		return (await import("sharp")).default;
	} catch (error) {
		const missing = error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND";
		// The first line of sharp's message says what is wrong; many lines of advice follow.
		const why = missing ? "it is not installed" : String(error).split("\n", 1)[0];
		throw new MobileNetError(
			"unsupported",
			`${name} cannot be decoded without the package sharp (${why}): run "npm install sharp", or pass raw pixels { data, width, height, channels }.`,
			{ cause: error },
		);
	}
}

function damaged(name: string, format: PictureFormat, error: unknown): MobileNetError {
	return new MobileNetError(
		"picture",
		`${name} cannot be decoded as ${format} (${messageOf(error)}): it is damaged or cut short.`,
		{ cause: error },
	);
}
