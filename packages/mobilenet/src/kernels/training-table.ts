/**
 * The kernels of training, as table.ts lists those of inference: the rows of pointwise and dense layers, of depthwise
 * layers and the stem, and of all that goes channel by channel or number by number, each in a file of its own.
 */
import type { Kernel } from "./kernel.ts";
import { trainingDepthwiseKernels } from "./training-depthwise-table.ts";
import type { trainingOperations } from "./training-operations.ts";
import { trainingPointwiseKernels } from "./training-pointwise-table.ts";
import { trainingVectorKernels } from "./training-vector-table.ts";

export const trainingKernels: { readonly [O in keyof typeof trainingOperations]: Kernel<O> } = {
	...trainingPointwiseKernels,
	...trainingDepthwiseKernels,
	...trainingVectorKernels,
};
