/**
 * The way in: from the chain of layers that a format's reader found to a MobileNet v1's model, once for all formats.
 * The configuration is derived from the layers themselves, never from names; the tensors get their canonical names
 * and stay as the file has them. A network that is not a MobileNet v1 is refused with what was found instead.
 */
import { MobileNetError } from "../../base/error.ts";
import { fittedLabels } from "../../labels/fit.ts";
import { type Configuration, configure, presets } from "../../network/configuration.ts";
import { layers } from "../../network/layers.ts";
import type { Label, Model } from "../../weights/model.ts";
import { tensorsOf } from "../../weights/parts.ts";
import type { Chain } from "./chain.ts";
import { mergedClassifier } from "./classifier.ts";
import { activationOf, batchNormOf, geometryOf } from "./conventions.ts";
import { findWidth, type Width } from "./multiplier.ts";
import { preprocessingOf } from "./preprocessing.ts";
import { type BaseChannels, type CheckedParts, checkedParts } from "./tensors.ts";
import { type ActiveUnit, type Parts, partsOf, refuse } from "./units.ts";

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
 * `unsupported` for a MobileNet v1 that no configuration expresses
 */
export function recognize(chain: Chain): Model {
	const size = chain.size ?? usualSize;
	if (!(Number.isInteger(size) && size > 0))
		refuse(chain, `its input is of ${size} pixels where a whole number was expected`, "broken-file");
	const parts = partsOf(chain);
	const units = [parts.stem, ...parts.blocks.flatMap(({ depthwise, pointwise }) => [depthwise, pointwise])];
	const geometry = geometryOf(chain, parts, size);
	const preset =
		geometry.padding !== "symmetric" ? "tf" : geometry.lastBlock === "stride2" ? "tutorial" : "torch";
	const batchNorm = batchNormOf(chain, units);
	const { classifier, notes: classifierNotes } = mergedClassifier(chain, parts.classifiers);
	const checked = checkedParts(chain, parts, classifier, baseChannels(geometry.depth));
	const { inputChannels, classes } = checked;
	const { epsilon = presets[preset].epsilon, momentum = presets[preset].momentum } = batchNorm;

	const configuration = configured(chain, {
		...presets[preset],
		...geometry,
		...widthOf(chain, checked, presets[preset].channelRounding),
		...activationOf(chain, units),
		inputChannels,
		epsilon,
		momentum,
		...(classes === undefined ? { head: false } : { head: true, classes }),
		dropout: parts.dropout,
		output: parts.softmax ? "softmax" : "logits",
	});
	const { preprocessing, assumed } = preprocessingOf(chain, inputChannels);
	const notes = [...(chain.notes ?? []), ...stemNotes(parts), ...batchNorm.notes, ...classifierNotes];
	if (!parts.pool) notes.push("It ends with the last block; the average pool after it is added.");
	const labels = labelsOf(chain, configuration, notes);
	return {
		configuration,
		tensors: tensorsOf({
			input: checked.input,
			layers: layers(configuration).map((layer, i) => ({ layer, ...checked.layers[i]! })),
		}),
		preprocessing,
		...(chain.rounding && { rounding: chain.rounding }),
		...(labels && { labels }),
		...(chain.sureFrom !== undefined && { sureFrom: chain.sureFrom }),
		source: {
			format: chain.format,
			assumed: [...(chain.size === undefined ? ["size"] : []), ...(chain.assumed ?? []), ...assumed],
			notes,
		},
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
	);
}

function configured(chain: Chain, configuration: Configuration): Configuration {
	try {
		return configure(configuration);
	} catch (error) {
		if (!(error instanceof MobileNetError)) throw error;
		return refuse(chain, `its ${error.message.replace(/\.$/, "")}`);
	}
}

function stemNotes({ stem }: Parts): string[] {
	return (stem as ActiveUnit).convolution.storedAsDepthwise
		? [
				`Its first convolution (${stem.name}) is stored as a depthwise one with a multiplier, over one channel.`,
			]
		: [];
}

function labelsOf(
	{ labels }: Chain,
	{ head, classes }: Configuration,
	notes: string[],
): readonly Label[] | undefined {
	if (!labels || labels.length === 0) return undefined;
	const fitted = head ? fittedLabels(labels, classes) : undefined;
	if (!fitted)
		notes.push(`Its ${labels.length} labels do not fit its ${head ? classes : 0} outputs and are left out.`);
	return fitted;
}
