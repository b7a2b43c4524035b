/**
 * The package's own model: trained for this project on Tiny ImageNet's 200 classes, in 8-bit integers. It is in separate
 * modules, which are loaded only when it is requested.
 */
import { fromBase64 } from "../base/base64.ts";
import type { OnProgress } from "../base/progress.ts";
import { byteLength, parts } from "./generated/default-model.ts";

/** The bytes of its safetensors file. */
export async function defaultModelBytes(onProgress?: OnProgress): Promise<Uint8Array> {
	let loaded = 0;
	const decoded = await Promise.all(
		parts.map(async (load) => {
			const part = fromBase64((await load()).base64);
			loaded += part.length;
			onProgress?.({ loaded, total: byteLength, source: "default" });
			return part;
		}),
	);
	const bytes = new Uint8Array(byteLength);
	let at = 0;
	for (const part of decoded) {
		bytes.set(part, at);
		at += part.length;
	}
	return bytes;
}
