/**
 * The paper's Tables 1 to 7 (Howard and others, "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision
 * Applications", 2017, https://arxiv.org/abs/1704.04861). Every printed figure (published.ts) stands beside the unrounded
 * one that our table of layers gives. Accuracies come only from the paper.
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

/** A value as the paper prints it, and as our layers give it. */
export interface PaperAndOurs<Value> {
	readonly paper: Value;
	readonly ours: Value;
}

export interface PaperTable<Row> {
	/** The subject of the table, such as `width multiplier`. */
	readonly title: string;
	/** In the paper's order. */
	readonly rows: readonly Row[];
}

interface AnyRow {
	/** Why the paper's figure differs from what the layers give; absent where it does not. */
	readonly note?: string | undefined;
}

/** Table 1: one kind of layer, as the paper writes it. */
export interface BodyRow extends AnyRow {
	/** Names of our layers; empty for the softmax. */
	readonly layers: readonly string[];
	/** Such as `Conv dw / s2`; with `5×` before it where five blocks share the row. */
	readonly type: PaperAndOurs<string>;
	/** Such as `3×3×3×32`: height, width, input and output channels. */
	readonly filterShape: PaperAndOurs<string>;
	/** Such as `224×224×3`. */
	readonly inputSize: PaperAndOurs<string>;
}

/** Table 2: shares of the network's totals, 0 to 1. */
export interface KindRow extends AnyRow {
	readonly kind: CostKind;
	readonly multAddsShare: PaperAndOurs<number>;
	/** The paper's column of parameters, which counts only weights. */
	readonly weightsShare: PaperAndOurs<number>;
}

/** Table 3: one layer. The paper's figures are rounded as printed: 52300000 for 52.3 million. */
export interface ModificationRow extends AnyRow {
	readonly modification: string;
	readonly multAdds: PaperAndOurs<number>;
	/** Only weights. */
	readonly parameters: PaperAndOurs<number>;
}

/** Tables 4 to 7: one network. The paper's figures are rounded as printed: 569000000 for 569 million. */
export interface NetworkRow extends AnyRow {
	readonly network: string;
	/** The paper's accuracy on ImageNet, 0 to 1. */
	readonly top1: number;
	readonly multAdds: PaperAndOurs<number>;
	readonly parameters: PaperAndOurs<number>;
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

/** The numbers of all tables: 1 to 7. */
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
 * One of the paper's tables, with our figures beside the printed ones: 1 body architecture, 2 resources per layer type,
 * 3 modifications of one layer, 4 depthwise separable against full convolution, 5 narrow against shallow, 6 width
 * multiplier, 7 resolution.
 *
 * @param number 1 to 7; later tables are about other networks
 * @throws MobileNetError `usage` for any other number
 * @example
 * paperTable(6).rows[1] // { network: "0.75 MobileNet-224", top1: 0.684, multAdds: { paper: 325000000, ours: 325400448 }, … }
 */
export function paperTable<N extends PaperTableNumber>(number: N): PaperTables[N] {
	if (!paperTableNumbers.includes(number))
		throw new MobileNetError(
			"usage",
			`the paper's tables are numbered 1 to 7 (later ones are about other networks), not ${shown(number)}.`,
		);
	return { title: paperTitles[number], rows: rowsOf[number]() } as PaperTables[N];
}

function bodyRows(): BodyRow[] {
	const configuration = configure({ classes });
	const rows: { layers: string[]; texts: readonly string[] }[] = [];
	for (const layer of layers(configuration)) {
		const texts = bodyTexts(layer);
		// Equal blocks are consecutive, and their layers share two rows.
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

/** The three cells of a layer in Table 1. */
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
			note,
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
			note,
		};
	});
}

/** Turns a printed percentage, such as 70.6, into a fraction. */
function fromPercent(printed: number): number {
	return Math.round(100 * printed) / 10_000;
}

/** Turns a printed number of millions, such as 52.3, into a whole number. */
function fromMillions(printed: number): number {
	return Math.round(1e6 * printed);
}
