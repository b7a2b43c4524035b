/**
 * The layout of weights in memory. The reference takes them in the model's layout; the WebAssembly kernels take them in
 * the order in which they read them, padded with zeros to whole tiles.
 */

import type { AddressKind } from "./operations.ts";

/** A layout of weights of shape OIHW: [C, 1, 3, 3] for a depthwise layer, [out, in, 1, 1] for a dense one, [C, 1, 1, 1] for a bias. */
export interface Packing {
	/** Packed length of weights of a shape, in numbers. */
	readonly length: (shape: Shape) => number;
	/** Packs weights into a region of that length, which must be all zeros. */
	readonly pack: (weights: Numbers, shape: Shape, into: Numbers) => void;
	/** The inverse, for floats that training has changed. */
	readonly unpack: (packed: Float32Array, shape: Shape, into: Float32Array) => void;
}
/** Weights in a model's layout or packed. */
export type Numbers = Float32Array | Int8Array | Int16Array | Int32Array;
export type Shape = readonly [outputs: number, inputs: number, height: number, width: number];

/**
 * A tensor's shape with all four axes, of which those that it lacks are 1.
 *
 * @example
 * packedShape([1000, 1024]) // [1000, 1024, 1, 1]
 */
export function packedShape([outputs = 1, inputs = 1, height = 1, width = 1]: readonly number[]): Shape {
	return [outputs, inputs, height, width];
}

/** Output channels that a panel of pointwise weights holds: a tile's columns, or two tiles' in the 128-bit builds. */
const panelColumns = 16;

const count = ([outputs, inputs, height, width]: Shape): number => outputs * inputs * height * width;
const roundUp = (n: number, to: number): number => Math.ceil(n / to) * to;

/** A packing that reorders numbers: `places` calls back with the index of each in the model and in memory. */
function reordering(
	length: Packing["length"],
	places: (shape: Shape, each: (inModel: number, inMemory: number) => void) => void,
): Packing {
	return {
		length,
		pack: (weights, shape, into) =>
			places(shape, (inModel, inMemory) => {
				into[inMemory] = weights[inModel]!;
			}),
		unpack: (packed, shape, into) =>
			places(shape, (inModel, inMemory) => {
				into[inModel] = packed[inMemory]!;
			}),
	};
}

/** The model's own layout. */
const asWritten: Packing = {
	length: count,
	pack: (weights, _shape, into) => into.set(weights),
	unpack: (packed, shape, into) => into.set(packed.subarray(0, count(shape))),
};

/** Panels of 16 output channels: [⌈O / 16⌉][H][W][I][16]. */
const panels = reordering(
	([outputs, ...rest]) => count([roundUp(outputs, panelColumns), ...rest]),
	([outputs, inputs, height, width], each) => {
		const taps = height * width;
		for (let o = 0; o < outputs; o++) {
			const column = Math.floor(o / panelColumns) * taps * inputs * panelColumns + (o % panelColumns);
			for (let i = 0; i < inputs; i++)
				for (let t = 0; t < taps; t++)
					each((o * inputs + i) * taps + t, column + (t * inputs + i) * panelColumns);
		}
	},
);

/** Groups of as many channels as a depthwise tile takes: [⌈C / lanes⌉][9][lanes]. */
const lanes = (width: number): Packing =>
	reordering(
		([channels, ...rest]) => count([roundUp(channels, width), ...rest]),
		([channels, inputs, height, columns], each) => {
			const taps = inputs * height * columns;
			for (let c = 0; c < channels; c++)
				for (let t = 0; t < taps; t++)
					each(c * taps + t, (Math.floor(c / width) * taps + t) * width + (c % width));
		},
	);

/** A bias or another vector over a layer's channels, padded to whole panels. */
const paddedBias: Packing = {
	length: ([channels]) => roundUp(channels, panelColumns),
	pack: (weights, _shape, into) => into.set(weights),
	unpack: (packed, shape, into) => into.set(packed.subarray(0, count(shape))),
};

/**
 * Panels for dot products of `group` neighboring inputs, 2 words or 4 bytes:
 * [⌈O / 16⌉][H][⌈W · I / group⌉][16][group]. Zeros fill up the last group of a row of inputs.
 */
const groupedPanels = (group: 2 | 4, columns: readonly number[]): Packing =>
	reordering(
		([outputs, inputs, height, width]) =>
			roundUp(outputs, panelColumns) * height * roundUp(width * inputs, group),
		([outputs, inputs, height, width], each) => {
			const groups = roundUp(width * inputs, group) / group;
			for (let o = 0; o < outputs; o++)
				for (let h = 0; h < height; h++)
					for (let w = 0; w < width; w++)
						for (let i = 0; i < inputs; i++) {
							const k = w * inputs + i;
							const place = (Math.floor(o / panelColumns) * height + h) * groups + Math.floor(k / group);
							each(
								((o * inputs + i) * height + h) * width + w,
								(place * panelColumns + columns[o % panelColumns]!) * group + (k % group),
							);
						}
		},
	);

/** A few numbers per output channel, in the order of the panels: [⌈C / 16⌉][numbers][16]. */
const panelValues = (columns: readonly number[]): Packing =>
	reordering(
		([channels, numbers]) => roundUp(channels, panelColumns) * numbers,
		([channels, numbers], each) => {
			for (let c = 0; c < channels; c++)
				for (let n = 0; n < numbers; n++)
					each(
						c * numbers + n,
						(Math.floor(c / panelColumns) * numbers + n) * panelColumns + columns[c % panelColumns]!,
					);
		},
	);

/**
 * The positions of the columns in a panel of words. A 256-bit vector of sums is narrowed to 16 bits in two separate
 * halves, so the wide tiles swap channels 4–7 and 8–11.
 */
const inOrder = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
const inHalves = [0, 1, 2, 3, 8, 9, 10, 11, 4, 5, 6, 7, 12, 13, 14, 15];

/**
 * The kinds of weights. `panels`: pointwise layers and the stem. `lanes`: depthwise layers. For integer networks:
 * `wordPanels` or `bytePanels`, and `floatLanes` (float32 that holds whole numbers, for depthwise layers); `panelBias`;
 * `panelPairs` and `lanePairs` for the two multipliers of each channel; `wordTable` for an activation as a table.
 */
export type PackingKind =
	| "panels"
	| "lanes"
	| "bias"
	| "wordPanels"
	| "bytePanels"
	| "floatLanes"
	| "panelBias"
	| "panelPairs"
	| "lanePairs"
	| "wordTable";

/** The type of packed weights. */
export const packedAs: Readonly<Record<PackingKind, Exclude<AddressKind, "bytes">>> = {
	panels: "floats",
	lanes: "floats",
	bias: "floats",
	wordPanels: "words",
	bytePanels: "signedBytes",
	floatLanes: "floats",
	panelBias: "sums",
	panelPairs: "floats",
	lanePairs: "floats",
	wordTable: "words",
};

const int8 = (columns: readonly number[]) => ({
	wordPanels: groupedPanels(2, columns),
	bytePanels: groupedPanels(4, columns),
	floatLanes: lanes(8),
	panelBias: panelValues(columns),
	panelPairs: panelValues(columns),
	lanePairs: lanes(8),
	wordTable: asWritten,
});

/** The packing of each kind of weights in each kind of build. */
export const packings: Readonly<
	Record<"reference" | "narrow" | "wide", Readonly<Record<PackingKind, Packing>>>
> = {
	reference: {
		panels: asWritten,
		lanes: asWritten,
		bias: asWritten,
		wordPanels: asWritten,
		bytePanels: asWritten,
		floatLanes: asWritten,
		panelBias: asWritten,
		panelPairs: asWritten,
		lanePairs: asWritten,
		wordTable: asWritten,
	},
	narrow: { panels, lanes: lanes(4), bias: paddedBias, ...int8(inOrder) },
	wide: { panels, lanes: lanes(8), bias: paddedBias, ...int8(inHalves) },
};
