/** Pictures of a data set as `data:` URLs, to be shown in a report: small files as they are, others made smaller. */
import { decode } from "#decode";
import type { Dataset } from "../data/dataset.ts";
import { formatOf, type PictureFormat } from "../image/picture-file.ts";
import type { Pixels } from "../image/pixels.ts";
import { resize } from "../image/resize.ts";
import { encodePng } from "./png.ts";

/** Files up to so many bytes are shown as they are. */
const smallFile = 60_000;
/** The longer side of a picture that is made smaller, in pixels: twice what a report shows, for sharp screens. */
const longerSide = 320;
/** What every browser shows. */
const shownFormats: Partial<Record<PictureFormat, string>> = {
	JPEG: "image/jpeg",
	PNG: "image/png",
	WebP: "image/webp",
	GIF: "image/gif",
};

/**
 * Pictures by their numbers, each as a `data:` URL. One that cannot be read is left out.
 *
 * @example
 * const images = await thumbnailsOf(dataset, evaluation.mistakes.map(({ picture }) => picture));
 */
export async function thumbnailsOf(
	dataset: Dataset,
	pictures: readonly number[],
	{ signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<ReadonlyMap<number, string>> {
	const images = new Map<number, string>();
	for (const picture of pictures) {
		signal?.throwIfAborted();
		try {
			images.set(picture, await thumbnail(await dataset.read(picture), dataset.nameOf(picture), signal));
		} catch {
			// It was read a moment ago; the report does without.
			signal?.throwIfAborted();
		}
	}
	return images;
}

async function thumbnail(
	source: Uint8Array | Pixels,
	name: string,
	signal: AbortSignal | undefined,
): Promise<string> {
	if (!(source instanceof Uint8Array)) return pngOf(source);
	const type = shownFormats[formatOf(source, name)];
	if (type !== undefined && source.length <= smallFile) return dataUrl(type, source);
	return pngOf(await decode(source, { name, signal }));
}

function pngOf(pixels: Pixels): string {
	const { width, height } = pixels;
	const scale = Math.min(1, longerSide / Math.max(width, height));
	const side = (length: number): number => Math.max(1, Math.round(length * scale));
	const small = scale < 1 ? resize(pixels, side(width), side(height), "pillow-bilinear") : pixels;
	return dataUrl("image/png", encodePng(small));
}

function dataUrl(type: string, bytes: Uint8Array): string {
	let text = "";
	// In parts, for a call takes only so many arguments.
	for (let at = 0; at < bytes.length; at += 8192)
		text += String.fromCharCode(...bytes.subarray(at, at + 8192));
	return `data:${type};base64,${btoa(text)}`;
}
