/**
 * The pooled features of a data set's pictures, on which a new classifier is trained. Each picture goes through the
 * network once; other threads read and decode ahead while the network runs on this one.
 */
import { decode } from "#decode";
import { MobileNetError } from "../base/error.ts";
import type { OnProgress } from "../base/progress.ts";
import type { Dataset } from "../data/dataset.ts";
import { checkPixels, type Pixels } from "../image/pixels.ts";
import type { MobileNet } from "../model/mobilenet.ts";
import { isPool, layers } from "../network/layers.ts";

export interface EmbeddingsOptions {
	/** Whether each picture is followed by its mirror image, which makes two vectors per picture. Default: false. */
	readonly flips?: boolean | undefined;
	/** Pictures per run of the network. Default: 1. */
	readonly batch?: number | undefined;
	/** Called with the name of each picture when it is done, whether or not it could be read. */
	readonly onProgress?: OnProgress | undefined;
	/** Called with each picture that cannot be read; it is skipped. Default: the first one is an error. */
	readonly onUnreadable?: ((name: string, error: unknown) => void) | undefined;
	readonly signal?: AbortSignal | undefined;
}

/** Vectors of the pictures that could be read, in order. */
export interface Embeddings {
	/** [rows, features]. */
	readonly vectors: Float32Array;
	/** 1024 at α = 1. */
	readonly features: number;
	/** The picture's number in the data set, one per row; with `flips` each number appears twice in a row. */
	readonly indices: Int32Array;
	/** Its class, one per row; −1 if it has none. */
	readonly labels: Int32Array;
}

/**
 * Computes the pooled features of pictures of a data set.
 *
 * @param mobilenet runs as it was loaded. Load a quantized one with `arithmetic: "float"` if `withHead` will give it the
 *   new classifier, because the resulting model runs in float
 * @param indices numbers of the pictures. Default: all
 * @throws MobileNetError for the first picture that cannot be read, without `onUnreadable`; the signal's reason
 * @example
 * const { vectors, labels } = await embeddingsOf(mobilenet, dataset);
 */
export async function embeddingsOf(
	mobilenet: MobileNet,
	dataset: Dataset,
	indices: Int32Array = Int32Array.from(dataset.labels.keys()),
	options: EmbeddingsOptions = {},
): Promise<Embeddings> {
	const { flips = false, batch, onProgress, onUnreadable, signal } = options;
	const { outputChannels: features } = layers(mobilenet.configuration).find(isPool)!;
	const views = flips ? 2 : 1;
	const vectors = new Float32Array(indices.length * views * features);
	const numbers = new Int32Array(indices.length * views);
	let [rows, done] = [0, 0];

	const pictures = function* () {
		for (const index of indices) {
			const picture = once(() => pixelsOf(dataset, index, signal));
			yield { key: { index, isMirror: false }, source: picture };
			if (flips) yield { key: { index, isMirror: true }, source: async () => mirrored(await picture()) };
		}
	};
	for await (const row of mobilenet.embedEach(pictures(), { batch, signal })) {
		const { index, isMirror } = row.key;
		if (!isMirror) onProgress?.({ loaded: ++done, total: indices.length, source: dataset.nameOf(index) });
		if ("error" in row) {
			if (!onUnreadable) throw row.error;
			// Its mirror image fails with the same error.
			if (!isMirror) onUnreadable(dataset.nameOf(index), row.error);
			continue;
		}
		vectors.set(row.embedding, rows * features);
		numbers[rows++] = index;
	}
	const read = numbers.slice(0, rows);
	return {
		vectors: vectors.slice(0, rows * features),
		features,
		indices: read,
		labels: read.map((index) => dataset.labels[index]!),
	};
}

/** The left–right mirror image. */
export function mirrored({ data, width, height, channels }: Pixels): Pixels & { data: Uint8Array } {
	const mirror = new Uint8Array(data.length);
	for (let y = 0; y < height; y++)
		for (let x = 0; x < width; x++) {
			const [from, to] = [(y * width + x) * channels, (y * width + width - 1 - x) * channels];
			for (let c = 0; c < channels; c++) mirror[to + c] = data[from + c]!;
		}
	return { data: mirror, width, height, channels };
}

/** Wraps a function so that it reads once and then returns the same picture. */
function once(read: () => Promise<Pixels>): () => Promise<Pixels> {
	let picture: Promise<Pixels> | undefined;
	return () => (picture ??= read());
}

async function pixelsOf(dataset: Dataset, index: number, signal: AbortSignal | undefined): Promise<Pixels> {
	if (!(index >= 0 && index < dataset.labels.length))
		throw new MobileNetError(
			"usage",
			`there is no picture ${index}: ${dataset.name} has ${dataset.labels.length} pictures, numbered from 0.`,
		);
	const name = dataset.nameOf(index);
	const read = await dataset.read(index);
	if (read instanceof Uint8Array) return decode(read, { name, signal });
	checkPixels(read, name);
	return read;
}
