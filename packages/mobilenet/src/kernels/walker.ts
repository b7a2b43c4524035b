/**
 * A walker executes the steps of a plan in a memory. Every build of the kernels has one in WebAssembly; another, in
 * TypeScript, calls the reference. All read the same words.
 */
import { MobileNetError, messageOf } from "../base/error.ts";
import type { Kernel, KernelTable } from "./kernel.ts";
import {
	arrayAt,
	type Operands,
	type Operation,
	operationNames,
	operations,
	stepWords,
} from "./operations.ts";
import { type CompiledModule, webAssembly } from "./webassembly.ts";

/**
 * `wide`: WebAssembly that V8 compiles to 256-bit vectors. `relaxed` and `baseline`: 128-bit vectors with and without
 * fused multiply-add. `reference`: TypeScript.
 */
export type Build = "wide" | "relaxed" | "baseline" | "reference";

/** A build that is ready to run. */
export type LoadedBuild =
	| { readonly build: "reference"; readonly kernels: KernelTable }
	| {
			readonly build: "wide" | "relaxed" | "baseline";
			readonly module: CompiledModule;
			/** Whether the module takes memory that threads share. */
			readonly shared: boolean;
			/** The kernels that the module holds. */
			readonly kernels: KernelTable;
	  };

/** Which packings of weights a build takes. */
export function packingOf(build: Build): "reference" | "narrow" | "wide" {
	return build === "relaxed" || build === "baseline" ? "narrow" : build;
}

export interface Walker {
	readonly buffer: ArrayBuffer;
	/** The memory to pass to workers; undefined without threads. */
	readonly memory?: object | undefined;
	/**
	 * Runs this thread's share, as the first of `threads` threads, of step `entry` and of those of steps `first` to `last`
	 * that follow it. The plan is at byte `plan`, the run block at byte `block`. Takes numbers rather than an object because
	 * it is called often.
	 */
	readonly run: (
		plan: number,
		entry: number,
		first: number,
		last: number,
		block: number,
		threads: number,
	) => void;
}

const pageBytes = 65536;
/** 4 GB: WebAssembly addresses have 32 bits. */
export const mostBytes = 65536 * pageBytes;

/** A walker with its own memory of at least `bytes` bytes, all zero. */
export function createWalker(loaded: LoadedBuild, bytes: number): Walker {
	const pages = Math.ceil(bytes / pageBytes);
	try {
		if (loaded.build === "reference")
			return referenceWalker(new ArrayBuffer(pages * pageBytes), loaded.kernels);
		const { module, shared } = loaded;
		const memory = new (webAssembly().Memory)({ initial: pages, maximum: pages, shared });
		const { exports } = new (webAssembly().Instance)(module, { env: { memory } });
		const walk = exports.run as (...words: number[]) => void;
		return {
			buffer: memory.buffer,
			memory: shared ? memory : undefined,
			run: (plan, entry, first, last, block, threads) => walk(plan, entry, first, last, block, 0, threads),
		};
	} catch (error) {
		if (!(error instanceof RangeError)) throw error;
		throw new MobileNetError(
			"engine",
			`the plan needs ${Math.ceil(bytes / 2 ** 20)} MB of memory, which the system does not provide (${messageOf(error)}): use a smaller batch or size.`,
			{ cause: error },
		);
	}
}

function referenceWalker(buffer: ArrayBuffer, kernels: KernelTable): Walker {
	const words = new Int32Array(buffer);
	const run: Walker["run"] = (plan, entry, first, last, block) => {
		const pictures = words[block / 4]!;
		const later = Array.from({ length: Math.max(0, last - first) }, (_, i) => first + i).filter(
			(i) => i > entry,
		);
		for (const i of [entry, ...later]) {
			const step = words.subarray(plan / 4 + i * stepWords, plan / 4 + (i + 1) * stepWords);
			runReference(kernels, operationNames[step[0]!]!, step, buffer, pictures);
		}
	};
	return { buffer, run };
}

function runReference<O extends Operation>(
	kernels: KernelTable,
	operation: O,
	step: Int32Array,
	buffer: ArrayBuffer,
	pictures: number,
): void {
	const operands = Object.entries(operations[operation]).map(([name, kind], i) => {
		const word = step[i + 1]! >>> 0;
		return [name, kind === "integer" ? word : arrayAt(kind, buffer, word)];
	});
	kernelOf(kernels, operation).reference(Object.fromEntries(operands) as Operands<O>, pictures);
}

/** The row of an operation in a table of kernels. */
export function kernelOf<O extends Operation>(kernels: KernelTable, operation: O): Kernel<O> {
	const kernel = kernels[operation];
	if (!kernel) throw new Error(`the loaded kernels do not include ${operation}`);
	return kernel;
}
