/**
 * V8's 256-bit pass in Node: it joins pairs of 128-bit vectors where the kernels are written for it, and reaches the
 * core's AVX2 peak. It is an experimental flag, so it is set only while one module is compiled, only on versions of V8
 * that this project tests, and never if that could override the user's flags. The result is tested bit for bit
 * (load.ts). The version for other runtimes is wide.default.ts (`#wide`).
 */
import { readFileSync } from "node:fs";
import process from "node:process";
import { setFlagsFromString } from "node:v8";
import type { KernelSet } from "./operations.ts";
import { type CompiledModule, webAssembly } from "./webassembly.ts";

/** Flags to turn off: with them, functions would be compiled at their first call, when the pass is off again. */
const eager = ["liftoff", "wasm-lazy-compilation"];
/** Newer versions crash if a module whose functions call each other is compiled eagerly with inlining on. */
const eagerWithoutInlining = [...eager, "wasm-inlining"];
const pass = "experimental-wasm-revectorize";

interface Recipe {
	readonly embedded: Wide["embedded"];
	/** Whether the pass also works for modules with shared memory; if not, they are three times slower than unwidened ones. */
	readonly whereShared: boolean;
	/** Flags to turn off while the module is compiled. */
	readonly off: readonly string[];
}

/** For V8 12.4, whose pass does not join integer dot products. */
const separate = {
	float: async () => (await import("./generated/wide-separate.ts")).bytes,
	training: async () => (await import("./generated/training-wide-separate.ts")).bytes,
};
const fused = {
	float: async () => (await import("./generated/wide-fused.ts")).bytes,
	integer: async () => (await import("./generated/int8-wide.ts")).bytes,
	fixedPoint: async () => (await import("./generated/int8-fixed-wide.ts")).bytes,
	training: async () => (await import("./generated/training-wide-fused.ts")).bytes,
};

/** By V8's major and minor version, in Node 22, 24 and 26. The pass of the first does not join fused multiply-adds. */
const tested: Readonly<Record<string, Recipe>> = {
	"12.4": { whereShared: false, embedded: separate, off: eager },
	"13.6": { whereShared: true, embedded: fused, off: eagerWithoutInlining },
	"14.6": { whereShared: true, embedded: fused, off: eagerWithoutInlining },
};
/** For newer versions, if the user asks for the wide build by name. */
const newest = tested["14.6"]!;

export interface Wide {
	/** The modules for this version of V8, in base64; browsers never load these chunks. */
	readonly embedded: { readonly [S in KernelSet]?: () => Promise<string> };
	/** Compiles synchronously with the pass. The same bytes must not have been compiled without it: V8 would reuse that code. */
	readonly compile: (bytes: Uint8Array) => CompiledModule;
}

/**
 * How to compile the wide build here, or why that is impossible, as the end of a sentence.
 *
 * @param shared whether threads will share the module's memory
 * @param asked whether the user asked for the wide build by name, which allows untested versions
 */
export function findWide(asked: boolean, shared = false): Wide | string {
	if (process.arch !== "x64") return `the 256-bit pass of V8 is for x64, and this is ${process.arch}`;
	// Embedders may freeze V8's flags without notice, and setting a frozen flag ends the process.
	const embedder = ["electron", "nw", "bun", "deno"].find((name) => name in process.versions);
	if (embedder) return `V8's flags may be frozen in ${embedder}`;
	const version = process.versions.v8.split(".").slice(0, 2).join(".");
	const recipe = tested[version] ?? (asked && Number(version) >= 14.6 ? newest : undefined);
	if (!recipe) return `the 256-bit pass was not tested on V8 ${version}`;
	if (shared && !recipe.whereShared)
		return `the 256-bit pass of V8 ${version} does not work on shared memory`;
	const given = [...process.execArgv, process.env.NODE_OPTIONS ?? ""].join(" ").replaceAll("_", "-");
	const touched = ["freeze-flags-after-init", pass, ...eagerWithoutInlining].find((flag) =>
		given.includes(flag),
	);
	if (touched) return `Node was started with the flag ${touched}`;
	if (!hasAvx2()) return "the processor has no AVX2 and FMA";
	return { embedded: recipe.embedded, compile: (bytes) => compileWide(bytes, recipe) };
}

/**
 * Compiles synchronously: compiling in the background does not keep the process alive, which would end if it waits for
 * nothing else (seen with --no-wasm-lazy-compilation).
 */
export async function compile(bytes: Uint8Array): Promise<CompiledModule> {
	return new (webAssembly().Module)(bytes);
}

function compileWide(bytes: Uint8Array, { off }: Recipe): CompiledModule {
	for (const flag of off) setFlagsFromString(`--no-${flag}`);
	setFlagsFromString(`--${pass}`);
	try {
		return new (webAssembly().Module)(bytes);
	} finally {
		setFlagsFromString(`--no-${pass}`);
		for (const flag of off) setFlagsFromString(`--${flag}`);
	}
}

/** Without AVX2 the pass does nothing, and the tiles are too large for 128-bit vectors. True if the system does not tell. */
function hasAvx2(): boolean {
	try {
		const flags = /^flags\s*:(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1]?.split(" ");
		return !flags || (flags.includes("avx2") && flags.includes("fma"));
	} catch {
		return true;
	}
}
