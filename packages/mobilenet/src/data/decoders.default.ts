/** There are no decoding workers outside Node: the caller's thread decodes. Its twin is decoders.node.ts. */
import { MobileNetError } from "../base/error.ts";
import type { Places } from "./dataset.ts";
import type { Decoder, DecoderEvents } from "./decoder.ts";
import type { DecodingSetup } from "./decoding.ts";

export function usualDecoders(): number {
	return 0;
}

export function startDecoder(
	_setup: DecodingSetup,
	_places: Places | undefined,
	_events: DecoderEvents,
): Decoder {
	throw new MobileNetError("unsupported", "there are no decoding workers outside Node: ask for none.");
}
