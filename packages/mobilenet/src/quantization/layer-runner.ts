/**
 * Runs a single layer on the engine's float kernels, without bias or activation. It serves two purposes: with float weights
 * and mean activations it computes a layer's mean output; with words, whose sums float32 represents exactly up to 2^24, it
 * runs a network layer by layer as integer kernels would.
 */
import { createExecutor } from "../engine/executor.ts";
import type { Address, Plan } from "../engine/plan.ts";
import { createPlanBuilder } from "../engine/plan-builder.ts";
import { poolSteps } from "../engine/plans/inference.ts";
import { packedShape } from "../kernels/packing.ts";
import { pitchOf, stemBandRows } from "../kernels/table.ts";
import type { LoadedBuild } from "../kernels/walker.ts";
import type { Layer } from "../network/layers.ts";
import type { Model } from "../weights/model.ts";
import { filled, float32 } from "../weights/tensor.ts";

/** Maps numbers [inputSize, inputSize, inputChannels] to sums [outputSize, outputSize, outputChannels], both dense. */
export type LayerRunner = (input: ArrayLike<number>) => Float32Array;

/** A runner of a layer with these weights, which are copied. A pool has none and computes means. */
export function layerRunner(
	layer: Layer,
	weights: Float32Array,
	model: Model,
	loaded: LoadedBuild,
): LayerRunner {
	const { inputSize, inputChannels, outputChannels } = layer;
	const tensors = new Map([
		["weight", float32(weights, layer.weightShape)],
		["bias", filled([outputChannels], 0)],
	]);
	const plan = layerPlan(layer, loaded);
	const executor = createExecutor(plan, { ...model, tensors }, loaded);
	const { floats } = executor;
	const gap = plan.inputChannels - inputChannels;
	return (input) => {
		for (let pixel = 0, from = 0, to = 0; pixel < inputSize ** 2; pixel++, to += gap)
			for (let c = 0; c < inputChannels; c++) floats[to++] = input[from++]!;
		executor.run("floats", 1);
		return executor.read(layer.name, 0);
	};
}

/** A plan of one step, whose input is in the region of pictures but has the pitch of an activation. */
function layerPlan(layer: Layer, { build }: LoadedBuild): Plan {
	const { name, kind, stride, padding, inputSize, outputSize, inputChannels, outputChannels } = layer;
	const plan = createPlanBuilder(build);
	const inputPitch = kind === "convolution" ? inputChannels : pitchOf(inputChannels);
	const pitch = pitchOf(outputChannels);
	const output = plan.output(name, { size: outputSize, channels: outputChannels, pitch }, 1, true);
	const input: Address = { region: "pixels", offset: 0 };
	const ends = { input, output: output.address, outputPitch: pitch };
	const parameters = () => {
		const packing = kind === "depthwise" ? "lanes" : "panels";
		return {
			weights: plan.weights(packing, "weight", packedShape(layer.weightShape)),
			bias: plan.weights("bias", "bias", packedShape([outputChannels])),
			bounds: plan.constant(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY),
		};
	};
	const square = { inputSize, outputSize, before: padding.before };
	if (kind === "convolution")
		plan.step("stemFloats", name, {
			...ends,
			...parameters(),
			...square,
			inputChannels,
			outputChannels,
			bandRows: stemBandRows,
			band: plan.scratch((stemBandRows * 2 + 1) * ((outputSize - 1) * 2 + 3) * inputChannels),
		});
	else if (kind === "depthwise")
		plan.step("depthwise", name, {
			...ends,
			...parameters(),
			...square,
			channels: outputChannels,
			stride,
			inputPitch,
		});
	else if (kind === "pool" || kind === "maxPool" || kind === "flatten")
		plan.step(poolSteps[kind], name, { ...ends, inputPitch, rows: inputSize ** 2, channels: inputChannels });
	else
		plan.step("pointwise", name, {
			...ends,
			...parameters(),
			rows: outputSize ** 2,
			inputChannels,
			outputChannels,
			inputPitch,
		});
	const { bytes, placed: _, ...finished } = plan.finish();
	return {
		...finished,
		build,
		threads: 1,
		batch: 1,
		size: inputSize,
		inputChannels: inputPitch,
		entries: { floats: 0, bytes: 0, after: 1 },
		regions: { pixels: inputSize ** 2 * inputPitch * 4, ...bytes },
	};
}
