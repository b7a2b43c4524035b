/** The order of colors, where a network turns it round before it does anything else to its picture. */
import type { ChainLayer } from "./chain/chain.ts";

/** Codes of a table of a channel. */
const tableLength = 256;

/** Layers that scale and shift the colors before they change places, as the same layers behind that. */
export function withReversedColors(layers: readonly ChainLayer[]): ChainLayer[] {
	return layers.map((layer) => {
		if (layer.kind !== "affine") return layer;
		const { factor, offset, table } = layer;
		const tables = Array.from({ length: (table?.length ?? 0) / tableLength }, (_, channel) =>
			table!.slice(channel * tableLength, (channel + 1) * tableLength),
		);
		return {
			...layer,
			factor: factor.toReversed(),
			offset: offset.toReversed(),
			...(table && { table: tables.toReversed().flat() }),
		};
	});
}

/** Whether these layers leave the picture a picture, so that its colors may still change places. */
export function areBeforeNetwork(layers: readonly ChainLayer[]): boolean {
	return layers.every(({ kind }) => kind === "affine" || kind === "shape");
}
