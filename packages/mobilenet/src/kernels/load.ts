/**
 * Chooses a build of the kernels for this machine: the fastest that it can run and that passes a self-test, each
 * operation on small odd shapes against the reference. Chosen by what the platform has and by what comes out, never
 * by a stopwatch. Once a process.
 */
import { MobileNetError, messageOf, shown } from "../base/error.ts";
import { compute, distance } from "./conformance.ts";
import { operationNames } from "./operations.ts";
import { kernels } from "./table.ts";
import type { Build, LoadedBuild } from "./walker.ts";
import { type CompiledModule, findWebAssembly } from "./webassembly.ts";

/** Fastest first. */
const builds: readonly Build[] = ["relaxed", "baseline", "reference"];
/** Relative; float32 sums of a few dozen numbers in another order differ by some 1e-7. */
const closeEnough = 1e-5;

export interface ChosenBuild {
	readonly loaded: LoadedBuild;
	/** For every faster build why it was passed over, a sentence each. */
	readonly passedOver: readonly string[];
}

const chosen = new Map<Build | undefined, Promise<ChosenBuild>>();

/**
 * The build to run, loaded and tested.
 *
 * @param forced the one build to take, whatever else there is; by default the environment's MOBILENET_SIMD, if set
 * @throws MobileNetError `engine` where the forced build cannot run here
 */
export function loadBuild(forced: Build | undefined = fromEnvironment()): Promise<ChosenBuild> {
	let choice = chosen.get(forced);
	if (!choice) {
		choice = choose(forced);
		chosen.set(forced, choice);
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

async function choose(forced: Build | undefined): Promise<ChosenBuild> {
	const passedOver: string[] = [];
	for (const build of forced ? [forced] : builds) {
		try {
			const loaded = await load(build);
			selfTest(loaded);
			return { loaded, passedOver };
		} catch (error) {
			passedOver.push(`${build}: ${messageOf(error)}`);
		}
	}
	throw new MobileNetError("engine", `no build of the kernels runs here: ${passedOver.join("; ")}.`);
}

async function load(build: Build): Promise<LoadedBuild> {
	if (build === "reference") return { build };
	const platform = findWebAssembly();
	if (!platform) throw new Error("this platform has no WebAssembly");
	const bytes = fromBase64(await embedded[build]());
	if (!platform.validate(bytes)) throw new Error(`this platform lacks ${needs[build]}`);
	let module: CompiledModule;
	try {
		module = await platform.compile(bytes);
	} catch (error) {
		throw new Error(`this platform forbids compiling WebAssembly (${messageOf(error)})`);
	}
	return { build, module };
}

const embedded = {
	relaxed: async () => (await import("./generated/relaxed.ts")).bytes,
	baseline: async () => (await import("./generated/baseline.ts")).bytes,
};
const needs = { relaxed: "relaxed SIMD", baseline: "WebAssembly SIMD" };

function fromBase64(text: string): Uint8Array {
	return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

function selfTest(loaded: LoadedBuild): void {
	if (loaded.build === "reference") return;
	for (const operation of operationNames)
		for (const geometry of kernels[operation].small) {
			const apart = distance(
				compute(loaded, operation, geometry, 2),
				compute({ build: "reference" }, operation, geometry, 2),
			);
			if (!(apart <= closeEnough))
				throw new Error(
					`its self-test failed: ${operation} of ${shown(geometry)} is ${apart} off the reference`,
				);
		}
}
