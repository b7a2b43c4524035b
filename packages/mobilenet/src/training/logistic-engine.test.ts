/** The engine's loss against the one in float64, on every build, for shapes around the kernels' tiles. */
import { describe, expect, it } from "vitest";
import { random } from "../base/random.ts";
import { loadBuild } from "../kernels/load.ts";
import { fitLogistic } from "./logistic.ts";
import { engineLoss, quickestLoss } from "./logistic-engine.ts";
import { type Examples, logisticLoss } from "./logistic-loss.ts";

function examplesOf(rows: number, features: number, classes: number): Examples {
	const { normal, bits } = random(rows * 7 + features);
	return {
		vectors: Float32Array.from({ length: rows * features }, normal),
		labels: Int32Array.from({ length: rows }, () => bits() % classes),
		features,
		classes,
	};
}

describe.each(["wide", "relaxed", "baseline"] as const)("the loss by the %s build", (build) => {
	it.each([
		[1, 1, 2],
		[255, 17, 3],
		[256, 16, 16],
		[257, 31, 20],
		[700, 64, 33],
	])("of %i vectors of %i features in %i classes is the one in float64", async (rows, features, classes) => {
		const { loaded } = await loadBuild({ build });
		const examples = examplesOf(rows, features, classes);
		const [plain, quick] = [logisticLoss(examples, 0.1), engineLoss(examples, 0.1, loaded)];
		const { normal } = random(1);
		const gradients = [new Float64Array(plain.size), new Float64Array(plain.size)] as const;
		// Twice, for a tile must not remember the last.
		for (let run = 0; run < 2; run++) {
			const parameters = Float64Array.from({ length: plain.size }, () => normal() / 4);
			const [expected, found] = [plain.at(parameters, gradients[0]), quick.at(parameters, gradients[1])];
			expect(Math.abs(found - expected)).toBeLessThan(1e-5 * expected);
			for (const [i, x] of gradients[0].entries()) expect(Math.abs(gradients[1][i]! - x)).toBeLessThan(3e-6);
		}
	});

	it("has the same optimum", async () => {
		const { loaded } = await loadBuild({ build });
		const examples = examplesOf(600, 20, 4);
		const plain = fitLogistic(examples, { strength: 0.01 });
		const quick = fitLogistic(examples, {
			strength: 0.01,
			lossOf: (own, strength) => engineLoss(own, strength, loaded),
		});
		for (const [i, x] of plain.parameters.entries()) expect(quick.parameters[i]).toBeCloseTo(x, 3);
	});
});

it("small problems are computed in float64", async () => {
	expect(await quickestLoss(examplesOf(100, 30, 5))).toBe(logisticLoss);
});
