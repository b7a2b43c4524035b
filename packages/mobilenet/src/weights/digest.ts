/** Identifies a model: when a training run is resumed, or when a teacher's answers were kept. */
import { marker } from "../base/marker.ts";
import type { Model } from "./model.ts";

/**
 * A digest of everything that a model's answers depend on. Its first half is that of the network and its tensors, whatever their
 * order, the second that of the preprocessing and the rounding. Labels do not count, nor where the model came from.
 *
 * @returns 32 hexadecimal digits
 * @example
 * digestOf(await readModel("model.tflite")) === digestOf(await readModel("model.safetensors"))
 */
export function digestOf({ configuration, tensors, preprocessing, rounding = "xnnpack" }: Model): string {
	const weights = marker();
	weights.text(JSON.stringify(configuration));
	for (const [name, { data }] of [...tensors].sort(([a], [b]) => (a < b ? -1 : 1))) {
		weights.text(name);
		const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
		const words = new Int32Array(bytes.slice(0, bytes.length & ~3).buffer);
		for (let i = 0; i < words.length; i++) weights.word(words[i]!);
		for (let i = bytes.length & ~3; i < bytes.length; i++) weights.word(bytes[i]!);
	}
	const { mean, std, channelOrder, filter, fit } = preprocessing;
	const rest = marker();
	rest.text(JSON.stringify([mean, std, channelOrder, filter, fit, rounding]));
	return weights.value() + rest.value();
}
