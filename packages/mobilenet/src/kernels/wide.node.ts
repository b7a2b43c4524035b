/**
 * V8's 256-bit pass in Node: it joins pairs of 128-bit vectors where the kernels are written for it, and reaches the
 * core's AVX2 peak. It is an experimental flag, so it is set only for the compilation of one module, only on versions
 * of V8 that this project's checks have run, and never where that could overrule somebody else's flags. What comes out
 * is tested bit for bit (load.ts). Its twin for other runtimes is wide.default.ts; `#wide` picks one.
 */
import { readFileSync } from "node:fs";
import process from "node:process";
import { setFlagsFromString } from "node:v8";
import type { KernelSet } from "./operations.ts";
import { type CompiledModule, webAssembly } from "./webassembly.ts";

/** Without these, functions would be compiled at their first call, when the pass is off again. */
const eager = ["liftoff", "wasm-lazy-compilation"];
/** Newer versions end the process if a module whose functions call each other is compiled eagerly with inlining on. */
const eagerWithoutInlining = [...eager, "wasm-inlining"];
const pass = "experimental-wasm-revectorize";

interface Recipe {
	readonly embedded: Wide["embedded"];
	/** Whether the pass works on modules of shared memory too; where not, they are three times slower than unwidened ones. */
	readonly whereShared: boolean;
	/** Flags that are off while the module is compiled. */
	readonly off: readonly string[];
}

/** Its pass does not join the dot products of integers. */
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

/** By V8's major and minor version: Node 22, 24 and 26. The first does not join fused multiply-adds. */
const tested: Readonly<Record<string, Recipe>> = {
	"12.4": { whereShared: false, embedded: separate, off: eager },
	"13.6": { whereShared: true, embedded: fused, off: eagerWithoutInlining },
	"14.6": { whereShared: true, embedded: fused, off: eagerWithoutInlining },
};
/** What a newer version gets if the user asks for the wide build by name. */
const newest = tested["14.6"]!;

export interface Wide {
	/** The modules for this version of V8, in base64: chunks that no browser loads. */
	readonly embedded: { readonly [S in KernelSet]?: () => Promise<string> };
	/** Compiles with the pass, at once. The same bytes must not have been compiled without it: V8 would give that code. */
	readonly compile: (bytes: Uint8Array) => CompiledModule;
}

/**
 * How to compile wide here, or why not, as the end of a sentence.
 *
 * @param shared whether threads will share the module's memory
 * @param asked whether the user asked for the wide build by name, which allows versions that were not tested
 */
export function findWide(asked: boolean, shared = false): Wide | string {
	if (process.arch !== "x64") return `the 256-bit pass of V8 is for x64, and this is ${process.arch}`;
	// Embedders freeze V8's flags without saying so, and setting a frozen flag ends the process.
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
 * Compiles at once: compiling in the background keeps no process alive, and one that waits for nothing else would end
 * before it (seen with --no-wasm-lazy-compilation).
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

/** Without AVX2 the pass does nothing, and the tiles are too large for 128-bit vectors. Where nothing tells, yes. */
function hasAvx2(): boolean {
	try {
		const flags = /^flags\s*:(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1]?.split(" ");
		return !flags || (flags.includes("avx2") && flags.includes("fma"));
	} catch {
		return true;
	}
}
