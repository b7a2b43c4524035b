/** The loss of one training pass, every gradient and the running statistics, as PyTorch computed them, on every build. */
import { expect, it } from "vitest";
import { createTrainer } from "../../src/engine/training.ts";
import { itOnEveryBuild, loadExactly } from "../support/builds.ts";
import { describeGolden } from "./sets.ts";
import { apart, lossSettings, oneHot, trainingOf, usual } from "./training.ts";

/** README.md. */
const tolerances = { gradient: 2e-4, running: 1e-5, loss: 1e-5 } as const;
const small = ["gradients_torch", "gradients_tf"];

describeGolden({ small, large: [...small, "gradients_tutorial", "gradients_frozen"] }, (file) => {
	const { model, tensors, numbers, training } = trainingOf(file);

	it("has a gradient for the pictures and for everything that learns", () => {
		const learned = [...model.tensors.keys()].filter((name) => !name.includes("running"));
		const gradients = [...tensors.keys()].flatMap((name) => /^gradient\.(.*)/.exec(name)?.[1] ?? []);
		expect(gradients.toSorted()).toEqual([...learned, "input"].toSorted());
	});

	itOnEveryBuild(async (build) => {
		const loaded = await loadExactly(build, "training");
		const labels = numbers("labels");
		const trainer = createTrainer(
			model,
			{
				...usual,
				...{ build, batch: labels.length, inputGradient: true },
				frozenNorm: training.frozenBatchNorm as boolean,
			},
			loaded,
		);
		trainer.floats.set(numbers("input"));
		const { classes } = model.configuration;
		oneHot(trainer.targets, trainer.targetPitch, labels, classes, training.labelSmoothing as number);
		const loss = trainer.forward("floats", labels.length, lossSettings);
		trainer.backward();
		expect(Math.abs(loss - numbers("loss")[0]!)).toBeLessThan(tolerances.loss);
		const after = trainer.model("weights").tensors;
		const faults: string[] = [];
		for (const [key, { data }] of tensors) {
			const [kind, ...rest] = key.split(".");
			const tensor = rest.join(".");
			if (kind === "gradient") {
				const far = apart(trainer.gradient(tensor), data as Float32Array);
				if (!(far < tolerances.gradient)) faults.push(`${key} is ${far} off`);
			} else if (kind === "after") {
				const far = apart(after.get(tensor)!.data as Float32Array, data as Float32Array);
				if (!(far < tolerances.running)) faults.push(`${key} is ${far} off`);
			}
		}
		expect(faults).toEqual([]);
		trainer.dispose();
	});
});
