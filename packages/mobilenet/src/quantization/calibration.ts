/**
 * Observes a float network on the calibration pictures: a histogram of each layer's output, and its mean over the pictures.
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

/** The observed output of a layer. */
export interface Observed {
	readonly seen: Seen;
	/** The mean output over the first pictures, [outputSize, outputSize, outputChannels]. */
	readonly mean: Float32Array;
}

/** The observed input of the network and output of every layer. */
export interface Observation {
	/** The mean of the normalized input over the first pictures, [size, size, inputChannels] in the network's order. */
	readonly inputMean: Float32Array;
	/** By name of the layer. */
	readonly layers: ReadonlyMap<string, Observed>;
}

export interface ObservationOptions {
	/** The means are over this many of the first pictures; the histograms are of all. */
	readonly meanPictures: number;
	readonly signal?: AbortSignal | undefined;
	readonly onPicture: (done: number) => void;
}

/** Runs a network on a prepared picture. Returns a function that reads a layer's output, valid until the next picture. */
export type RunningNetwork = (pixels: Uint8Array) => (layer: string) => Float32Array;

/** How pictures are read. */
export interface PictureOptions<Key> {
	readonly signal?: AbortSignal | undefined;
	/** Called with each picture that cannot be read; it is skipped. Default: the first one is an error. */
	readonly onUnreadable?: ((key: Key, error: unknown) => void) | undefined;
}

/** Runs a float32 network without batch norm; every layer's output can be read. */
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

/** Pictures prepared for the network, size² · channels bytes each, with their keys. */
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
 * Observes every layer's output on prepared pictures.
 *
 * @param folded a float32 network without batch norm
 * @throws MobileNetError `broken-file` if an output is not finite
 */
export async function observe(
	folded: Model,
	pictures: readonly Uint8Array[],
	loaded: LoadedBuild,
	{ meanPictures, signal, onPicture }: ObservationOptions,
): Promise<Observation> {
	const run = floatNetwork(folded, loaded);
	const table = layers(folded.configuration);
	const observed = table.map(({ name, outputSize, outputChannels }) => ({
		name,
		outputs: histogram(),
		sum: new Float64Array(outputSize ** 2 * outputChannels),
	}));
	const pause = pauses(signal);
	const pixelSum = new Float64Array(pictures[0]?.length ?? 0);
	for (const [n, pixels] of pictures.entries()) {
		const read = run(pixels);
		for (const { name, outputs, sum } of observed) {
			const values = read(name);
			if (!outputs.add(values))
				throw new MobileNetError(
					"broken-file",
					`the output of layer ${name} is not finite on calibration picture ${n + 1}: the weights are damaged.`,
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
			observed.map(({ name, outputs, sum }) => [
				name,
				{ seen: outputs.seen(), mean: Float32Array.from(sum, (x) => x / count) },
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
