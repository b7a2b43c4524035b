import { describe, expect, it } from "vitest";
import { classFinder, requiredClasses } from "./find.ts";
import { imagenetLabels } from "./imagenet.ts";

describe("a class of ImageNet, as people name it", () => {
	const find = classFinder(imagenetLabels(1000), 1000);

	// Numbers and ids: ../shared/weights/imagenet_wnids.txt.
	it.each([
		["golden_retriever", [207]],
		["Golden Retriever", [207]],
		["golden-retriever", [207]],
		["n02099601", [207]],
		["N02099601", [207]],
		[207, [207]],
		["207", [207]],
		["Tinca tinca", [0]],
		["tench, Tinca tinca", [0]],
		["crane", [134, 517]],
		["golden", []],
		["1000", []],
		[1000, []],
		[-1, []],
		[0.5, []],
		["", []],
	])("%j", (name, numbers) => {
		expect(find(name)).toEqual(numbers);
	});

	it("by the id of a label first, whatever its name", () => {
		expect(find({ name: "crane", id: "n03126707" })).toEqual([517]);
	});

	it("by a label's synonyms where its name is in another language", () => {
		expect(find({ name: "Goldfisch", synonyms: ["goldfish"] })).toEqual([1]);
	});
});

describe("a class of other networks", () => {
	it("is found by a name that is a number before the number of a class", () => {
		const find = classFinder([{ name: "1" }, { name: "0" }], 2);
		expect(find("0")).toEqual([1]);
		expect(find(0)).toEqual([0]);
	});

	it("is found whichever way accents are written", () => {
		expect(classFinder([{ name: "cafe\u0301" }], 1)("caf\u00e9")).toEqual([0]);
	});

	it("has only a number where there are no labels", () => {
		const find = requiredClasses(undefined, 3);
		expect(find("2")).toEqual([2]);
		expect(() => find("cat")).toThrow('no class is called "cat": the model has no labels.');
		expect(() => find(3)).toThrow("there is no class 3: class numbers run from 0 to 2.");
	});
});
