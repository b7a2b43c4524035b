import fc from "fast-check";
import { expect, test } from "vitest";
import { configure } from "../../network/configuration.ts";
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
