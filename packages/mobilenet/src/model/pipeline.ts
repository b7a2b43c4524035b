/**
 * Many pictures through a network: keyed pictures in, keyed rows out, in order. While the network runs, the next pictures
 * are read and decoded. One that cannot be read becomes a row with its error, and the others continue.
 */
import type { Pixels } from "../image/pixels.ts";
import { checkBatch, type Network } from "./network.ts";
import type { PictureOptions } from "./options.ts";
import {
	type DecodingOptions,
	type KeyedPicture,
	type KeyOf,
	type Picture,
	type PictureSource,
	type Pictures,
	pixelsOf,
	type Row,
} from "./pictures.ts";
import type { Outputs } from "./runner.ts";

export interface AheadOptions extends DecodingOptions {
	/** Pictures that are decoded before their turn. Default: 4, so that all of the runtime's decoders have work. */
	readonly ahead?: number | undefined;
}

/** A picture's pixels, or why there are none. */
type Decoded<Key> = Row<Key, { readonly pixels: Pixels }>;

/** The pixels of many pictures in order, a few of them read and decoded ahead. */
export async function* decodeAhead<P extends Picture>(
	pictures: Pictures<P>,
	{ ahead = 4, ...options }: AheadOptions = {},
): AsyncGenerator<Decoded<KeyOf<P>>, void, void> {
	const decoded: Promise<Decoded<KeyOf<P>>>[] = [];
	for await (const picture of pictures) {
		options.signal?.throwIfAborted();
		const { key, source } = keyed(picture);
		decoded.push(
			pixelsOf(source, options).then(
				(pixels) => ({ key, pixels }),
				(error: unknown) => ({ key, error }),
			),
		);
		if (decoded.length > ahead) yield await decoded.shift()!;
	}
	for (const one of decoded) yield await one;
}

function keyed<P extends Picture>(picture: P): { readonly key: KeyOf<P>; readonly source: PictureSource } {
	const isKeyed = typeof picture === "object" && picture !== null && "source" in picture;
	const { source, key = source }: KeyedPicture = isKeyed ? picture : { source: picture as PictureSource };
	return { key: key as KeyOf<P>, source };
}

/**
 * Sends pictures through a network.
 *
 * @param layers whose outputs are read
 * @param read makes a picture's result from the outputs: `outputs[n][place]` is its output of layer n of `layers`
 */
export async function* rowsOf<P extends Picture, Result extends object>(
	pictures: Pictures<P>,
	{ runner, prepare, bytes, alpha }: Network,
	layers: readonly string[],
	read: (outputs: Outputs, place: number) => Result,
	{ batch = 1, signal, redirects }: PictureOptions,
): AsyncGenerator<Row<KeyOf<P>, Result>, void, void> {
	checkBatch(batch);
	const run = async (group: readonly Decoded<KeyOf<P>>[]): Promise<Row<KeyOf<P>, Result>[]> => {
		signal?.throwIfAborted();
		/** Each picture's place in the batch, or why it has none. */
		const places: (number | { readonly error: unknown })[] = [];
		const fill = (region: Uint8Array): number => {
			let count = 0;
			for (const decoded of group)
				try {
					if ("error" in decoded) throw decoded.error;
					prepare(decoded.pixels, region.subarray(count * bytes, (count + 1) * bytes));
					places.push(count++);
				} catch (error) {
					places.push({ error });
				}
			return count;
		};
		const outputs = await runner.run({ batch, input: fill, layers });
		return group.map(({ key }, n) => {
			const place = places[n]!;
			return typeof place === "number" ? { key, ...read(outputs, place) } : { key, error: place.error };
		});
	};

	await runner.reserve(batch, layers);
	let group: Decoded<KeyOf<P>>[] = [];
	// The next batch is decoded while this one runs.
	for await (const decoded of decodeAhead(pictures, {
		ahead: Math.max(4, batch),
		alpha,
		signal,
		redirects,
	})) {
		group.push(decoded);
		if (group.length < batch) continue;
		yield* await run(group);
		group = [];
	}
	if (group.length > 0) yield* await run(group);
}
