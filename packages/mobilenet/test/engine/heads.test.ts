/**
 * What comes after the last block, on every build: the engine's answers beside the formulas of pools, dense layers and
 * activations in float64, from the engine's own picture of the last block.
 */
import { describe, expect, test } from "vitest";
import { random } from "../../src/base/random.ts";
import { MobileNet } from "../../src/model/mobilenet.ts";
import {
	type Configuration,
	type ConfigurationOptions,
	configure,
	type HeadActivation,
} from "../../src/network/configuration.ts";
import { initialize } from "../../src/weights/initialize.ts";
import type { Model } from "../../src/weights/model.ts";
import { partsOf } from "../../src/weights/parts.ts";
import { buildsHere } from "../support/builds.ts";

const small = { alpha: 0.25, depth: "shallow", size: 64, classes: 5 } as const;
const cases: Readonly<Record<string, ConfigurationOptions>> = {
	"the greatest of each channel": { ...small, pooling: "max" },
	"all numbers of the picture": { ...small, pooling: "none", classes: 3 },
	"dense layers of every activation": {
		...small,
		headLayers: (["relu", "tanh", "sigmoid", "relu6", "none"] as const).map((activation, i) => ({
			units: 7 + 4 * i,
			activation,
		})),
	},
	"several labels": { ...small, output: "sigmoid" },
	"one output": { ...small, classes: 2, output: "sigmoid", headLayers: [{ units: 9, activation: "relu" }] },
	"the logit of one output": { ...small, classes: 2, output: "logits", binary: true },
	"two labels": { ...small, classes: 2, output: "sigmoid", binary: false },
};

const activations: Readonly<Record<HeadActivation, (x: number) => number>> = {
	none: (x) => x,
	relu: (x) => Math.max(0, x),
	relu6: (x) => Math.min(6, Math.max(0, x)),
	tanh: Math.tanh,
	sigmoid: (x) => 1 / (1 + Math.exp(-x)),
};

/** Features of the last block's picture, [pixels, channels]. */
function pooled(picture: Float32Array, channels: number, pooling: Configuration["pooling"]): number[] {
	if (pooling === "none") return [...picture];
	return Array.from({ length: channels }, (_, c) => {
		const values = Array.from(picture).filter((_, i) => i % channels === c);
		return pooling === "max" ? Math.max(...values) : values.reduce((sum, x) => sum + x) / values.length;
	});
}

/** The network's logits in float64. */
function logitsOf(model: Model, features: number[]): number[] {
	const { headLayers } = model.configuration;
	const dense = partsOf(model).layers.filter(({ layer }) => layer.kind === "dense");
	return dense.reduce((input, { weight, bias, layer }, i) => {
		const activation = activations[headLayers[i]?.activation ?? "none"];
		return Array.from({ length: layer.outputChannels }, (_, o) => {
			const row = weight!.data.subarray(o * input.length, (o + 1) * input.length);
			return activation(input.reduce((sum, x, c) => sum + x * row[c]!, bias!.data[o]!));
		});
	}, features);
}

function probabilitiesOf(logits: number[], { output, binary }: Configuration): number[] {
	if (binary) return [1 - activations.sigmoid(logits[0]!), activations.sigmoid(logits[0]!)];
	if (output === "sigmoid") return logits.map(activations.sigmoid);
	const sum = logits.reduce((all, x) => all + Math.exp(x), 0);
	return logits.map((x) => Math.exp(x) / sum);
}

describe.each(buildsHere)("on the build %s", (build) => {
	test.each(Object.entries(cases))("%s", async (_, options) => {
		const configuration = configure(options);
		const made = initialize(configuration, { seed: 7 });
		// Biases begin at 0, which would hide one that is left out.
		const { normal } = random(3);
		for (const [name, tensor] of made.tensors)
			if (/^(head|classifier).*bias$/.test(name)) tensor.data.set(tensor.data.map(() => normal()));
		using mobilenet = await MobileNet.from(made, { build });
		const { size } = configuration;
		const data = Uint8Array.from({ length: size * size * 3 }, (_, i) => (i * 89 + (i >> 5) * 31) % 256);
		const picture = { data, width: size, height: size, channels: 3 } as const;
		const last = `blocks.7.pointwise`;
		const features = await mobilenet.features(picture, [last, "pool", "classifier"]);
		const before = features.get(last)!;
		const channels = before.shape[2];
		const expected = pooled(before.data, channels, configuration.pooling);
		const close = (actual: Iterable<number>, wanted: readonly number[]): void => {
			const numbers = [...actual];
			expect(numbers.length).toBe(wanted.length);
			for (const [i, x] of wanted.entries())
				expect(Math.abs(numbers[i]! - x)).toBeLessThan(2e-5 * (1 + Math.abs(x)));
		};
		close(features.get("pool")!.data, expected);
		const logits = logitsOf(made, expected);
		close(features.get("classifier")!.data, logits);
		const probabilities = probabilitiesOf(logits, configuration);
		const rows = await mobilenet.classify(picture, { top: 5 });
		close(
			rows.toSorted((a, b) => a.index - b.index).map(({ probability }) => probability),
			probabilities,
		);
		const pixels = Float32Array.from(data, (x) => (x - 127.5) / 127.5);
		const given = await mobilenet.run(pixels, { batch: 1 });
		const out =
			configuration.output === "logits" ? logits : probabilities.slice(configuration.binary ? 1 : 0);
		close(given, out);
	});
});
