/** How a training plan divides the work of a layer into bands and slices, and the buffers that a thread needs for a band. */
import { pitchOf } from "../../kernels/table.ts";
import {
	depthwiseBackwardBandRows,
	slicesOf,
	trainDepthwiseBandRows,
	trainingDepthwiseKernels,
	trainStemBandRows,
} from "../../kernels/training-depthwise-table.ts";
import {
	pointwiseBandRows,
	pointwiseSlices,
	trainingPointwiseKernels,
	trainPointwiseBandRows,
} from "../../kernels/training-pointwise-table.ts";
import type { Layer } from "../../network/layers.ts";

/** The bands of a layer in one direction, forward or backward. */
export interface Bands {
	/** Rows per band: rows of pixels for 3×3 layers, single pixels elsewhere. */
	readonly bandRows: number;
	/** Floats of a thread's buffers. */
	readonly bandFloats: number;
}

/** The bands of a layer in both directions; the gradient of the weights is summed in slices. */
export interface LayerBands {
	readonly forward: Bands;
	readonly backward: Bands & { readonly slices: number };
}

/** The bands of a convolution that learns. */
export function bandsOfLayer(layer: Layer, batch: number): LayerBands {
	if (layer.kind === "depthwise") return depthwiseBands(layer, batch);
	return layer.kind === "pointwise" ? pointwiseBands(layer, batch) : stemBands(layer, batch);
}

function depthwiseBands(layer: Layer, batch: number): LayerBands {
	const { inputSize, outputSize, outputChannels: channels, stride, padding } = layer;
	const geometry = {
		...{ inputSize, outputSize, channels, stride, before: padding.before },
		...{ inputPitch: pitchOf(channels), outputPitch: pitchOf(channels) },
	};
	const forward = { ...geometry, bandRows: trainDepthwiseBandRows(geometry, batch) };
	const bandRows = depthwiseBackwardBandRows(geometry, batch);
	const slices = slicesOf(batch * inputSize, bandRows);
	const backward = { ...geometry, bandRows, slices, wantsInput: 1 };
	return {
		forward: {
			bandRows: forward.bandRows,
			bandFloats: trainingDepthwiseKernels.trainDepthwise.extents(forward).band!,
		},
		backward: {
			...{ bandRows, slices },
			bandFloats: trainingDepthwiseKernels.depthwiseBackward.extents(backward).band!,
		},
	};
}

function pointwiseBands(layer: Layer, batch: number): LayerBands {
	const { outputSize, inputChannels, outputChannels } = layer;
	const rows = outputSize ** 2;
	const geometry = {
		...{ rows, inputChannels, outputChannels },
		...{ inputPitch: pitchOf(inputChannels), outputPitch: pitchOf(outputChannels) },
	};
	const forward = {
		...geometry,
		bandRows: trainPointwiseBandRows(batch * rows, inputChannels, outputChannels),
	};
	const slices = pointwiseSlices(batch * rows);
	const bandRows = pointwiseBandRows(batch * rows, inputChannels, outputChannels, slices);
	return {
		forward: {
			bandRows: forward.bandRows,
			bandFloats: trainingPointwiseKernels.trainPointwise.extents(forward).band!,
		},
		backward: {
			...{ bandRows, slices },
			bandFloats: trainingPointwiseKernels.pointwiseBackward.extents({
				...geometry,
				...{ bandRows, slices, wantsInput: 1 },
			}).band!,
		},
	};
}

function stemBands(layer: Layer, batch: number): LayerBands {
	const { inputSize, outputSize, inputChannels, outputChannels, padding } = layer;
	const geometry = {
		...{ inputSize, outputSize, inputChannels, outputChannels },
		...{ before: padding.before, outputPitch: pitchOf(outputChannels) },
	};
	const bandRows = trainStemBandRows(geometry, batch);
	const slices = slicesOf(batch * outputSize, bandRows);
	return {
		forward: {
			bandRows,
			bandFloats: trainingDepthwiseKernels.trainStem.extents({ ...geometry, bandRows }).band!,
		},
		backward: {
			...{ bandRows, slices },
			bandFloats: trainingDepthwiseKernels.stemBackward.extents({ ...geometry, bandRows, slices }).band!,
		},
	};
}
