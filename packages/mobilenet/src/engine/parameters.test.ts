import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { describeWithShared, shared } from "../../test/support/shared.ts";
import { readSafetensors } from "../formats/safetensors/safetensors.ts";
import { configure } from "../network/configuration.ts";
import { layers } from "../network/layers.ts";
import { initialize } from "../weights/initialize.ts";
import { type ParameterList, parametersOf, runningOf } from "./parameters.ts";

const configuration = configure({ classes: 3, alpha: 0.25 });
const table = layers(configuration);
const names = ({ parameters }: ParameterList): string[] => [...parameters.keys()].sort();

/** What lies in the part of a list that decays. */
function decayed({ parameters, decayedBytes }: ParameterList): string[] {
	return [...parameters.values()].filter(({ offset }) => offset < decayedBytes).map(({ tensor }) => tensor);
}

it("what learns are the tensors of a network with batch norm, each in one of the two lists", () => {
	const lists = [parametersOf(table, "relaxed", false), runningOf(table, "relaxed")];
	expect(lists.flatMap(names).sort()).toEqual([...initialize(configuration).tensors.keys()].sort());
	expect(names(lists[1]!).every((name) => name.includes(".bn.running_"))).toBe(true);
});

describe("weight decay", () => {
	const list = parametersOf(table, "relaxed", false);

	it("touches filters that mix channels and the classifier's weights, and nothing else", () => {
		// The stem, 13 pointwise layers, the classifier.
		expect(decayed(list)).toHaveLength(15);
		expect(decayed(list).every((name) => !/depthwise|\.bn\.|bias/.test(name))).toBe(true);
	});

	it("touches everything where that is asked for", () => {
		expect(decayed(parametersOf(table, "relaxed", true)).sort()).toEqual(names(list));
	});

	describeWithShared("golden", ["golden/optimisers.safetensors"], () => {
		it("touches what it touches there", () => {
			const { tensors, metadata } = readSafetensors(
				readFileSync(shared("golden/optimisers.safetensors")),
				"golden",
			);
			expect(decayed(list).filter((name) => tensors.has(`before.${name}`))).toEqual(
				JSON.parse(metadata.weightDecayOn!),
			);
		});
	});
});
