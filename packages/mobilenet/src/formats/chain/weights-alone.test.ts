import fc from "fast-check";
import { expect, test } from "vitest";
import { type ConfigurationOptions, configure } from "../../network/configuration.ts";
import { fold } from "../../weights/fold.ts";
import { initialize } from "../../weights/initialize.ts";
import type { Model } from "../../weights/model.ts";
import { weightedParts } from "../../weights/parts.ts";
import { recognize } from "./recognize.ts";
import { chainOfWeights, type WeightedLayer } from "./weights-alone.ts";

const reading = { name: "model.pth", format: "Test" };

/** The layers of a model as a file of weights has them, by names that say nothing. */
function layersOf(model: Model): readonly WeightedLayer[] {
	return weightedParts(model)
		.flatMap(({ layer, weight, bias, norm }): Omit<Exclude<WeightedLayer, { kind: "foreign" }>, "name">[] => {
			const own = { weight: { tensor: weight }, ...(bias && { bias: { tensor: bias } }) };
			if (layer.kind === "dense") return [{ kind: "dense", ...own } as const];
			const kind = layer.kind === "depthwise" ? "depthwise" : "convolution";
			const convolution = { kind, ...own, groups: kind === "depthwise" ? layer.inputChannels : 1 } as const;
			return norm ? [convolution, { kind: "batchNorm", ...norm } as const] : [convolution];
		})
		.map((layer, i) => ({ ...layer, name: `layers.${i}` }) as WeightedLayer);
}

test("the weights of a network by any framework's preset are that network", () => {
	const fields = fc.record({
		preset: fc.constantFrom("tf", "torch", "tutorial"),
		alpha: fc.constantFrom(0.25, 0.5, 1),
		depth: fc.constantFrom("full", "shallow"),
		inputChannels: fc.constantFrom(1, 3),
		classes: fc.integer({ min: 2, max: 9 }),
	} as const);
	fc.assert(
		fc.property(fields, fc.boolean(), (given, folded) => {
			const made = initialize(configure({ ...given, dropout: 0 }));
			const model = folded ? fold(made) : made;
			const usual = { preset: given.preset, like: "somebody's MobileNet" };
			const read = recognize(chainOfWeights(layersOf(model), usual, reading));
			expect(read.configuration).toEqual(model.configuration);
			expect(read.tensors).toEqual(model.tensors);
			expect(read.source.assumed.slice(0, 4)).toEqual(["size", "padding", "lastBlock", "activation"]);
			expect(read.source.assumed.includes("epsilon")).toBe(!folded);
			expect(read.source.notes[0]).toContain("as in somebody's MobileNet.");
		}),
		{ numRuns: 30 },
	);
});

test("a layer that no MobileNet v1 has is refused where only its classifier could be", () => {
	const layers = layersOf(initialize(configure({ alpha: 0.25, size: 32, classes: 2 })));
	const foreign: WeightedLayer = { kind: "foreign", name: "gem", what: "of the class GeM" };
	const usual = { preset: "torch", like: "timm's" } as const;
	expect(() => chainOfWeights([...layers.slice(0, -1), foreign, layers.at(-1)!], usual, reading)).toThrow(
		"model.pth holds no MobileNet v1: it has the layer gem of the class GeM, which no MobileNet v1 has.",
	);
	expect(() => chainOfWeights([foreign], usual, reading)).toThrow("it has no weights");
});

test("what something beside the weights says is taken and not assumed", () => {
	const layers = layersOf(initialize(configure({ alpha: 0.25, size: 32, classes: 1, output: "logits" })));
	const differing = { output: "sigmoid", padding: "symmetric", activation: "relu", epsilon: 0.25 } as const;
	const { configuration, source } = recognize(
		chainOfWeights(
			layers,
			{ preset: "tf", differing, known: Object.keys(differing), like: "somebody's" },
			reading,
		),
	);
	expect(configuration).toMatchObject({ ...differing, binary: true, classes: 2, stemPadding: "symmetric" });
	expect(source.assumed.slice(0, 3)).toEqual(["size", "lastBlock", "mean"]);
});

test("what something beside the weights says and no network can have is refused with the file's name", () => {
	const layers = layersOf(initialize(configure({ alpha: 0.25, size: 32, classes: 2 })));
	const usual = { preset: "tf", differing: { epsilon: -1.001 }, like: "somebody's" } as const;
	expect(() => chainOfWeights(layers, usual, reading)).toThrow(
		"model.pth: its epsilon must be a number from 0 to below 1, not -1.001.",
	);
});

test("heads that weights alone do not tell are refused", () => {
	const usual = { preset: "tf", like: "somebody's" } as const;
	const refused = (options: ConfigurationOptions) => () => {
		const layers = layersOf(initialize(configure({ alpha: 0.25, size: 64, classes: 2, ...options })));
		return chainOfWeights(layers, usual, reading);
	};
	const start = "model.pth: it holds weights only, which do not say";
	expect(refused({ classes: 1, output: "logits" })).toThrow(
		`${start} whether the single output of its layer layers.54 is a logit or a probability; take the whole model.`,
	);
	expect(refused({ headLayers: [{ units: 3, activation: "relu" }] })).toThrow(
		`${start} what comes between its last layers layers.54 and layers.55; take the whole model.`,
	);
	expect(refused({ pooling: "none" })).toThrow(
		`${start} how the picture behind its blocks becomes the 1024 numbers that its layer layers.54 takes; take the whole model.`,
	);
	const layers = layersOf(initialize(configure({ alpha: 0.25, size: 64, classes: 1, output: "logits" })));
	const softmax = chainOfWeights(layers, { ...usual, known: ["output"] }, reading);
	expect(() => recognize(softmax)).toThrow("its softmax is over a single output");
});
