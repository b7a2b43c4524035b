/** Every activation and the logits of whole networks, as PyTorch computed them in float64, on every build. */
import { expect } from "vitest";
import { createExecutor } from "../../src/engine/executor.ts";
import { inferencePlan } from "../../src/engine/plans/inference.ts";
import { type ConfigurationOptions, configure } from "../../src/network/configuration.ts";
import { layers } from "../../src/network/layers.ts";
import { fold } from "../../src/weights/fold.ts";
import { type Model, usualPreprocessing } from "../../src/weights/model.ts";
import { itOnEveryBuild, loadExactly } from "../support/builds.ts";
import { describeGolden } from "./sets.ts";

/** README.md: 1e-4 absolute for the logits and every activation. */
const tolerance = 1e-4;
const small = ["torch", "tutorial", "tf", "odd"].map((name) => `forward_${name}`);

describeGolden({ small, large: [...small, "forward_shallow"] }, ({ tensors, metadata }) => {
	const golden = (key: string): Float32Array => tensors.get(key)!.data as Float32Array;
	const configuration = configure(JSON.parse(metadata.config!) as ConfigurationOptions);
	const model: Model = {
		configuration,
		tensors: new Map([...tensors].filter(([key]) => /^(stem|blocks|classifier)/.test(key))),
		preprocessing: usualPreprocessing(configuration.inputChannels),
		source: { format: "golden", assumed: [], notes: [] },
	};
	const folded = fold(model);
	const batch = tensors.get("input")!.shape[0]!;
	const names = layers(configuration).map((layer) => layer.name);

	itOnEveryBuild(async (build) => {
		const loaded = await loadExactly(build, "float");
		for (const keep of [names, []]) {
			const executor = createExecutor(inferencePlan(model, { build, batch, keep }), folded, loaded);
			executor.floats.set(golden("input"));
			executor.run("floats", batch);
			for (const layer of keep.length > 0 ? names : ["pool", "classifier"]) {
				const expected = golden(`activation.${layer === "classifier" ? "logits" : layer}`);
				const got = Array.from({ length: batch }, (_, n) => [...executor.read(layer, n)]).flat();
				expect(got.length).toBe(expected.length);
				const apart = got.reduce((most, x, i) => Math.max(most, Math.abs(x - expected[i]!)), 0);
				expect(apart, layer).toBeLessThan(tolerance);
			}
		}
	});
});
