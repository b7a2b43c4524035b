/**
 * The model that the package carries: trained for this project on Tiny ImageNet's 200 classes, in 8-bit integers. It lies
 * in modules of its own, which are loaded when somebody asks for it: who brings another model loads none of them.
 */
import { fromBase64 } from "../base/base64.ts";
import { type ReadOptions, readModel } from "../formats/read.ts";
import type { Model } from "../weights/model.ts";
import { byteLength, parts } from "./generated/default-model.ts";

/**
 * The model of the embedded model, as `readModel` would read it from its file.
 *
 * @throws MobileNetError where the options do not suit it, such as labels of another number
 * @example
 * const { configuration } = await readDefaultModel(); // α 0.75, 160 pixels, 200 classes
 */
export async function readDefaultModel(options: ReadOptions = {}): Promise<Model> {
	options.signal?.throwIfAborted();
	const bytes = new Uint8Array(byteLength);
	let at = 0;
	for (const { base64 } of await Promise.all(parts.map((load) => load()))) {
		const part = fromBase64(base64);
		bytes.set(part, at);
		at += part.length;
	}
	return readModel(bytes, { ...options, name: options.name ?? "the embedded model" });
}
