/**
 * A network that is ready to run: what it runs on, and how pictures become its input. The functions here run it on one
 * picture or on numbers; pipeline.ts runs it on many pictures.
 */
import { MobileNetError, shown } from "../base/error.ts";
import { checkKept } from "../engine/plans/inference.ts";
import { prepare } from "../image/fit.ts";
import type { Alpha, Pixels } from "../image/pixels.ts";
import type { Configuration } from "../network/configuration.ts";
import { layers } from "../network/layers.ts";
import type { Features, FeaturesOptions } from "./options.ts";
import { type PictureSource, pixelsOf } from "./pictures.ts";
import type { ReadyModel } from "./ready.ts";
import { localRunner, type Runner } from "./runner.ts";

export interface Network {
	readonly configuration: Configuration;
	readonly runner: Runner;
	/** Writes a picture as the network expects it, [size, size, inputChannels] bytes. */
	readonly prepare: (pixels: Pixels, into: Uint8Array) => void;
	/** Bytes of such a picture. */
	readonly bytes: number;
	/** What happens to transparency. */
	readonly alpha: Alpha | undefined;
}

export function networkOf(ready: ReadyModel, alpha: Alpha | undefined): Network {
	const { configuration, preprocessing } = ready.model;
	const { size, inputChannels: channels } = configuration;
	const { filter, fit } = preprocessing;
	const preparation = { size, channels, filter, fit, alpha };
	return {
		configuration,
		runner: localRunner(ready),
		prepare: (pixels, into) => prepare(pixels, preparation, into),
		bytes: size * size * channels,
		alpha,
	};
}

/**
 * The outputs of layers for a picture, by layer name.
 *
 * @throws MobileNetError `usage` for layers that do not exist; `disposed`, even while the picture is being read
 */
export async function featuresOf(
	{ configuration, runner, prepare, bytes, alpha }: Network,
	source: PictureSource,
	names: readonly string[],
	{ signal, redirects }: FeaturesOptions,
): Promise<Map<string, Features>> {
	signal?.throwIfAborted();
	const table = layers(configuration);
	checkKept(names, table);
	await runner.reserve(1, names);
	const pixels = await pixelsOf(source, { alpha, signal, redirects });
	const input = (region: Uint8Array): number => {
		prepare(pixels, region.subarray(0, bytes));
		return 1;
	};
	const outputs = await runner.run({ batch: 1, input, layers: names });
	return new Map(
		names.map((name, n) => {
			const { outputSize, outputChannels } = table.find((layer) => layer.name === name)!;
			return [name, { data: outputs[n]![0]!, shape: [outputSize, outputSize, outputChannels] }];
		}),
	);
}

/**
 * The network's output for normalized numbers, [batch, classes]; [batch, 1] of a binary network, or [batch, channels]
 * without a classifier.
 *
 * @param input [batch, size, size, inputChannels]
 * @throws MobileNetError `usage` if the input has another length
 */
export async function outputOf(
	{ configuration, runner }: Network,
	input: Float32Array,
	batch: number,
): Promise<Float32Array> {
	checkBatch(batch);
	const { size, inputChannels, head, output, binary } = configuration;
	const expected = batch * size * size * inputChannels;
	if (!(input instanceof Float32Array) || input.length !== expected)
		throw new MobileNetError(
			"usage",
			`run takes a Float32Array of ${expected} numbers ([${batch}, ${size}, ${size}, ${inputChannels}], NHWC), not ${input instanceof Float32Array ? input.length : shown(input)}.`,
		);
	const layer = !head ? "pool" : output === "logits" ? "classifier" : "probabilities";
	const [rows] = await runner.run({ batch, input, layers: [layer] });
	// A binary network outputs only the second class's probability.
	const skipped = binary && layer === "probabilities" ? 1 : 0;
	const length = rows![0]!.length - skipped;
	const result = new Float32Array(batch * length);
	for (const [n, row] of rows!.entries()) result.set(row.subarray(skipped), n * length);
	return result;
}

/** @throws MobileNetError `usage` if a batch is not a number of pictures */
export function checkBatch(batch: number): void {
	if (!(Number.isInteger(batch) && batch >= 1))
		throw new MobileNetError("usage", `batch must be a whole number of at least 1, not ${shown(batch)}.`);
}
