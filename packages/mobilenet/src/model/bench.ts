/** How fast a model is on this machine: the network alone, with the pictures already there. */
import type { Model } from "../weights/model.ts";
import type { Bench, BenchOptions } from "./time-model.ts";

export type { Bench, BenchOptions } from "./time-model.ts";

/**
 * Times a model on this machine. It works in slices of some tens of milliseconds, so that a page stays alive meanwhile.
 *
 * @param model such as `mobilenet.model`, or what a reader of `mobilenet/formats` gives; it is run with memory of its own
 * @throws MobileNetError as `MobileNet.from` does; `usage` for a batch or seconds that make no sense; the signal's reason
 * @example
 * const { median } = await bench(mobilenet.model, { seconds: 1 });
 */
export async function bench(model: Model, options: BenchOptions = {}): Promise<Bench> {
	// Pages that only classify do not load it.
	const { timeModel } = await import("./time-model.ts");
	return timeModel(model, options);
}
