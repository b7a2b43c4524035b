/**
 * How weights lie in memory. The reference takes them as a record has them; the WebAssembly kernels take them in
 * the order in which they read them, padded with zeros to whole tiles.
 */

/** Writes weights of shape OIHW (a depthwise layer's [C, 1, 3, 3], a dense layer's [out, in, 1, 1], a bias's [C, 1, 1, 1]). */
export interface Packing {
	/** Floats that weights of this shape take. */
	readonly length: (shape: Shape) => number;
	/** Packs into a region of that length that is all zeros. */
	readonly pack: (weights: Float32Array, shape: Shape, into: Float32Array) => void;
}
export type Shape = readonly [outputs: number, inputs: number, height: number, width: number];

/** Output channels that a panel of pointwise weights holds: a tile's columns, or two tiles' in the 128-bit builds. */
const panelColumns = 16;

const count = ([outputs, inputs, height, width]: Shape): number => outputs * inputs * height * width;
const roundUp = (n: number, to: number): number => Math.ceil(n / to) * to;

/** The record's own layout. */
const asRecorded: Packing = {
	length: count,
	pack: (weights, _shape, into) => into.set(weights),
};

/** Panels of 16 output channels: [⌈O / 16⌉][H][W][I][16]. */
const panels: Packing = {
	length: ([outputs, ...rest]) => count([roundUp(outputs, panelColumns), ...rest]),
	pack: (weights, [outputs, inputs, height, width], into) => {
		const taps = height * width;
		for (let o = 0; o < outputs; o++) {
			const column = Math.floor(o / panelColumns) * taps * inputs * panelColumns + (o % panelColumns);
			for (let i = 0; i < inputs; i++)
				for (let t = 0; t < taps; t++)
					into[column + (t * inputs + i) * panelColumns] = weights[(o * inputs + i) * taps + t]!;
		}
	},
};

/** Channels side by side, as many as a depthwise tile takes: [⌈C / lanes⌉][9][lanes]. */
const lanes = (width: number): Packing => ({
	length: ([channels, ...rest]) => count([roundUp(channels, width), ...rest]),
	pack: (weights, [channels, , height, columns], into) => {
		const taps = height * columns;
		for (let c = 0; c < channels; c++)
			for (let t = 0; t < taps; t++)
				into[(Math.floor(c / width) * taps + t) * width + (c % width)] = weights[c * taps + t]!;
	},
});

/** A bias, padded to whole panels. */
const paddedBias: Packing = {
	length: ([channels]) => roundUp(channels, panelColumns),
	pack: (weights, _shape, into) => into.set(weights),
};

/** What weights are for: `panels` a pointwise layer or the stem, `lanes` a depthwise layer. */
export type PackingKind = "panels" | "lanes" | "bias";

/** How each kind of build takes each kind of weights. */
export const packings: Readonly<
	Record<"reference" | "narrow" | "wide", Readonly<Record<PackingKind, Packing>>>
> = {
	reference: { panels: asRecorded, lanes: asRecorded, bias: asRecorded },
	narrow: { panels, lanes: lanes(4), bias: paddedBias },
	wide: { panels, lanes: lanes(8), bias: paddedBias },
};
