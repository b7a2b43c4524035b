/**
 * The plan of inference in integers, for fully quantized models (engine/integers.ts): layers → steps, like inference.ts
 * in float32. Activations are words, sums have 32 bits, and a sum becomes the next layer's word in the epilogue. Only the
 * softmax is computed in float, from the logits' words.
 */
import { rounding } from "../../kernels/int8-operations.ts";
import { bandSlack, scratchFloats, wordBandRows, wordPitchOf } from "../../kernels/int8-table.ts";
import type { Operands } from "../../kernels/operations.ts";
import { packedShape } from "../../kernels/packing.ts";
import { tableWords } from "../../kernels/reference/int8-lookup.ts";
import { pitchOf } from "../../kernels/table.ts";
import { isConvolution, isPool, type Layer, layers } from "../../network/layers.ts";
import type { Model } from "../../weights/model.ts";
import { namesOf } from "../../weights/names.ts";
import { type ModelParts, partsOf } from "../../weights/parts.ts";
import {
	hasByteWeights,
	linearName,
	multipliersName,
	rescaleName,
	tableName,
	type Words,
	wordBounds,
	wordsOf,
} from "../integers.ts";
import type { Address, Plan } from "../plan.ts";
import { createPlanBuilder, type Output, type PlanBuilder } from "../plan-builder.ts";
import {
	alwaysKept,
	checkKept,
	checkSize,
	type InferenceOptions,
	mostUneven,
	pixelInputs,
	probabilitiesInto,
} from "./inference.ts";
import { type PixelCodes, pixelCodesOf } from "./pixel-codes.ts";

/** Bytes of a block's depthwise results that are computed at a time, so that they stay in the L2 cache. */
const bandBytes = 192 * 1024;

export interface Int8Options extends InferenceOptions {
	/** Whether the loaded kernels include those on bytes. Default: false. */
	readonly bytes?: boolean;
}

/**
 * Plans a quantized network for inference in integers.
 *
 * @param model a model that runs in integers (`runsInIntegers`)
 * @throws MobileNetError like `inferencePlan`, and `broken-file` if a scale or zero point is invalid
 * @example
 * createExecutor(int8Plan(model, { build: "relaxed", batch: 1 }), integers(model), loaded)
 */
export function int8Plan(model: Model, options: Int8Options): Plan {
	const { configuration } = model;
	const { build, batch, keep = [], threads = 1, bytes: hasBytes = false } = options;
	const table = layers(configuration);
	checkKept(keep, table);

	const plan = createPlanBuilder(build);
	const isKept = (name: string): boolean => alwaysKept.includes(name) || keep.includes(name);
	const parts = partsOf(model);
	const words = wordsOf(parts);
	const pixelCodes = pixelCodesOf(model, words.get("input")!);
	const byteLayers = new Set(hasBytes ? layersOfBytes(parts, model, words) : []);
	const network: Network = {
		...{ plan, model, batch, threads, isKept },
		words,
		pixelCodes,
		takesBytes: ({ name }) => byteLayers.has(name),
	};
	const [stem, ...rest] = table;
	let last = stemSteps(network, stem!);
	for (let i = 0; i < rest.length; i++) {
		const [layer, next] = [rest[i]!, rest[i + 1]];
		if (layer.kind === "depthwise" && next && mayFuse(network, layer)) {
			last = separableStep(network, layer, next, last);
			i++;
		} else if (layer.name === "classifier") denseSteps(network, layer, last);
		else last = layerStep(network, layer, last);
	}

	const { bytes, placed: _, ...drafted } = plan.finish();
	const { size, inputChannels } = configuration;
	const regions = {
		pixels: batch * size ** 2 * inputChannels * 4,
		...bytes,
	};
	checkSize(regions, batch, size);
	const entries = { floats: 0, bytes: 1, after: 2 };
	return {
		...{ ...drafted, build, threads, batch, size, inputChannels, entries, regions },
		...(pixelCodes.tables && { pixelTable: pixelCodes.tables }),
	};
}

/** What the functions that make steps share. */
interface Network {
	readonly plan: PlanBuilder;
	readonly model: Model;
	readonly batch: number;
	readonly threads: number;
	readonly isKept: (layer: string) => boolean;
	/** Of the picture (`input`) and of what each layer gives out. */
	readonly words: ReadonlyMap<string, Words>;
	readonly pixelCodes: PixelCodes;
	/** Whether a pointwise layer, or the classifier, multiplies bytes. */
	readonly takesBytes: (layer: Layer) => boolean;
}

function outputOf(
	{ plan, batch, isKept, words }: Network,
	{ name, outputSize, outputChannels }: Layer,
): Output {
	const { scale } = words.get(name)!;
	const activation = {
		size: outputSize,
		channels: outputChannels,
		pitch: wordPitchOf(outputChannels),
		scale,
	};
	return plan.output(name, activation, batch, isKept(name));
}

function boundsOf({ plan, model, words }: Network, layer: Layer): Address {
	const linear = words.get(linearName(layer));
	if (linear) return plan.constant(linear.low, linear.high, rounding);
	return plan.constant(...wordBounds(model, layer, words.get(layer.name)!), rounding);
}

/** The words of a convolution after leaky ReLU, which is a table; its other activations are bounds. */
function activated({ plan, words }: Network, layer: Layer, output: Output): Output {
	const { address, pitch } = output;
	if (isConvolution(layer) && words.has(linearName(layer)))
		plan.step("int8Lookup", layer.name, {
			...{ input: address, inputPitch: pitch, output: address, outputPitch: pitch },
			...{ rows: layer.outputSize ** 2, channels: layer.outputChannels },
			table: plan.weights("wordTable", tableName(layer), packedShape([tableWords])),
		});
	return output;
}

/** The layers whose weights are signed bytes, and whose inputs are never negative, so that their words fit in bytes. */
function layersOfBytes(
	{ layers: all }: ModelParts,
	model: Model,
	words: ReadonlyMap<string, Words>,
): string[] {
	let least = Number.NEGATIVE_INFINITY;
	return all.flatMap((own) => {
		const { layer } = own;
		const fits = own.weight && hasByteWeights(own) && least >= 0;
		// Pools give out nothing that they did not take.
		if (!isPool(layer)) [least] = wordBounds(model, layer, words.get(layer.name)!);
		return fits ? [layer.name] : [];
	});
}

/** Weights, bias and multipliers of a layer, by their names in an integer model. */
function parametersOf({ plan }: Network, layer: Layer, panels: "wordPanels" | "bytePanels" = "wordPanels") {
	const names = namesOf(layer);
	const isDepthwise = layer.kind === "depthwise";
	const channels = layer.outputChannels;
	return {
		weights: plan.weights(isDepthwise ? "floatLanes" : panels, names.weight, packedShape(layer.weightShape)),
		bias: plan.weights(isDepthwise ? "bias" : "panelBias", names.bias, packedShape([channels])),
		multipliers: plan.weights(
			isDepthwise ? "lanePairs" : "panelPairs",
			multipliersName(layer),
			packedShape([channels, 2]),
		),
	};
}

/** Two steps, of which a run uses one: for floats, which are quantized, and for pixels, which are codes by now. */
function stemSteps(network: Network, layer: Layer): Output {
	const { plan, model, threads, pixelCodes } = network;
	const { inputSize, outputSize, inputChannels, outputChannels, padding } = layer;
	const output = outputOf(network, layer);
	const codes = network.words.get("input")!;
	const bandWords = (wordBandRows * 2 + 1) * ((outputSize - 1) * 2 + 3) * inputChannels + bandSlack;
	const bandFloats = Math.ceil(bandWords / 2);
	const common = {
		...{ inputSize, outputSize, inputChannels, outputChannels, before: padding.before },
		...{ outputPitch: output.pitch, bandRows: wordBandRows, output: output.address },
		bounds: boundsOf(network, layer),
		band: plan.scratch(threads * bandFloats),
	};
	const input: Address = { region: "pixels", offset: 0 };
	const parameters = parametersOf(network, layer);
	plan.step("int8StemFloats", layer.name, {
		...common,
		...parameters,
		input,
		factor: plan.constant(1 / codes.scale),
		inputBounds: plan.constant(codes.low, codes.high, rounding),
	});

	// The weights in the order of the picture's channels.
	const { order } = pixelInputs(model.preprocessing, inputChannels);
	const shape = packedShape(layer.weightShape);
	plan.step("int8StemBytes", layer.name, {
		...common,
		...parameters,
		weights: plan.weights("wordPanels", namesOf(layer).weight, shape, { order, factors: order.map(() => 1) }),
		pixels: input,
		zeroPoint: pixelCodes.zeroPoint,
	});
	return activated(network, layer, output);
}

/**
 * Whether a block may be one step: the output between its layers is not kept and needs no table, and threads get about
 * equal shares.
 */
function mayFuse({ batch, threads, isKept, words }: Network, depthwise: Layer): boolean {
	const rows = batch * depthwise.outputSize;
	if (words.has(linearName(depthwise))) return false;
	return !isKept(depthwise.name) && (Math.ceil(rows / threads) * threads) / rows <= mostUneven;
}

function separableStep(network: Network, depthwise: Layer, pointwise: Layer, from: Output): Output {
	const { plan, batch, threads, takesBytes } = network;
	const { inputSize, outputSize, inputChannels, stride, padding } = depthwise;
	const output = outputOf(network, pointwise);
	const isOfBytes = takesBytes(pointwise);
	const bandPitch = wordPitchOf(inputChannels);
	const rowBytes = outputSize * bandPitch * (isOfBytes ? 1 : 2);
	const bandRows = Math.min(batch * outputSize, Math.max(1, Math.floor(bandBytes / rowBytes)));
	const own = parametersOf(network, depthwise);
	plan.step(isOfBytes ? "int8ByteSeparable" : "int8Separable", pointwise.name, {
		...parametersOf(network, pointwise, isOfBytes ? "bytePanels" : "wordPanels"),
		...{ depthwiseWeights: own.weights, depthwiseBias: own.bias, depthwiseMultipliers: own.multipliers },
		...{ depthwiseBounds: boundsOf(network, depthwise), bounds: boundsOf(network, pointwise) },
		...{ input: from.address, output: output.address, scratch: plan.scratch(threads * scratchFloats) },
		band: plan.scratch(Math.ceil((threads * (isOfBytes ? bandRows + 1 : bandRows) * rowBytes) / 4)),
		...{ inputSize, outputSize, inputChannels, outputChannels: pointwise.outputChannels, stride },
		...{ before: padding.before, inputPitch: from.pitch, bandPitch, outputPitch: output.pitch, bandRows },
	});
	return output;
}

/** The steps of a single layer, except the stem and the classifier. */
function layerStep(network: Network, layer: Layer, from: Output): Output {
	const { plan, threads } = network;
	const { inputSize, outputSize, outputChannels, stride, padding } = layer;
	const output = outputOf(network, layer);
	const ends = {
		...{ input: from.address, inputPitch: from.pitch, bounds: boundsOf(network, layer) },
		...{ output: output.address, outputPitch: output.pitch },
	};
	if (layer.kind === "maxPool" || layer.kind === "flatten") {
		const { bounds: _, ...others } = ends;
		const pixels = { rows: inputSize ** 2, channels: layer.inputChannels };
		plan.step(layer.kind === "maxPool" ? "int8MaxPool" : "int8Flatten", layer.name, { ...others, ...pixels });
	} else if (layer.kind === "pool")
		plan.step("int8AveragePool", layer.name, {
			...{ ...ends, rows: inputSize ** 2, channels: outputChannels },
			rescale: plan.weights("bias", rescaleName, packedShape([2])),
		});
	else if (layer.kind === "depthwise")
		plan.step("int8Depthwise", layer.name, {
			...{ ...ends, ...parametersOf(network, layer), scratch: plan.scratch(threads * scratchFloats) },
			...{ inputSize, outputSize, channels: outputChannels, stride, before: padding.before },
		});
	else if (network.words.has(linearName(layer)) && !isConvolution(layer)) lookupSteps(network, layer, ends);
	else pointwiseStep(network, layer, ends);
	return activated(network, layer, output);
}

/** Where a step's words come from and where they go. */
type Ends = Pick<
	Operands<"int8Pointwise", Address>,
	"input" | "inputPitch" | "bounds" | "output" | "outputPitch"
>;

/** A dense layer, and the table that makes the words of its activation of its words. */
function lookupSteps(network: Network, layer: Layer, { output, outputPitch, ...from }: Ends): void {
	const { plan, batch, words } = network;
	const { low, high } = words.get(linearName(layer))!;
	const pitch = wordPitchOf(layer.outputChannels);
	const linear = plan.scratch(Math.ceil((batch * pitch) / 2));
	const bounds = plan.constant(low, high, rounding);
	pointwiseStep(network, layer, { ...from, bounds, output: linear, outputPitch: pitch });
	plan.step("int8Lookup", layer.name, {
		...{ input: linear, inputPitch: pitch, output, outputPitch, rows: 1, channels: layer.outputChannels },
		table: plan.weights("wordTable", tableName(layer), packedShape([tableWords])),
	});
}

/** The step of a pointwise layer, or of the classifier, which has one row per picture. */
function pointwiseStep(network: Network, layer: Layer, ends: Ends): void {
	const { plan, batch, threads, takesBytes } = network;
	const { inputChannels, outputChannels } = layer;
	const rows = layer.outputSize ** 2;
	const operands = { ...ends, rows, inputChannels, outputChannels };
	if (!takesBytes(layer)) {
		plan.step("int8Pointwise", layer.name, { ...operands, ...parametersOf(network, layer) });
		return;
	}
	const bandPitch = wordPitchOf(inputChannels);
	// A row of a flattened picture may be longer than a band.
	const bandRows = Math.min(batch * rows, Math.max(1, Math.floor(bandBytes / bandPitch)));
	plan.step("int8BytePointwise", layer.name, {
		...{ ...operands, ...parametersOf(network, layer, "bytePanels"), bandPitch, bandRows },
		band: plan.scratch(Math.ceil((threads * bandRows * bandPitch) / 4)),
	});
}

/** The classifier, its logits as floats, and their softmax. */
function denseSteps(network: Network, layer: Layer, from: Output): void {
	const { plan, batch } = network;
	const { name, outputChannels } = layer;
	const wordPitch = wordPitchOf(outputChannels);
	const { scale } = network.words.get(name)!;
	const words = plan.scratch(Math.ceil((batch * wordPitch) / 2));
	pointwiseStep(network, layer, {
		...{ input: from.address, inputPitch: from.pitch, bounds: boundsOf(network, layer) },
		...{ output: words, outputPitch: wordPitch },
	});
	const activation = { size: 1, channels: outputChannels, pitch: pitchOf(outputChannels) };
	const logits = plan.output(name, activation, batch, true);
	plan.step("dequantize", name, {
		...{ input: words, inputPitch: wordPitch, scale: plan.constant(scale) },
		...{ output: logits.address, outputPitch: logits.pitch, channels: outputChannels },
	});
	// Also for networks that output logits: answers are probabilities.
	const { classes } = network.model.configuration;
	const answers = { ...activation, channels: classes, pitch: pitchOf(classes) };
	probabilitiesInto(network, logits, plan.output("probabilities", answers, batch, true));
}
