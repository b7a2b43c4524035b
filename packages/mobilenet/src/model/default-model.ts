/**
 * The model that the package carries: trained for this project on Tiny ImageNet's 200 classes, in 8-bit integers. It lies
 * in modules of its own, which are loaded when somebody asks for it: who brings another model loads none of them.
 */
import { fromBase64 } from "../base/base64.ts";
import { byteLength, parts } from "./generated/default-model.ts";

/** The bytes of its safetensors file. */
export async function defaultModelBytes(): Promise<Uint8Array> {
	const bytes = new Uint8Array(byteLength);
	let at = 0;
	for (const { base64 } of await Promise.all(parts.map((load) => load()))) {
		const part = fromBase64(base64);
		bytes.set(part, at);
		at += part.length;
	}
	return bytes;
}
