/** The kernels of integer inference, from two files: those on words, and those on bytes. */
import { int8ByteKernels } from "./int8-byte-table.ts";
import type { int8ByteOperations, int8Operations } from "./int8-operations.ts";
import { int8Kernels } from "./int8-table.ts";
import type { Kernel } from "./kernel.ts";

export const integerKernels: {
	readonly [O in keyof typeof int8Operations | keyof typeof int8ByteOperations]: Kernel<O>;
} = { ...int8Kernels, ...int8ByteKernels };
