import { describe, expect, it } from "vitest";
import { type ConfigurationOptions, configure } from "../network/configuration.ts";
import { initialize } from "../weights/initialize.ts";
import { trainingPlan } from "./plans/training.ts";
import { checkTrainable } from "./trainable.ts";

const small = { alpha: 0.01, size: 33, classes: 2 } as const;

describe("a network can be trained", () => {
	it.each<ConfigurationOptions>([
		{},
		{ padding: "keras", stemPadding: "symmetric" },
		{ output: "logits" },
		{ channelRounding: "truncate" },
	])("where it ends as usual: %o", (options) => {
		expect(() => checkTrainable(configure({ ...small, ...options }))).not.toThrow();
	});

	it.each<readonly [ConfigurationOptions, RegExp]>([
		[
			{ pooling: "max" },
			/^a network that does not average its last picture runs, but cannot be trained yet: /,
		],
		[{ pooling: "none" }, /train a new classifier alone, without fine-tuning\.$/],
		[
			{ headLayers: [{ units: 3, activation: "relu" }] },
			/^a network with dense layers before its classifier /,
		],
		[{ output: "sigmoid" }, /^a network whose outputs are sigmoids .* give it a new classifier first/],
		[{ output: "logits", binary: true }, /^a network whose outputs are sigmoids /],
	])("but not yet with %o, and no plan is made", (options, message) => {
		const configuration = configure({ ...small, ...options });
		const refused = expect.objectContaining({ code: "unsupported", message: expect.stringMatching(message) });
		expect(() => checkTrainable(configuration)).toThrow(refused);
		const plan = () =>
			trainingPlan(initialize(configuration), {
				...{ build: "baseline", batch: 2, threads: 1, from: "classifier", optimizer: "sgd" },
				...{ average: false, decayAll: false, frozenNorm: false },
				loss: { crossEntropy: true, distillation: false, squaredError: false },
			});
		expect(plan).toThrow(refused);
	});
});
