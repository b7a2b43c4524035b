/** License and origin in a format that has one text for all there is to say: `License: Apache-2.0`, `Origin: …`, a line each. */
import type { Origin } from "../weights/origin.ts";

/** The text; empty where nothing is known. */
export function originText({ license, origin }: Origin): string {
	return [
		...(license === undefined ? [] : [`License: ${license}`]),
		...(origin === undefined ? [] : [`Origin: ${origin}`]),
	].join("\n");
}

/** What such a text says; nothing where it is another. */
export function originIn(text: string): { readonly license?: string; readonly origin?: string } {
	const [, license] = /^License: (.+)$/m.exec(text) ?? [];
	const [, origin] = /^Origin: (.+)$/m.exec(text) ?? [];
	return { ...(license !== undefined && { license }), ...(origin !== undefined && { origin }) };
}
