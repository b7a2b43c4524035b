/** Eight whole training steps with each optimizer, as PyTorch computed them in float64, on every build. Large set only. */
import { expect } from "vitest";
import { createTrainer } from "../../src/engine/training.ts";
import type { UpdateSettings } from "../../src/engine/training-executor.ts";
import { itOnEveryBuild, loadExactly } from "../support/builds.ts";
import { describeWithShared, shared } from "../support/shared.ts";
import { readGolden } from "./sets.ts";
import { apart, lossSettings, oneHot, trainingOf, usual } from "./training.ts";

/** ../shared/golden/README.md. */
const tolerances = { loss: 2e-3, change: 0.2, runningChange: 0.01 } as const;

for (const optimizer of ["sgd", "rmsprop", "adamw"] as const) {
	const path = `golden/loss_curves_${optimizer}.safetensors`;
	const dataPath = "golden/loss_curves_data.safetensors";
	describeWithShared(path, [path, dataPath], () => {
		const { model, tensors, numbers, training } = trainingOf(readGolden(shared(path)));
		const data = readGolden(shared(dataPath)).tensors;

		itOnEveryBuild(async (build) => {
			const loaded = await loadExactly(build, "training");
			const batch = training.batch as number;
			const trainer = createTrainer(model, { ...usual, build, batch, optimizer, frozenNorm: false }, loaded);
			const [pictures, labels] = [data.get("pictures")!.data, data.get("labels")!.data];
			const pictureBytes = pictures.length / labels.length;
			const { classes } = model.configuration;
			const settings: UpdateSettings = {
				learningRate: training.lr as number,
				weightDecay: training.weightDecay as number,
				momentum: (training.momentum ?? 0) as number,
				nesterov: (training.nesterov ?? false) as boolean,
				decay: (training.decay ?? 0) as number,
				beta1: (training.beta1 ?? 0) as number,
				beta2: (training.beta2 ?? 0) as number,
				epsilon: (training.epsilon ?? 0) as number,
				step: 1,
				gradientFactor: 1,
				averageShare: 0,
			};
			for (const [k, expected] of numbers("losses").entries()) {
				const indices = Array.from({ length: batch }, (_, j) => (k * batch + j) % labels.length);
				for (const [n, i] of indices.entries())
					trainer.pixels.set(pictures.subarray(i * pictureBytes, (i + 1) * pictureBytes), n * pictureBytes);
				oneHot(
					trainer.targets,
					trainer.targetPitch,
					indices.map((i) => labels[i]!),
					classes,
					0,
				);
				const loss = trainer.forward("bytes", batch, lossSettings);
				trainer.backward();
				trainer.update({ ...settings, step: k + 1 });
				expect(Math.abs(loss - expected), `loss of step ${k + 1}`).toBeLessThan(tolerances.loss);
			}
			const after = trainer.model("weights").tensors;
			const faults: string[] = [];
			for (const [key, { data: expected }] of tensors) {
				if (!key.startsWith("after.")) continue;
				const tensor = key.slice("after.".length);
				const before = numbers(`before.${tensor}`);
				const change = (expected as Float32Array).map((x, i) => x - before[i]!);
				const far = apart(after.get(tensor)!.data as Float32Array, expected as Float32Array, change);
				const limit = tensor.includes("running") ? tolerances.runningChange : tolerances.change;
				if (!(far < limit)) faults.push(`${key} is ${far} of its change off`);
			}
			expect(faults).toEqual([]);
			trainer.dispose();
		});
	});
}
