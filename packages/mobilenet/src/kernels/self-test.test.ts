/** Every kernel of every build that this machine runs, on small and on real shapes, against the reference. */
import { describe, expect, it } from "vitest";
import { int8ByteOperations, int8Operations } from "./int8-operations.ts";
import { loadBuild } from "./load.ts";
import { type KernelSet, operationsOf } from "./operations.ts";
import { compute, distance } from "./self-test.ts";
import { kernels as inferenceKernels } from "./table.ts";
import { trainingKernels } from "./training-table.ts";
import { type Build, kernelOf } from "./walker.ts";

const kernels = { ...inferenceKernels, ...trainingKernels };

/** For sums of a thousand float32 products in another order; integers must be equal. */
const floatTolerance = 1e-5;

describe.each(["wide", "relaxed", "baseline"] satisfies Build[])("the %s build", (build) => {
	describe.each(["float", "integer", "fixedPoint", "training"] satisfies KernelSet[])(
		"of kernels in %s",
		(set) => {
			// The module of training also has the kernels of inference, which are tested in their own modules.
			const held = operationsOf[set].filter(
				(name) =>
					(set !== "training" || name in trainingKernels) &&
					(build !== "baseline" || !(name in int8ByteOperations)),
			);
			for (const operation of held) {
				const { small, real } = kernelOf(kernels, operation);
				// Fixed point differs only in what follows the sums.
				const shapes = set === "fixedPoint" ? small : [...small, ...real];
				it.for(shapes.map((g) => [JSON.stringify(g), g] as const))(
					`${operation} %s`,
					async ([, geometry], { skip }) => {
						const { loaded } = await loadBuild({ build, kernelSet: set });
						if (!loaded.kernels[operation]) skip("this processor's products of bytes are not exact");
						const pictures = "rows" in geometry && Number(geometry.rows) > 1000 ? 1 : 2;
						const got = compute(loaded, operation, geometry, pictures, 1, undefined, set);
						const expected = compute(
							{ build: "reference", kernels },
							operation,
							geometry,
							pictures,
							1,
							undefined,
							set,
						);
						const isInteger = operation in int8Operations || operation in int8ByteOperations;
						const tolerance = isInteger ? 0 : floatTolerance;
						expect(distance(got, expected)).toBeLessThanOrEqual(tolerance);
						expect(expected.every((result) => result.some((x) => x !== 0))).toBe(true);
					},
				);
			}
		},
	);
});
