/** Every activation and the logits of five networks, as PyTorch computed them in float64, on every build. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { createExecutor } from "../../src/engine/executor.ts";
import { inferencePlan } from "../../src/engine/plans/inference.ts";
import { readSafetensors } from "../../src/formats/safetensors/safetensors.ts";
import { loadBuild } from "../../src/kernels/load.ts";
import type { Build } from "../../src/kernels/walker.ts";
import { type ConfigurationOptions, configure } from "../../src/network/configuration.ts";
import { layers } from "../../src/network/layers.ts";
import { fold } from "../../src/weights/fold.ts";
import { type Model, usualPreprocessing } from "../../src/weights/model.ts";
import { describeWithShared, shared } from "../support/shared.ts";

/** golden/README.md: 1e-4 absolute for the logits and every activation. */
const tolerance = 1e-4;
const builds: readonly Build[] = ["wide", "relaxed", "baseline", "reference"];

for (const name of ["torch", "tutorial", "tf", "odd", "shallow"]) {
	const path = `golden/forward_${name}.safetensors`;
	describeWithShared(path, [path], () => {
		const { tensors, metadata } = readSafetensors(readFileSync(shared(path)), path);
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

		it.each(builds)("%s", async (build) => {
			const { loaded } = await loadBuild({ build });
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
}
