/**
 * The way in: from the chain of layers that a format's reader found to a MobileNet v1's model, once for all formats.
 * The configuration is derived from the layers themselves, never from names; the tensors get their canonical names
 * and stay as the file has them. A network that is not a MobileNet v1 is refused with what was found instead.
 */
import { fittedLabels } from "../../labels/fit.ts";
import { type Configuration, presets } from "../../network/configuration.ts";
import { layers } from "../../network/layers.ts";
import type { Label, Model } from "../../weights/model.ts";
import { tensorsOf } from "../../weights/parts.ts";
import type { PreprocessingOptions } from "../../weights/preprocessing.ts";
import type { Chain } from "./chain.ts";
import { configured } from "./configured.ts";
import { activationOf, batchNormOf, geometryOf } from "./conventions.ts";
import { type FoundHeadLayer, headLayersOf } from "./head-layers.ts";
import { findWidth, type Width } from "./multiplier.ts";
import { type Parts, partsOf, unitsOf } from "./parts-of.ts";
import { inputOf } from "./preprocessing.ts";
import { type BaseChannels, type CheckedParts, checkedParts } from "./tensors.ts";
import { refuse } from "./units.ts";

/** What the user of a file says of it. */
export interface RecognizeOptions {
	/** What the file's own input takes, before any arithmetic in its graph. */
	readonly preprocessing?: PreprocessingOptions | undefined;
}

/** Size of the networks that do not say theirs. */
const usualSize = 224;

/**
 * The model that a chain is of.
 *
 * What a file leaves open and answers depend on (size, preprocessing) gets its usual value and is listed in
 * `source.assumed`. What only training needs (momentum, epsilon where batch norm is folded) comes from the preset
 * that the padding points to.
 *
 * @throws MobileNetError `not-mobilenet` for another network, `broken-file` where layers contradict each other,
 * `unsupported` for a MobileNet v1 that no configuration expresses, `usage` for options that make no sense
 */
export function recognize(chain: Chain, { preprocessing: given = {} }: RecognizeOptions = {}): Model {
	const size = sizeOf(chain);
	const parts = partsOf(chain);
	const units = unitsOf(parts);
	const [stem] = units;
	const geometry = geometryOf(chain, parts, size);
	const preset =
		geometry.padding !== "symmetric" ? "tf" : geometry.lastBlock === "stride2" ? "tutorial" : "torch";
	const pooling = poolingOf(parts);
	const batchNorm = batchNormOf(chain, units);
	const { notes: activationNotes, ...activation } = activationOf(chain, units);
	const { kernel: picture } = layers({ ...presets.tf, ...geometry, head: false }).at(-1)!;
	const channels = units.at(-1)!.convolution.weight.tensor.shape[0]!;
	const head = headLayersOf(chain, parts.head, { channels, size: picture });
	const answers = answersOf(chain, parts, head.layers);
	const { dtype, shape } = stem!.convolution.weight.tensor;
	const inputChannels = chain.inputChannels ?? shape[1]!;
	const found = inputOf(chain, parts.leading, { inputChannels, given, dtype });
	const checked = checkedParts(chain, parts, head.layers, {
		base: baseChannels(geometry.depth),
		inputChannels,
		input: found.input,
		features: pooling === "none" ? channels * picture ** 2 : channels,
	});
	const { epsilon = presets[preset].epsilon, momentum = presets[preset].momentum } = batchNorm;

	const configuration = configured(chain, {
		...presets[preset],
		...geometry,
		...widthOf(chain, checked, presets[preset].channelRounding),
		...activation,
		inputChannels,
		epsilon,
		momentum,
		pooling,
		...answers.fields,
		headLayers: head.layers.slice(0, -1).map(({ weight, activation }) => {
			return { units: weight.tensor.shape[0]!, activation };
		}),
		dropout: parts.head.dropout,
	});
	const notes = [
		...(chain.notes ?? []),
		...stemNotes(parts),
		...batchNorm.notes,
		...activationNotes,
		...head.notes,
		...answers.notes,
	];
	const labels = labelsOf(chain, configuration, notes);
	const assumed = [
		...(chain.size === undefined ? ["size"] : []),
		...(chain.assumed ?? []),
		...found.assumed,
		...answers.assumed,
	];
	return {
		configuration,
		tensors: tensorsOf({
			input: checked.input,
			inputTable: found.inputTable,
			layers: layers(configuration).map((layer, i) => ({ layer, ...checked.layers[i]! })),
		}),
		preprocessing: found.preprocessing,
		...(chain.rounding && { rounding: chain.rounding }),
		...(labels && { labels }),
		...(chain.sureFrom !== undefined && { sureFrom: chain.sureFrom }),
		// A model that was a chain before brings its own.
		source: {
			format: chain.format,
			assumed: [...new Set(assumed)],
			notes: [...new Set(notes)],
			...(chain.license !== undefined && { license: chain.license }),
			...(chain.origin !== undefined && { origin: chain.origin }),
		},
	};
}

function sizeOf(chain: Chain): number {
	const { shape: [height, width] = [], size = height ?? usualSize } = chain;
	if (height !== width)
		refuse(
			chain,
			`its input is ${width}×${height} pixels (width×height), and only networks of square pictures are supported`,
			"unsupported",
		);
	if (!(Number.isInteger(size) && size > 0))
		refuse(chain, `its input is of ${size} pixels where a whole number was expected`, "broken-file");
	return size;
}

function poolingOf({ head: { pool } }: Parts): Configuration["pooling"] {
	return pool?.kind === "flatten" ? "none" : (pool?.pooling ?? "average");
}

/** What the last layer's numbers are. */
interface Answers {
	readonly fields: Pick<Configuration, "head" | "output" | "binary"> &
		Partial<Pick<Configuration, "classes">>;
	readonly assumed: readonly string[];
	readonly notes: readonly string[];
}

function answersOf(chain: Chain, { head }: Parts, headLayers: readonly FoundHeadLayer[]): Answers {
	const { output, pool } = head;
	const classifier = headLayers.at(-1);
	if (!classifier)
		return {
			fields: { head: false, output: "logits", binary: false },
			assumed: [],
			notes: pool ? [] : ["It ends with the last block; the average pool after it is added."],
		};
	const outputs = classifier.weight.tensor.shape[0]!;
	const fields = { head: true, output } as const;
	if (outputs > 1) return { fields: { ...fields, classes: outputs, binary: false }, assumed: [], notes: [] };
	if (output === "softmax")
		return refuse(
			chain,
			`its softmax is over a single output (layer ${classifier.name}), so that its answer is always 1, whatever the picture`,
			"unsupported",
			classifier.name,
		);
	const isOpen = output === "logits";
	return {
		fields: { ...fields, classes: 2, binary: true },
		assumed: isOpen ? ["output"] : [],
		notes: isOpen ? ["Its single output is taken for the logit of the second of two classes."] : [],
	};
}

/** Channels of stem and blocks at α = 1, from the table of the network. */
function baseChannels(depth: Configuration["depth"]): BaseChannels {
	const [stem, ...rest] = layers({ ...presets.tf, depth });
	const blocks = rest.filter(({ kind }) => kind === "pointwise").map(({ outputChannels }) => outputChannels);
	return { stem: stem!.outputChannels, blocks };
}

function widthOf(chain: Chain, { counts }: CheckedParts, preferred: Configuration["channelRounding"]): Width {
	const fitting = findWidth(counts, preferred);
	if (fitting) return fitting;
	const channels = counts.map((count) => count.channels).join(", ");
	const [stem, ...others] = counts;
	const withoutStem = findWidth(others, preferred);
	if (withoutStem && stem?.channels === stem?.base)
		refuse(
			chain,
			`its first convolution has all ${stem?.base} channels where its blocks have α = ${withoutStem.alpha} (as older code of the tutorial does it), and a configuration's α scales every layer`,
			"unsupported",
		);
	return refuse(
		chain,
		`its first convolution and its blocks have ${channels} outputs where ${counts.map(({ base }) => base).join(", ")}, times one width multiplier α, were expected (layers ${counts[0]?.layer} to ${counts.at(-1)?.layer})`,
		"unsupported",
	);
}

function stemNotes({ stem }: Parts): string[] {
	return stem.convolution.storedAsDepthwise
		? [
				`Its first convolution (${stem.name}) is stored as a depthwise one with a multiplier, over one channel.`,
			]
		: [];
}

function labelsOf(
	{ labels }: Chain,
	{ head, classes, binary }: Configuration,
	notes: string[],
): readonly Label[] | undefined {
	if (!labels || labels.length === 0) return undefined;
	const fitted = head ? fittedLabels(labels, classes, binary) : undefined;
	if (!fitted)
		notes.push(`Its ${labels.length} labels do not fit its ${head ? classes : 0} outputs and are left out.`);
	return fitted;
}
