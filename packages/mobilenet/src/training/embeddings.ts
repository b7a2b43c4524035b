/**
 * The pooled features of a data set's pictures: what a new classifier learns from. Each picture goes through the
 * network once; reading and decoding run ahead on other threads while the network runs on this one.
 */
import { decode } from "#decode";
import { MobileNetError } from "../base/error.ts";
import type { OnProgress } from "../base/progress.ts";
import type { Dataset } from "../data/dataset.ts";
import { checkPixels, type Pixels } from "../image/pixels.ts";
import type { MobileNet } from "../model/mobilenet.ts";
import { layers } from "../network/layers.ts";

export interface EmbeddingsOptions {
	/** Whether each picture is followed by its mirror image: two vectors a picture. */
	readonly flips?: boolean | undefined;
	/** Pictures that go through the network at a time; 1 if not given. */
	readonly batch?: number | undefined;
	/** Called with the name of each picture that is done, whether or not it could be read. */
	readonly onProgress?: OnProgress | undefined;
	/** Called with each picture that cannot be read, which is left out. Default: the first one is an error. */
	readonly onUnreadable?: ((name: string, error: unknown) => void) | undefined;
	readonly signal?: AbortSignal | undefined;
}

/** Vectors of the pictures that could be read, in order. */
export interface Embeddings {
	/** [rows, features]. */
	readonly vectors: Float32Array;
	/** 1024 at α = 1. */
	readonly features: number;
	/** The picture's number in the data set, one a row; with `flips` each twice, one after the other. */
	readonly indices: Int32Array;
	/** Its class, one a row; −1 where it has none. */
	readonly labels: Int32Array;
}

/**
 * The pooled features of these pictures of a data set.
 *
 * @param mobilenet runs as it was loaded; for a classifier that `withHead` will put on it, a quantized one should have been
 *   loaded with `arithmetic: "float"`, for that is what the model with the new classifier runs in
 * @param indices numbers of the pictures; all if not given
 * @throws MobileNetError of the first picture that cannot be read, where no `onUnreadable` is given; the signal's reason
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
	const { outputChannels: features } = layers(mobilenet.configuration).find(({ kind }) => kind === "pool")!;
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
			// Its mirror image fails as it did.
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

/** A function that works once and gives the same picture again. */
function once(read: () => Promise<Pixels>): () => Promise<Pixels> {
	let picture: Promise<Pixels> | undefined;
	return () => (picture ??= read());
}

async function pixelsOf(dataset: Dataset, index: number, signal: AbortSignal | undefined): Promise<Pixels> {
	if (!(index >= 0 && index < dataset.labels.length))
		throw new MobileNetError(
			"usage",
			`there is no picture ${index}: ${dataset.name} has ${dataset.labels.length}.`,
		);
	const name = dataset.nameOf(index);
	const read = await dataset.read(index);
	if (read instanceof Uint8Array) return decode(read, { name, signal });
	checkPixels(read, name);
	return read;
}
