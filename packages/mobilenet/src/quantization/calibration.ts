/**
 * What a network in float does with the calibration pictures: a histogram of what each layer gives out, and the mean of
 * it over the pictures.
 */
import { MobileNetError } from "../base/error.ts";
import { pauses } from "../base/pauses.ts";
import { createExecutor } from "../engine/executor.ts";
import { inferencePlan } from "../engine/plans/inference.ts";
import { prepare } from "../image/fit.ts";
import type { LoadedBuild } from "../kernels/walker.ts";
import type { KeyOf, Picture, Pictures } from "../model/pictures.ts";
import { decodeAhead } from "../model/pipeline.ts";
import { layers } from "../network/layers.ts";
import type { Model } from "../weights/model.ts";
import { histogram, type Seen } from "./histogram.ts";
import { networkChannels } from "./pixel-codes.ts";

/** What a layer gave out. */
export interface Observed {
	readonly seen: Seen;
	/** The mean over the first pictures, [outputSize, outputSize, outputChannels]. */
	readonly mean: Float32Array;
}

/** What the network took and what every layer gave out. */
export interface Observation {
	/** The mean of the normalized input over the first pictures, [size, size, inputChannels] in the network's order. */
	readonly inputMean: Float32Array;
	/** By the layer's name. */
	readonly layers: ReadonlyMap<string, Observed>;
}

export interface ObservationOptions {
	/** So many of the pictures, from the first one, make the means; the histograms are of all. */
	readonly meanPictures: number;
	readonly signal?: AbortSignal | undefined;
	readonly onPicture: (done: number) => void;
}

/** What a network makes of a prepared picture: gives what each layer gave out, until the next picture. */
export type RunningNetwork = (pixels: Uint8Array) => (layer: string) => Float32Array;

/** How pictures are gone through. */
export interface PictureOptions<Key> {
	readonly signal?: AbortSignal | undefined;
	/** Called with each picture that cannot be read, which is left out. Default: the first one is an error. */
	readonly onUnreadable?: ((key: Key, error: unknown) => void) | undefined;
}

/** A network of float32 without batch norm, every layer of which can be read. */
export function floatNetwork(folded: Model, loaded: LoadedBuild): RunningNetwork {
	const keep = layers(folded.configuration).map(({ name }) => name);
	const plan = inferencePlan(folded, { build: loaded.build, batch: 1, keep });
	const executor = createExecutor(plan, folded, loaded);
	return (pixels) => {
		executor.pixels.set(pixels);
		executor.run("bytes", 1);
		return (layer) => executor.read(layer, 0);
	};
}

/** Pictures as a network takes them, size² · channels bytes each, with their keys. */
export async function* preparedPictures<P extends Picture>(
	pictures: Pictures<P>,
	{ configuration: { size, inputChannels: channels }, preprocessing: { filter, fit } }: Model,
	{ signal, onUnreadable }: PictureOptions<KeyOf<P>>,
): AsyncGenerator<{ readonly key: KeyOf<P>; readonly pixels: Uint8Array }, void, void> {
	for await (const decoded of decodeAhead(pictures, { signal })) {
		const pixels = new Uint8Array(size * size * channels);
		try {
			if ("error" in decoded) throw decoded.error;
			prepare(decoded.pixels, { size, channels, filter, fit }, pixels);
		} catch (error) {
			if (!onUnreadable) throw error;
			onUnreadable(decoded.key, error);
			continue;
		}
		yield { key: decoded.key, pixels };
	}
}

/**
 * What every layer gives out on prepared pictures.
 *
 * @param folded a network of float32 without batch norm
 * @throws MobileNetError `broken-file` where that is not finite
 */
export async function observe(
	folded: Model,
	pictures: readonly Uint8Array[],
	loaded: LoadedBuild,
	{ meanPictures, signal, onPicture }: ObservationOptions,
): Promise<Observation> {
	const run = floatNetwork(folded, loaded);
	const table = layers(folded.configuration);
	const gathered = table.map(({ name, outputSize, outputChannels }) => ({
		name,
		numbers: histogram(),
		sum: new Float64Array(outputSize ** 2 * outputChannels),
	}));
	const pause = pauses(signal);
	const pixelSum = new Float64Array(pictures[0]?.length ?? 0);
	for (const [n, pixels] of pictures.entries()) {
		const read = run(pixels);
		for (const { name, numbers, sum } of gathered) {
			const values = read(name);
			if (!numbers.add(values))
				throw new MobileNetError(
					"broken-file",
					`the layer ${name} gives out numbers that are not finite on calibration picture ${n + 1}: the weights are broken.`,
				);
			if (n < meanPictures) addTo(sum, values);
		}
		if (n < meanPictures) addTo(pixelSum, pixels);
		onPicture(n + 1);
		await pause();
	}
	const count = Math.min(meanPictures, pictures.length);
	return {
		inputMean: normalized(
			pixelSum.map((sum) => sum / count),
			folded,
		),
		layers: new Map(
			gathered.map(({ name, numbers, sum }) => [
				name,
				{ seen: numbers.seen(), mean: Float32Array.from(sum, (x) => x / count) },
			]),
		),
	};
}

/** (pixel − mean) / std for every channel, in the network's order. */
function normalized(pixels: Float64Array, { configuration, preprocessing }: Model): Float32Array {
	const { mean, std } = preprocessing;
	const channels = networkChannels(configuration.inputChannels, preprocessing.channelOrder);
	const result = new Float32Array(pixels.length);
	for (let i = 0; i < pixels.length; i += channels.length)
		for (const [c, from] of channels.entries()) result[i + c] = (pixels[i + from]! - mean[c]!) / std[c]!;
	return result;
}

function addTo(sum: Float64Array, values: ArrayLike<number>): void {
	for (let i = 0; i < sum.length; i++) sum[i]! += values[i]!;
}
