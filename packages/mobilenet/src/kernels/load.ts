/**
 * Chooses a build of the kernels for this machine: the fastest that it can run and that passes a self-test, each
 * operation on small odd shapes. Chosen by what the platform has and by what comes out, never by a stopwatch. Once a
 * process.
 */
import { compile, findWide } from "#wide";
import { fromBase64 } from "../base/base64.ts";
import { MobileNetError, messageOf, shown } from "../base/error.ts";
import { compute, distance } from "./conformance.ts";
import { int8ByteOperations, int8Operations } from "./int8-operations.ts";
import type { KernelTable } from "./kernel.ts";
import { type KernelSet, operationsOf } from "./operations.ts";
import { kernels } from "./table.ts";
import { type Build, createWalker, kernelOf, type LoadedBuild, type Walker } from "./walker.ts";
import { type CompiledModule, findWebAssembly } from "./webassembly.ts";

/**
 * The builds of the kernels, fastest first; not every machine can run each.
 *
 * @example
 * const model = await MobileNet.load("model.tflite", { build: builds.at(-1) }); // reference: plain TypeScript
 */
export const builds: readonly Build[] = ["wide", "relaxed", "baseline", "reference"];
/** Relative; float32 sums of a few dozen numbers in another order differ by some 1e-7. */
const closeEnough = 1e-5;

export interface ChosenBuild {
	readonly loaded: LoadedBuild;
	/** For every faster build why it was passed over, a sentence each. */
	readonly passedOver: readonly string[];
}

export interface BuildOptions {
	/** The one build to take, whatever else there is; by default the environment's MOBILENET_SIMD, if set. */
	readonly build?: Build | undefined;
	/** Whether threads will share its memory. */
	readonly shared?: boolean;
	/** What its plans compute in, and how integers round; `float` if not given. */
	readonly arithmetic?: KernelSet;
}

/** What was compiled and tested once is not compiled and tested again. */
const chosen = new Map<string, Promise<ChosenBuild>>();

/**
 * The build to run, loaded and tested.
 *
 * @throws MobileNetError `engine` where the forced build cannot run here
 */
export function loadBuild({
	build = fromEnvironment(),
	shared = false,
	arithmetic = "float",
}: BuildOptions = {}): Promise<ChosenBuild> {
	const key = `${build} ${shared} ${arithmetic}`;
	let choice = chosen.get(key);
	if (!choice) {
		choice = choose(build, shared, arithmetic);
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
	arithmetic: KernelSet,
): Promise<ChosenBuild> {
	const passedOver: string[] = [];
	for (const build of forced ? [forced] : builds) {
		try {
			const loaded = await load(build, shared, arithmetic, forced !== undefined);
			return { loaded, passedOver };
		} catch (error) {
			passedOver.push(`${build}: ${messageOf(error)}`);
		}
	}
	throw new MobileNetError("engine", `no build of the kernels runs here: ${passedOver.join("; ")}.`);
}

async function load(
	build: Build,
	shared: boolean,
	arithmetic: KernelSet,
	asked: boolean,
): Promise<LoadedBuild> {
	const kernels = await tableOf(arithmetic);
	if (build === "reference") return { build, kernels };
	const platform = findWebAssembly();
	if (!platform) throw new Error("this platform has no WebAssembly");
	if (build === "wide") {
		const wide = findWide(asked, shared);
		if (typeof wide === "string") throw new Error(wide);
		const widened = wide.embedded[arithmetic];
		// What this version of V8 does not widen is fastest at 128 bits.
		if (!widened) return load("relaxed", shared, arithmetic, asked);
		const bytes = withSharing(fromBase64(await widened()), shared);
		const loaded = { build, shared, kernels, module: wide.compile(withName(bytes, "wide")) };
		// The pass keeps the order of operations: what it makes of the module gives the same bits as the module itself.
		selfTest(arithmetic, loaded, { ...loaded, module: await compile(withName(bytes, "narrow")) }, 0);
		return { ...loaded, kernels: exactKernels(arithmetic, loaded) };
	}
	const bytes = withSharing(fromBase64(await embedded[arithmetic][build]()), shared);
	if (!platform.validate(bytes)) throw new Error(`this platform lacks ${needs[build]}`);
	let module: CompiledModule;
	try {
		module = await compile(bytes);
	} catch (error) {
		throw new Error(`this platform forbids compiling WebAssembly (${messageOf(error)})`);
	}
	const loaded = { build, module, shared, kernels };
	selfTest(arithmetic, loaded, { build: "reference", kernels }, closeEnough);
	return { ...loaded, kernels: exactKernels(arithmetic, loaded) };
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
	// Seldom needed: fused multiply-add would save a hundredth.
	fixedPoint: { relaxed: fixedPoint, baseline: fixedPoint },
	training: {
		relaxed: async () => (await import("./generated/training-relaxed.ts")).bytes,
		baseline: async () => (await import("./generated/training-baseline.ts")).bytes,
	},
};

/** The kernels that a module holds. */
async function tableOf(set: KernelSet): Promise<KernelTable> {
	if (set !== "training") return kernels;
	return { ...kernels, ...(await import("./training-table.ts")).trainingKernels };
}

const needs = { relaxed: "relaxed SIMD", baseline: "WebAssembly SIMD" };

/** `env.memory` as an import: kind 2, limits with a maximum (1) that are shared (2). */
const memoryImport = [3, ...ascii("env"), 6, ...ascii("memory"), 2, 3];

/** A module whose memory is shared, as it was compiled, or not. */
function withSharing(bytes: Uint8Array, shared: boolean): Uint8Array {
	if (shared) return bytes;
	const at = bytes.findIndex((_, i) => memoryImport.every((byte, j) => bytes[i + j] === byte));
	const result = Uint8Array.from(bytes);
	result[at + memoryImport.length - 1] = 1;
	return result;
}

/** A module with an empty custom section: V8 keeps the code of equal bytes, however they are to be compiled now. */
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

function selfTest(
	arithmetic: KernelSet,
	loaded: LoadedBuild,
	against: LoadedBuild,
	floatTolerance: number,
): void {
	const [own, other] = [oneWalker(loaded), oneWalker(against)];
	for (const operation of operationsOf[arithmetic]) {
		// A processor may lack these; exactKernels tests them.
		if (operation in int8ByteOperations) continue;
		// Integers are equal in all builds.
		const tolerance = operation in int8Operations ? 0 : floatTolerance;
		for (const geometry of kernelOf(loaded.kernels, operation).small) {
			const apart = distance(
				compute(loaded, operation, geometry, 1, 1, own, arithmetic),
				compute(against, operation, geometry, 1, 1, other, arithmetic),
			);
			if (!(apart <= tolerance))
				throw new Error(
					`its self-test failed: ${operation} of ${shown(geometry)} is ${apart} off ${against.build === "reference" ? "the reference" : "the same module at 128 bits"}`,
				);
		}
	}
}

/**
 * The kernels without those on bytes where the module has none, and where the processor's instruction does not give
 * their exact sums: relaxed SIMD leaves it open whether it takes the second operand's bytes with a sign, and whether a
 * sum of two products stops at 16 bits. What one says it does always.
 */
function exactKernels(
	arithmetic: KernelSet,
	loaded: Exclude<LoadedBuild, { build: "reference" }>,
): KernelTable {
	const { int8BytePointwise, int8ByteSeparable, ...others } = loaded.kernels;
	if (arithmetic !== "integer" || loaded.build === "baseline") return others;
	const reference = { build: "reference", kernels: loaded.kernels } as const;
	const [own, other] = [oneWalker(loaded), oneWalker(reference)];
	const isExact = (["int8BytePointwise", "int8ByteSeparable"] as const).every((operation) =>
		kernelOf(loaded.kernels, operation).small.every((geometry) => {
			const got = compute(loaded, operation, geometry, 1, 1, own);
			return distance(got, compute(reference, operation, geometry, 1, 1, other)) === 0;
		}),
	);
	return isExact ? loaded.kernels : others;
}

/** Memories are dear: one serves the whole test. */
const testBytes = 2 ** 18;

function oneWalker(loaded: LoadedBuild): (bytes: number) => Walker {
	const walker = createWalker(loaded, testBytes);
	return (bytes) => {
		if (bytes > testBytes) throw new Error(`a shape of the self-test takes ${bytes} bytes`);
		new Uint8Array(walker.buffer, 0, bytes).fill(0);
		return walker;
	};
}
