/** How fast a model runs on this machine: the network alone, without decoding pictures. */
import type { Model } from "../weights/model.ts";
import type { Bench, BenchOptions } from "./time-model.ts";

export type { Bench, BenchOptions } from "./time-model.ts";

/**
 * Times a model on this machine. It works in slices of a few tens of milliseconds, which keeps a page responsive.
 *
 * @param model such as `mobilenet.model`, or what a reader of `mobilenet/formats` returns; it runs in its own memory
 * @throws MobileNetError as `MobileNet.from` does; `usage` for an invalid batch or seconds; the signal's reason
 * @example
 * const { median } = await bench(mobilenet.model, { seconds: 1 });
 */
export async function bench(model: Model, options: BenchOptions = {}): Promise<Bench> {
	// Pages that only classify do not load it.
	const { timeModel } = await import("./time-model.ts");
	return timeModel(model, options);
}
