/** The builds of the kernels that this machine has. `wide` is for some of them only: elsewhere its tests are skipped, visibly. */
import { expect, it } from "vitest";
import { findWide } from "#wide";
import { builds, loadBuild } from "../../src/kernels/load.ts";
import type { KernelSet } from "../../src/kernels/operations.ts";
import type { Build, LoadedBuild } from "../../src/kernels/walker.ts";

const wide = findWide(false);
const whyNotWide = typeof wide === "string" ? wide : undefined;
if (whyNotWide) console.warn(`skipped: the wide build: ${whyNotWide}`);

/** All but `wide` where the platform has no such thing; one that should run here and does not fails its test. */
export const buildsHere: readonly Build[] = builds.filter((build) => build !== "wide" || !whyNotWide);

/** One test for each build, called by its name after `prefix`. */
export function itOnEveryBuild(test: (build: Build) => Promise<void>, prefix = ""): void {
	for (const build of builds)
		if (buildsHere.includes(build)) it(`${prefix}${build}`, () => test(build));
		else it.skip(`${prefix}${build} (${whyNotWide})`, () => {});
}

/** This build, and no other that stands in for it. */
export async function loadExactly(build: Build, kernelSet: KernelSet): Promise<LoadedBuild> {
	const { loaded } = await loadBuild({ build, kernelSet });
	expect(loaded.build).toBe(build);
	return loaded;
}
