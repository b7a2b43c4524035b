/** Every kernel of every build that this machine runs, on small and on real shapes, against the reference. */
import { describe, expect, it } from "vitest";
import { compute, distance } from "./conformance.ts";
import { loadBuild } from "./load.ts";
import { operationNames } from "./operations.ts";
import { kernels } from "./table.ts";
import type { Build } from "./walker.ts";

/** Sums of a thousand float32 products in another order. */
const tolerance = 1e-5;

describe.each(["wide", "relaxed", "baseline"] satisfies Build[])("the %s build", (build) => {
	for (const operation of operationNames)
		it.each(
			[...kernels[operation].small, ...kernels[operation].real].map((g) => [JSON.stringify(g), g] as const),
		)(`${operation} %s`, async (_, geometry) => {
			const { loaded } = await loadBuild({ build });
			const pictures = "rows" in geometry && geometry.rows > 1000 ? 1 : 2;
			const got = compute(loaded, operation, geometry, pictures);
			const expected = compute({ build: "reference" }, operation, geometry, pictures);
			expect(distance(got, expected)).toBeLessThan(tolerance);
			expect(expected.some((x) => x !== 0)).toBe(true);
		});
});
