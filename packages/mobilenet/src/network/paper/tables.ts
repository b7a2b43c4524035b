/**
 * The paper's Tables 1 to 7 (Howard and others, "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision
 * Applications", 2017, https://arxiv.org/abs/1704.04861): what it prints (published.ts), and beside every figure what
 * follows from our table of layers, unrounded. Accuracies are the paper's alone.
 */
import { MobileNetError, shown } from "../../base/error.ts";
import { separableCost, standardCost } from "../block.ts";
import { configure } from "../configuration.ts";
import { type CostKind, cost } from "../cost.ts";
import { type Layer, layers } from "../layers.ts";
import {
	bodyNote,
	bodyPrinted,
	kindsPrinted,
	layerOfTable3,
	modificationsPrinted,
	networksPrinted,
	paperTitles,
} from "./published.ts";

export type PaperTableNumber = keyof typeof paperTitles;

/** What the paper prints, and what our layers give. */
export interface Beside<Value> {
	readonly paper: Value;
	readonly ours: Value;
}

export interface PaperTable<Row> {
	/** What the table is about, such as `width multiplier`. */
	readonly title: string;
	/** In the paper's order. */
	readonly rows: readonly Row[];
}

interface AnyRow {
	/** Why the paper's figure is not what the layers give; absent where it is. */
	readonly note?: string;
}

/** Table 1: a kind of layer, as the paper writes it. */
export interface BodyRow extends AnyRow {
	/** Names of our layers; none for the softmax. */
	readonly layers: readonly string[];
	/** `Conv dw / s2`; `5×` before it where five blocks share the row. */
	readonly type: Beside<string>;
	/** `3×3×3×32`: height, width, input and output channels. */
	readonly filterShape: Beside<string>;
	/** `224×224×3`. */
	readonly inputSize: Beside<string>;
}

/** Table 2: shares of the whole, 0 to 1. */
export interface KindRow extends AnyRow {
	readonly kind: CostKind;
	readonly multAddsShare: Beside<number>;
	/** The paper's column of parameters, which counts weights alone. */
	readonly weightsShare: Beside<number>;
}

/** Table 3: one layer. The paper's figures are rounded to what it prints: 52300000 for 52.3 million. */
export interface ModificationRow extends AnyRow {
	readonly modification: string;
	readonly multAdds: Beside<number>;
	/** Weights alone. */
	readonly parameters: Beside<number>;
}

/** Tables 4 to 7: one network. The paper's figures are rounded to what it prints: 569000000 for 569 million. */
export interface NetworkRow extends AnyRow {
	readonly network: string;
	/** The paper's accuracy on ImageNet, 0 to 1. */
	readonly top1: number;
	readonly multAdds: Beside<number>;
	readonly parameters: Beside<number>;
}

/** The tables by their numbers. */
export interface PaperTables {
	readonly 1: PaperTable<BodyRow>;
	readonly 2: PaperTable<KindRow>;
	readonly 3: PaperTable<ModificationRow>;
	readonly 4: PaperTable<NetworkRow>;
	readonly 5: PaperTable<NetworkRow>;
	readonly 6: PaperTable<NetworkRow>;
	readonly 7: PaperTable<NetworkRow>;
}

/** The numbers of the tables that there are: 1 to 7. */
export const paperTableNumbers = Object.keys(paperTitles).map(Number) as readonly PaperTableNumber[];

/** The paper's network has ImageNet's classes, without a background class. */
const classes = 1000;

const rowsOf: { readonly [N in PaperTableNumber]: () => PaperTables[N]["rows"] } = {
	1: bodyRows,
	2: kindRows,
	3: modificationRows,
	4: () => networkRows(4),
	5: () => networkRows(5),
	6: () => networkRows(6),
	7: () => networkRows(7),
};

/**
 * One of the paper's tables, with our figures beside the printed ones: 1 body architecture, 2 resource per layer type,
 * 3 modifications of one layer, 4 depthwise separable against full convolution, 5 narrow against shallow, 6 width
 * multiplier, 7 resolution.
 *
 * @param number 1 to 7; the tables after them are about other networks
 * @throws MobileNetError `usage` for a table that there is not
 * @example
 * paperTable(6).rows[1] // { network: "0.75 MobileNet-224", top1: 0.684, multAdds: { paper: 325000000, ours: 325400448 }, … }
 */
export function paperTable<N extends PaperTableNumber>(number: N): PaperTables[N] {
	if (!paperTableNumbers.includes(number))
		throw new MobileNetError(
			"usage",
			`the paper's tables are those from 1 to 7 (the others are about other networks), not ${shown(number)}.`,
		);
	return { title: paperTitles[number], rows: rowsOf[number]() } as PaperTables[N];
}

function bodyRows(): BodyRow[] {
	const configuration = configure({ classes });
	const rows: { layers: string[]; texts: readonly string[] }[] = [];
	for (const layer of layers(configuration)) {
		const texts = bodyTexts(layer);
		// Equal blocks follow each other: their layers share the block's two rows.
		const same = rows.slice(-2).find((row) => row.texts.join() === texts.join());
		if (same) same.layers.push(layer.name);
		else rows.push({ layers: [layer.name], texts });
	}
	rows.push({ layers: [], texts: ["Softmax / s1", "Classifier", `1×1×${configuration.classes}`] });
	return rows.map(({ layers, texts: [type = "", filterShape = "", inputSize = ""] }, i) => {
		const [typePrinted = "", filterPrinted = "", inputPrinted = ""] = bodyPrinted[i] ?? [];
		const times = layers.length > 1 ? `${layers.length}× ` : "";
		const row = {
			layers,
			type: { paper: typePrinted, ours: times + type },
			filterShape: { paper: filterPrinted, ours: filterShape },
			inputSize: { paper: inputPrinted, ours: inputSize },
		};
		return layers.includes("blocks.12.depthwise") ? { ...row, note: bodyNote } : row;
	});
}

/** A layer as Table 1 writes it. */
function bodyTexts(layer: Layer): [type: string, filterShape: string, inputSize: string] {
	const { kind, kernel, stride, inputChannels, outputChannels, inputSize } = layer;
	const input = `${inputSize}×${inputSize}×${inputChannels}`;
	const square = `${kernel}×${kernel}`;
	switch (kind) {
		case "depthwise":
			return [`Conv dw / s${stride}`, `${square}×${inputChannels} dw`, input];
		case "pool":
			return [`Avg Pool / s${stride}`, `Pool ${square}`, input];
		case "dense":
			return [`FC / s${stride}`, `${inputChannels}×${outputChannels}`, input];
		default:
			return [`Conv / s${stride}`, `${square}×${inputChannels}×${outputChannels}`, input];
	}
}

function kindRows(): KindRow[] {
	const { kinds } = cost(configure({ classes }));
	return kindsPrinted.map(([kind, multAdds, parameters, note]) => {
		const ours = kinds.find((one) => one.kind === kind)!;
		return {
			kind,
			multAddsShare: { paper: fromPercent(multAdds), ours: ours.multAddsShare },
			weightsShare: { paper: fromPercent(parameters), ours: ours.weightsShare },
			...(note && { note }),
		};
	});
}

function modificationRows(): ModificationRow[] {
	return modificationsPrinted.map(([modification, multAdds, parameters, { convolution, alpha, rho }]) => {
		const costOf = convolution === "standard" ? standardCost : separableCost;
		const ours = costOf({ ...layerOfTable3, alpha: alpha ?? 1, rho: rho ?? 1 });
		return {
			modification,
			multAdds: { paper: fromMillions(multAdds), ours: ours.multAdds },
			parameters: { paper: fromMillions(parameters), ours: ours.weights },
		};
	});
}

function networkRows(number: keyof typeof networksPrinted): NetworkRow[] {
	return networksPrinted[number].map(([network, top1, multAdds, parameters, options, note]) => {
		const { convolution, ...differing } = options;
		const separable = cost(configure({ ...differing, classes }));
		const ours = convolution === "standard" ? separable.standard : separable;
		return {
			network,
			top1: fromPercent(top1),
			multAdds: { paper: fromMillions(multAdds), ours: ours.multAdds },
			parameters: { paper: fromMillions(parameters), ours: ours.parameters },
			...(note && { note }),
		};
	});
}

/** A share printed in %, such as 70.6, as a fraction. */
function fromPercent(printed: number): number {
	return Math.round(100 * printed) / 10_000;
}

/** A printed number of millions, such as 52.3, as a whole number. */
function fromMillions(printed: number): number {
	return Math.round(1e6 * printed);
}
