/**
 * From the chain of layers that a format's reader found to a MobileNet v1's model, once for all formats: the
 * configuration is derived from the layers themselves, never from names; the tensors get their canonical names
 * and stay as the file has them. A network that is no MobileNet v1 is refused with what was found instead.
 */
import { MobileNetError } from "../../base/error.ts";
import { fittedLabels } from "../../labels/parse.ts";
import { type Configuration, configure, presets } from "../../network/configuration.ts";
import { layers } from "../../network/layers.ts";
import type { Label, Model } from "../../weights/model.ts";
import type { Found } from "./chain.ts";
import { mergedClassifier } from "./classifier.ts";
import { activationOf, batchNormOf, geometryOf } from "./conventions.ts";
import { findWidth, type Width } from "./multiplier.ts";
import { preprocessingOf } from "./preprocessing.ts";
import { type BaseChannels, type NamedTensors, namedTensors } from "./tensors.ts";
import { type ActiveUnit, type Parts, partsOf, refuse } from "./units.ts";

/** Size of the networks that do not say theirs. */
const usualSize = 224;

/**
 * The model of what was found.
 *
 * What a file leaves open and answers depend on (size, preprocessing) gets its usual value and is listed in
 * `source.assumed`. What only training needs (momentum, epsilon where batch norm is folded) comes from the preset
 * that the padding points to.
 *
 * @throws MobileNetError `not-mobilenet` for another network, `broken-file` where layers contradict each other,
 * `unsupported` for a MobileNet v1 that no configuration expresses
 */
export function recognize(found: Found): Model {
	const size = found.size ?? usualSize;
	if (!(Number.isInteger(size) && size > 0))
		refuse(found, `its input is of ${size} pixels where a whole number was expected`, "broken-file");
	const parts = partsOf(found);
	const units = [parts.stem, ...parts.blocks.flatMap(({ depthwise, pointwise }) => [depthwise, pointwise])];
	const geometry = geometryOf(found, parts, size);
	const preset = geometry.padding === "same" ? "tf" : geometry.lastBlock === "stride2" ? "tutorial" : "torch";
	const batchNorm = batchNormOf(found, units);
	const { classifier, notes: classifierNotes } = mergedClassifier(found, parts.classifiers);
	const named = namedTensors(found, parts, classifier, baseChannels(geometry.depth));
	const { inputChannels, classes, tensors } = named;
	const { epsilon = presets[preset].epsilon, momentum = presets[preset].momentum } = batchNorm;

	const configuration = configured(found, {
		...presets[preset],
		...geometry,
		...widthOf(found, named, presets[preset].channelRounding),
		...activationOf(found, units),
		inputChannels,
		epsilon,
		momentum,
		...(classes === undefined ? { head: false } : { head: true, classes }),
		dropout: parts.dropout,
		output: parts.softmax ? "softmax" : "logits",
	});
	const { preprocessing, assumed } = preprocessingOf(found, inputChannels);
	const notes = [...(found.notes ?? []), ...stemNotes(parts), ...batchNorm.notes, ...classifierNotes];
	if (!parts.pool) notes.push("It ends with the last block; the average pool after it is added.");
	const labels = labelsOf(found, configuration, notes);
	return {
		configuration,
		tensors,
		preprocessing,
		...(found.rounding && { rounding: found.rounding }),
		...(labels && { labels }),
		source: {
			format: found.format,
			assumed: [...(found.size === undefined ? ["size"] : []), ...(found.assumed ?? []), ...assumed],
			notes,
		},
	};
}

/** Channels of stem and blocks at α = 1, from the table of the network. */
function baseChannels(depth: Configuration["depth"]): BaseChannels {
	const [stem, ...rest] = layers({ ...presets.tf, depth }).map((layer) => layer);
	const blocks = rest.filter(({ kind }) => kind === "pointwise").map(({ outputChannels }) => outputChannels);
	return { stem: stem!.outputChannels, blocks };
}

function widthOf(found: Found, { counts }: NamedTensors, preferred: Configuration["channelRounding"]): Width {
	const fitting = findWidth(counts, preferred);
	if (fitting) return fitting;
	const channels = counts.map((count) => count.channels).join(", ");
	const [stem, ...others] = counts;
	const withoutStem = findWidth(others, preferred);
	if (withoutStem && stem?.channels === stem?.base)
		refuse(
			found,
			`its first convolution has all ${stem?.base} channels where its blocks have α = ${withoutStem.alpha} (as older code of the tutorial does it), and a configuration's α scales every layer`,
			"unsupported",
		);
	return refuse(
		found,
		`its first convolution and its blocks have ${channels} outputs where ${counts.map(({ base }) => base).join(", ")}, times one width multiplier α, were expected (layers ${counts[0]?.layer} to ${counts.at(-1)?.layer})`,
	);
}

function configured(found: Found, configuration: Configuration): Configuration {
	try {
		return configure(configuration);
	} catch (error) {
		if (!(error instanceof MobileNetError)) throw error;
		return refuse(found, `its ${error.message.replace(/\.$/, "")}`);
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
	{ labels }: Found,
	{ head, classes }: Configuration,
	notes: string[],
): readonly Label[] | undefined {
	if (!labels || labels.length === 0) return undefined;
	const fitted = head ? fittedLabels(labels, classes) : undefined;
	if (!fitted)
		notes.push(`Its ${labels.length} labels do not fit its ${head ? classes : 0} outputs and are left out.`);
	return fitted;
}
