/**
 * The plan of inference in float32: layers → steps. Batch norm is folded, activations are bounds of the layers
 * before them (leaky ReLU alone is a step of its own), activations share an arena by liveness.
 */
import { MobileNetError, shown } from "../../base/error.ts";
import { asRecorded, paddedBias, type Shape } from "../../kernels/packing.ts";
import { kernels, pitchOf } from "../../kernels/table.ts";
import { type Build, mostBytes } from "../../kernels/walker.ts";
import { isConvolution, type Layer, layers } from "../../network/layers.ts";
import type { Model, Preprocessing } from "../../weights/record.ts";
import { type Buffer, layOut } from "../arena.ts";
import {
	type Activation,
	type Address,
	type Constant,
	lineBytes,
	type Placement,
	type Plan,
	type Step,
	stack,
} from "../plan.ts";

export interface InferenceOptions {
	readonly build: Build;
	/** The most pictures a run may bring. */
	readonly batch: number;
	/** Layers whose outputs must survive the run, besides the last three. */
	readonly keep?: readonly string[];
}

/** Always there after a run: the pooled features, the logits, the softmax. All are small. */
const kept = ["pool", "classifier", "probabilities"];

/**
 * Plans a network for inference.
 *
 * @param model decides the network and, with its preprocessing, what pictures become
 * @throws MobileNetError `engine` where the plan does not fit the 4 GB that WebAssembly can address; `usage` where a
 *   layer to keep does not exist
 * @example
 * inferencePlan(model, { build: "relaxed", batch: 1 }).steps.length
 */
export function inferencePlan(model: Model, { build, batch, keep = [] }: InferenceOptions): Plan {
	const { configuration, preprocessing } = model;
	const table = layers(configuration);
	const unknown = keep.find((name) => !table.some((layer) => layer.name === name));
	if (unknown !== undefined)
		throw new MobileNetError(
			"usage",
			`there is no layer ${shown(unknown)}; the layers are ${table.map((layer) => layer.name).join(", ")}.`,
		);

	const weights = stack();
	const placements: Placement[] = [];
	const constants: Constant[] = [];
	const inWeights = (offset: number): Address => ({ region: "weights", offset });
	const constant = (...values: number[]): Address => {
		const offset = weights.take(values.length * 4);
		constants.push({ offset, values });
		return inWeights(offset);
	};
	const place = (placement: Omit<Placement, "offset">): Address => {
		const offset = weights.take(placement.packing.length(placement.shape) * 4);
		placements.push({ ...placement, offset });
		return inWeights(offset);
	};
	const simd = build === "reference" ? "reference" : "simd";
	const biasPacking = build === "reference" ? asRecorded : paddedBias;
	const packed = (
		operation: "stemBytes" | "stemFloats" | "depthwise" | "pointwise",
		layer: Layer,
		inputs?: Placement["inputs"],
	) => {
		const { tensor, shape } = weightsOf(layer);
		return {
			weights: place({
				tensor: `${tensor}.weight`,
				shape,
				packing: kernels[operation].packing![simd],
				...(inputs ? { inputs } : {}),
			}),
			bias: place({ tensor: `${tensor}.bias`, shape: [layer.outputChannels, 1, 1, 1], packing: biasPacking }),
		};
	};

	const unbounded = constant(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
	const leaky = configuration.activation === "leakyRelu";
	const activated = leaky
		? unbounded
		: constant(0, configuration.activation === "relu6" ? 6 : Number.POSITIVE_INFINITY);
	const slope = leaky ? constant(configuration.leakySlope) : unbounded;

	// Steps are written with the numbers of their buffers, and get addresses once all lives are known.
	const buffers: { bytes: number; from: number; to: number }[] = [];
	const steps: Step[] = [];
	const activations = new Map<string, { buffer: number } & Omit<Activation, "offset">>();
	const unplaced = (buffer: number): Address => ({ region: "activations", offset: buffer });
	const newBuffer = (floats: number): number => {
		buffers.push({ bytes: floats * 4, from: steps.length, to: steps.length });
		return buffers.length - 1;
	};
	const output = (name: string, size: number, channels: number): { address: Address; pitch: number } => {
		const pitch = pitchOf(channels);
		const buffer = newBuffer(batch * size * size * pitch);
		activations.set(name, { buffer, size, channels, pitch });
		if (kept.includes(name) || keep.includes(name)) buffers[buffer]!.to = Number.POSITIVE_INFINITY;
		return { address: unplaced(buffer), pitch };
	};
	const used = (address: Address): Address => {
		const buffer = buffers[address.offset]!;
		buffer.to = Math.max(buffer.to, steps.length);
		return address;
	};

	const stem = table[0]!;
	const first = output("stem", stem.outputSize, stem.outputChannels);
	const geometry = {
		inputSize: stem.inputSize,
		outputSize: stem.outputSize,
		inputChannels: stem.inputChannels,
		outputChannels: stem.outputChannels,
		before: stem.padding.before,
		outputPitch: first.pitch,
	};
	const band = unplaced(newBuffer(kernels.stemFloats.extents(geometry).band));
	const input: Address = { region: "pixels", offset: 0 };
	const { order, factors, mean } = pixelInputs(preprocessing, stem.inputChannels);
	const byteWeights = packed("stemBytes", stem, { order, factors });
	const common = { ...geometry, bounds: activated, output: first.address };
	steps.push({
		operation: "stemFloats",
		layer: "stem",
		operands: { ...common, input, ...packed("stemFloats", stem), band: used(band) },
	});
	steps.push({
		operation: "stemBytes",
		layer: "stem",
		operands: {
			...common,
			pixels: input,
			...byteWeights,
			band: used(band),
			mean: constant(...Array.from({ length: stem.inputSize }, () => mean).flat()),
		},
	});

	let last = first;
	const leak = (layer: Layer): void => {
		if (!leaky || !isConvolution(layer)) return;
		const rows = layer.outputSize ** 2;
		steps.push({
			operation: "leakyRelu",
			layer: layer.name,
			operands: {
				values: used(last.address),
				slope,
				rows,
				channels: layer.outputChannels,
				pitch: last.pitch,
			},
		});
	};
	leak(stem);
	for (const layer of table.slice(1)) {
		const from = last;
		last = output(layer.name, layer.outputSize, layer.outputChannels);
		const ends = { input: used(from.address), output: last.address };
		const pitches = { inputPitch: from.pitch, outputPitch: last.pitch };
		if (layer.kind === "depthwise")
			steps.push({
				operation: "depthwise",
				layer: layer.name,
				operands: {
					...ends,
					...packed("depthwise", layer),
					...pitches,
					bounds: activated,
					inputSize: layer.inputSize,
					outputSize: layer.outputSize,
					channels: layer.outputChannels,
					stride: layer.stride,
					before: layer.padding.before,
				},
			});
		else if (layer.kind === "pool")
			steps.push({
				operation: "averagePool",
				layer: layer.name,
				operands: { ...ends, ...pitches, rows: layer.inputSize ** 2, channels: layer.outputChannels },
			});
		else
			steps.push({
				operation: "pointwise",
				layer: layer.name,
				operands: {
					...ends,
					...packed("pointwise", layer),
					...pitches,
					bounds: layer.kind === "dense" ? unbounded : activated,
					rows: layer.outputSize ** 2,
					inputChannels: layer.inputChannels,
					outputChannels: layer.outputChannels,
				},
			});
		leak(layer);
	}
	// There whatever the network gives out: answers are probabilities.
	if (configuration.head) {
		const logits = last;
		last = output("probabilities", 1, configuration.classes);
		steps.push({
			operation: "softmax",
			layer: "probabilities",
			operands: {
				input: used(logits.address),
				output: last.address,
				classes: configuration.classes,
				inputPitch: logits.pitch,
				outputPitch: last.pitch,
			},
		});
	}

	const arena = layOut(buffers satisfies Buffer[], lineBytes);
	const placed = (address: Address): Address =>
		address.region === "activations" ? { ...address, offset: arena.offsets[address.offset]! } : address;
	const pixels = batch * stem.inputSize ** 2 * stem.inputChannels * 4;
	const regions = { pixels, weights: weights.size(), activations: arena.size };
	checkSize(regions, batch, model);
	return {
		batch,
		size: stem.inputSize,
		inputChannels: stem.inputChannels,
		steps: steps.map((step) => ({ ...step, operands: mapAddresses(step.operands, placed) }) as Step),
		entries: { floats: 0, bytes: 1, after: 2 },
		regions,
		placements,
		constants,
		activations: new Map(
			[...activations]
				.filter(([name]) => kept.includes(name) || keep.includes(name))
				.map(([name, { buffer, ...rest }]) => [name, { ...rest, offset: arena.offsets[buffer]! }]),
		),
	};
}

/** Name and shape of a layer's weights in a folded record. */
function weightsOf(layer: Layer): { readonly tensor: string; readonly shape: Shape } {
	const inputs = layer.kind === "depthwise" ? 1 : layer.inputChannels;
	return {
		tensor: layer.kind === "dense" ? layer.name : `${layer.name}.conv`,
		shape: [layer.outputChannels, inputs, layer.kernel, layer.kernel],
	};
}

/** (pixel − mean) / std for every channel of the picture: which of the network's it is, 1 / std, and the mean. */
function pixelInputs({ mean, std, channelOrder }: Preprocessing, channels: number) {
	const order = Array.from({ length: channels }, (_, c) =>
		channelOrder === "bgr" && channels >= 3 && c < 3 ? 2 - c : c,
	);
	return { order, factors: order.map((c) => 1 / std[c]!), mean: order.map((c) => mean[c]!) };
}

function mapAddresses(
	operands: Step["operands"],
	place: (address: Address) => Address,
): Record<string, unknown> {
	return Object.fromEntries(
		Object.entries(operands).map(([name, value]) => [name, typeof value === "number" ? value : place(value)]),
	);
}

function checkSize(regions: Plan["regions"], batch: number, { configuration }: Model): void {
	const perPicture = (regions.pixels + regions.activations) / batch;
	const room = mostBytes - regions.weights - 2 ** 20;
	if (batch * perPicture <= room) return;
	const most = Math.floor(room / perPicture);
	throw new MobileNetError(
		"engine",
		`a batch of ${batch} at size ${configuration.size} takes ${((batch * perPicture) / 2 ** 30).toFixed(1)} GB, more than the 4 GB that the engine can address: ${most > 0 ? `take a batch of ${most} at most` : "take a smaller size"}.`,
	);
}
