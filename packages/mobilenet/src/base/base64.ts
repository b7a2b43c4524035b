/** Bytes that the code embeds as base64 text. */

/** In Node 25, Chromium 140 and later; TypeScript's types do not have it yet. */
const { fromBase64: native } = Uint8Array as { readonly fromBase64?: (text: string) => Uint8Array };

/**
 * Decodes base64 in any runtime.
 *
 * @throws a SyntaxError or a DOMException if the text is not valid base64
 * @example
 * fromBase64("AGFzbQ=="); // Uint8Array [0, 97, 115, 109]
 */
export function fromBase64(text: string): Uint8Array {
	return native ? native.call(Uint8Array, text) : byCharacters(text);
}

/** The same for platforms without `Uint8Array.fromBase64`. */
export function byCharacters(text: string): Uint8Array {
	// Much faster than `Uint8Array.from` with a function that is called for every byte.
	const characters = atob(text);
	const bytes = new Uint8Array(characters.length);
	for (let i = 0; i < bytes.length; i++) bytes[i] = characters.charCodeAt(i);
	return bytes;
}
