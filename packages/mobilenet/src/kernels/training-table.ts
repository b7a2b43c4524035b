/**
 * The kernels of training, from three files: pointwise and dense layers; depthwise layers and the stem; and everything
 * that works channel by channel or number by number.
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
