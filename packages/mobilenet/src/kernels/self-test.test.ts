/** Every kernel of every build that this machine runs, on small and on real shapes, against the reference. */
import { describe, expect, it } from "vitest";
import { int8ByteOperations, int8Operations } from "./int8-operations.ts";
import { integerKernels } from "./integer-table.ts";
import { loadBuild } from "./load.ts";
import { type KernelSet, operationsOf } from "./operations.ts";
import { compute, distance } from "./self-test.ts";
import { kernels as floatKernels } from "./table.ts";
import { trainingKernels } from "./training-table.ts";
import { type Build, kernelOf, type LoadedBuild } from "./walker.ts";

const kernels = { ...floatKernels, ...integerKernels, ...trainingKernels };

/** Sums of a thousand float32 products in another order; integers are equal. */
const floatTolerance = 1e-5;

const builds = ["wide", "relaxed", "baseline"] as const satisfies readonly Build[];
const sets = ["float", "integer", "fixedPoint", "training"] as const satisfies readonly KernelSet[];

/** What the reference last computed, which is far slower: each shape in all builds is compared with the same. */
let last: { readonly of: string; readonly results: readonly Float32Array[] } | undefined;

describe.each(sets)("kernels in %s", (set) => {
	// The kernels of inference are in the module of training too: they are tested in their own.
	const held = operationsOf[set].filter((name) => set !== "training" || name in trainingKernels);
	for (const operation of held) {
		const { small, real } = kernelOf(kernels, operation);
		// Fixed point differs in what comes after the sums.
		const shapes = set === "fixedPoint" ? small : [...small, ...real];
		const holding = builds.filter((build) => build !== "baseline" || !(operation in int8ByteOperations));
		const cases = shapes.flatMap((g) => holding.map((build) => [build, JSON.stringify(g), g] as const));
		it.for(cases)(`${operation} in the %s build, %s`, async ([build, shape, geometry], { skip }) => {
			const { loaded } = await loadBuild({ build, kernelSet: set });
			if (!loaded.kernels[operation]) skip("this processor's products of bytes are not exact");
			const pictures = "rows" in geometry && Number(geometry.rows) > 1000 ? 1 : 2;
			const results = (of: LoadedBuild) => compute(of, operation, geometry, pictures, 1, undefined, set);
			const got = results(loaded);
			const asked = `${set} ${operation} ${shape}`;
			if (last?.of !== asked) last = { of: asked, results: results({ build: "reference", kernels }) };
			const { results: expected } = last;
			const isInteger = operation in int8Operations || operation in int8ByteOperations;
			expect(distance(got, expected)).toBeLessThanOrEqual(isInteger ? 0 : floatTolerance);
			expect(expected.every((result) => result.some((x) => x !== 0))).toBe(true);
		});
	}
});
