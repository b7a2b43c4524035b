/**
 * Chooses the build of the kernels for this machine: the fastest that it can run and that passes the self-test. The
 * choice depends on the platform's features and on computed results, never on timing, and is made once per process.
 */
import { compile, findWide } from "#wide";
import { fromBase64 } from "../base/base64.ts";
import { MobileNetError, messageOf, shown } from "../base/error.ts";
import type { KernelTable } from "./kernel.ts";
import type { KernelSet } from "./operations.ts";
import { exactKernels, selfTest } from "./self-test.ts";
import { kernels } from "./table.ts";
import type { Build, LoadedBuild } from "./walker.ts";
import { type CompiledModule, findWebAssembly } from "./webassembly.ts";

/**
 * The builds of the kernels, fastest first; not every machine can run each.
 *
 * @example
 * const model = await MobileNet.load("model.tflite", { build: builds.at(-1) }); // reference: plain TypeScript
 */
export const builds: readonly Build[] = ["wide", "relaxed", "baseline", "reference"];
/** Relative tolerance of the self-test. Float32 sums of a few dozen numbers in another order differ by about 1e-7. */
const closeEnough = 1e-5;

export interface ChosenBuild {
	readonly loaded: LoadedBuild;
	/** The faster builds that do not run here, each with the reason: `wide: the processor has no AVX2 and FMA`. */
	readonly skippedBuilds: readonly string[];
}

export interface BuildOptions {
	/** The only build to try. Default: that of the environment variable MOBILENET_SIMD, else the fastest. */
	readonly build?: Build | undefined;
	/** Whether threads will share the memory. Default: false. */
	readonly shared?: boolean | undefined;
	/** Which kernels the module holds. Default: `float`. */
	readonly kernelSet?: KernelSet | undefined;
}

/** Builds that are already compiled and tested. */
const chosen = new Map<string, Promise<ChosenBuild>>();

/**
 * Loads and tests the build to run.
 *
 * @throws MobileNetError `engine` if the requested build cannot run here, `usage` if MOBILENET_SIMD is not a build
 * @example
 * const { loaded } = await loadBuild({ kernelSet: "training" });
 */
export function loadBuild({
	build = fromEnvironment(),
	shared = false,
	kernelSet = "float",
}: BuildOptions = {}): Promise<ChosenBuild> {
	const key = `${build} ${shared} ${kernelSet}`;
	let choice = chosen.get(key);
	if (!choice) {
		choice = choose(build, shared, kernelSet);
		chosen.set(key, choice);
	}
	return choice;
}

function fromEnvironment(): Build | undefined {
	const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
	const name = process?.env?.MOBILENET_SIMD;
	if (name === undefined || name === "" || builds.includes(name as Build))
		return (name || undefined) as Build | undefined;
	throw new MobileNetError(
		"usage",
		`MOBILENET_SIMD must be ${builds.join(", ")} or unset, not ${shown(name)}.`,
	);
}

async function choose(
	forced: Build | undefined,
	shared: boolean,
	kernelSet: KernelSet,
): Promise<ChosenBuild> {
	const skippedBuilds: string[] = [];
	for (const build of forced ? [forced] : builds) {
		try {
			const loaded = await load(build, shared, kernelSet, forced !== undefined);
			return { loaded, skippedBuilds };
		} catch (error) {
			skippedBuilds.push(`${build}: ${messageOf(error)}`);
		}
	}
	throw new MobileNetError("engine", `no build of the kernels can run here: ${skippedBuilds.join("; ")}.`);
}

async function load(
	build: Build,
	shared: boolean,
	kernelSet: KernelSet,
	asked: boolean,
): Promise<LoadedBuild> {
	const kernels = await tableOf(kernelSet);
	if (build === "reference") return { build, kernels };
	const platform = findWebAssembly();
	if (!platform) throw new Error("this platform has no WebAssembly");
	if (build === "wide") {
		const wide = findWide(asked, shared);
		if (typeof wide === "string") throw new Error(wide);
		const widened = wide.embedded[kernelSet];
		// Kernels that this version of V8 does not widen are fastest at 128 bits.
		if (!widened) return load("relaxed", shared, kernelSet, asked);
		const bytes = withSharing(fromBase64(await widened()), shared);
		const loaded = { build, shared, kernels, module: wide.compile(withName(bytes, "wide")) };
		// The pass keeps the order of operations, so the widened module must give the same bits as the original.
		selfTest(kernelSet, loaded, { ...loaded, module: await compile(withName(bytes, "narrow")) }, 0);
		return { ...loaded, kernels: exactKernels(kernelSet, loaded) };
	}
	const bytes = withSharing(fromBase64(await embedded[kernelSet][build]()), shared);
	if (!platform.validate(bytes)) throw new Error(`this platform lacks ${needs[build]}`);
	let module: CompiledModule;
	try {
		module = await compile(bytes);
	} catch (error) {
		throw new Error(`this platform forbids compiling WebAssembly (${messageOf(error)})`);
	}
	const loaded = { build, module, shared, kernels };
	selfTest(kernelSet, loaded, { build: "reference", kernels }, closeEnough);
	return { ...loaded, kernels: exactKernels(kernelSet, loaded) };
}

const fixedPoint = async () => (await import("./generated/int8-fixed-baseline.ts")).bytes;
const embedded = {
	float: {
		relaxed: async () => (await import("./generated/relaxed.ts")).bytes,
		baseline: async () => (await import("./generated/baseline.ts")).bytes,
	},
	integer: {
		relaxed: async () => (await import("./generated/int8-relaxed.ts")).bytes,
		baseline: async () => (await import("./generated/int8-baseline.ts")).bytes,
	},
	// Rarely needed, and fused multiply-add would save only 1 %.
	fixedPoint: { relaxed: fixedPoint, baseline: fixedPoint },
	training: {
		relaxed: async () => (await import("./generated/training-relaxed.ts")).bytes,
		baseline: async () => (await import("./generated/training-baseline.ts")).bytes,
	},
};

/** The kernels that a module holds. */
async function tableOf(set: KernelSet): Promise<KernelTable> {
	switch (set) {
		case "float":
			return kernels;
		case "training":
			return { ...kernels, ...(await import("./training-table.ts")).trainingKernels };
		default:
			return { ...kernels, ...(await import("./integer-table.ts")).integerKernels };
	}
}

const needs = { relaxed: "relaxed SIMD", baseline: "WebAssembly SIMD" };

/** The import `env.memory`: kind 2 (a memory), limits 3: with a maximum (1), shared (2). */
const memoryImport = [3, ...ascii("env"), 6, ...ascii("memory"), 2, 3];

/** Changes whether a module's memory is shared; modules are compiled as shared. */
function withSharing(bytes: Uint8Array, shared: boolean): Uint8Array {
	if (shared) return bytes;
	const at = bytes.findIndex((_, i) => memoryImport.every((byte, j) => bytes[i + j] === byte));
	const result = Uint8Array.from(bytes);
	result[at + memoryImport.length - 1] = 1;
	return result;
}

/** Adds an empty custom section: V8 caches code by the module's bytes, even if it would compile them differently now. */
function withName(bytes: Uint8Array, name: string): Uint8Array {
	const section = [0, name.length + 1, name.length, ...ascii(name)];
	const result = new Uint8Array(bytes.length + section.length);
	result.set(bytes);
	result.set(section, bytes.length);
	return result;
}

function ascii(text: string): number[] {
	return [...text].map((character) => character.charCodeAt(0));
}
