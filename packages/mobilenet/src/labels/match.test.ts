import { describe, expect, it } from "vitest";
import type { Label } from "../weights/model.ts";
import { imagenetLabels } from "./imagenet.ts";
import { matchClasses } from "./match.ts";

const named = (...names: readonly string[]): Label[] => names.map((name) => ({ name }));
const match = (
	classes: readonly Label[],
	labels: readonly Label[] | undefined,
	outputs = labels?.length ?? 0,
) => matchClasses({ name: "photos", classes, labels, outputs });
const outputsOf = (...parameters: Parameters<typeof match>) => [...match(...parameters).outputs];

describe("classes of a data set among ImageNet's", () => {
	it.each([
		["WordNet id", "n02099601"],
		["label", "golden retriever"],
		["label with underscores", "golden_retriever"],
		["label in capitals, with hyphens", "Golden-Retriever"],
		["number", "207"],
	])("are found by %s", (_, name) => {
		expect(outputsOf(named(name), imagenetLabels(1000))).toEqual([207]);
		// The background class comes first, and classes are numbered without it.
		expect(match(named(name), imagenetLabels(1001))).toEqual({
			outputs: Int32Array.of(208),
			background: 1,
			notes: [],
		});
	});

	it("are found by a synonym, their own or the model's", () => {
		expect(outputsOf(named("Tinca tinca", "Carassius_auratus"), imagenetLabels(1000))).toEqual([0, 1]);
		expect(outputsOf([{ name: "Goldfisch", synonyms: ["goldfish"] }], imagenetLabels(1000))).toEqual([1]);
	});

	it("are found by the id before the name", () => {
		expect(outputsOf([{ name: "tench", id: "n01443537" }], imagenetLabels(1000))).toEqual([1]);
		expect(outputsOf([{ name: "crane", id: "n03126707" }], imagenetLabels(1000))).toEqual([517]);
	});

	it("are found by all their names in one text, as ImageNet lists them", () => {
		expect(
			outputsOf(named("maillot", "maillot, tank suit", "tench, Tinca tinca"), imagenetLabels(1001)),
		).toEqual([639, 640, 1]);
		expect(outputsOf(named("goldfish, some other name"), imagenetLabels(1000))).toEqual([1]);
	});

	it("are never the background", () => {
		expect(() => match(named("background"), imagenetLabels(1001))).toThrow(
			/does not know 1 of the 1 classes/,
		);
		expect(() => match(named("1000"), imagenetLabels(1001))).toThrow(/does not know/);
		expect(outputsOf(named("999"), imagenetLabels(1001))).toEqual([1000]);
	});

	it("are found all thousand, by id and by number", () => {
		const labels = imagenetLabels(1000);
		const all = Array.from(labels, (_, i) => i);
		expect(outputsOf(named(...labels.map(({ id }) => id!)), labels)).toEqual(all);
		expect(outputsOf(named(...all.map(String)), labels)).toEqual(all);
		expect(
			outputsOf(
				labels.map(({ id, name }) => ({ id: id!, name })),
				imagenetLabels(1001),
			),
		).toEqual(all.map((i) => i + 1));
	});

	it("are refused in one sentence where the model does not know them", () => {
		const names = ["daisy", "dandelion", "roses", "sunflowers", "tulips", "zinnias", "asters", "mallows"];
		expect(() => match(named(...names), imagenetLabels(1001))).toThrow(
			/^the model does not know 7 of the 8 classes of photos: "dandelion", "roses", "sunflowers", "tulips", "zinnias", …; it knows 1000, such as "tench", "goldfish", .*\.$/,
		);
	});

	it("are refused where a name stands for two", () => {
		expect(() => match(named("crane"), imagenetLabels(1000))).toThrow(
			/^the class "crane" of photos could be several of the model's: "crane" \(n02012849, number 134\) or "crane" \(n03126707, number 517\); call it by its WordNet id or its number\.$/,
		);
	});

	it("are told apart by their own numbers where a name stands for two", () => {
		// A list of ImageNet's pictures, as data/ opens it: classes without pictures are called by their numbers.
		const classes = Array.from({ length: 998 }, (_, number) => ({ name: String(number) }));
		for (const number of [134, 517]) classes[number] = { name: "crane" };
		const wanted = new Set([134, 517, 0]);
		const { outputs } = matchClasses({
			name: "list",
			classes,
			labels: imagenetLabels(1001),
			outputs: 1001,
			wanted,
		});
		expect([outputs[134], outputs[517], outputs[0], outputs[1]]).toEqual([135, 518, 1, -1]);
	});

	it("need not be known where they are not wanted", () => {
		const classes = named("no class of ImageNet's", "tench");
		const { outputs } = matchClasses({
			name: "list",
			classes,
			labels: imagenetLabels(1000),
			outputs: 1000,
			wanted: new Set([1]),
		});
		expect([...outputs]).toEqual([-1, 0]);
	});

	it("are refused where two are one", () => {
		expect(() => match(named("tench", "n01440764"), imagenetLabels(1000))).toThrow(
			/^the classes "tench" and "n01440764" of photos are one class of the model, "tench" \(n01440764, number 0\): put their pictures together\.$/,
		);
	});
});

describe("classes of a data set among a model's own labels", () => {
	it("go by name before number", () => {
		expect(outputsOf(named("1", "2", "3"), named("3", "2", "1"))).toEqual([2, 1, 0]);
	});

	it("may be any text", () => {
		const classes = named("été", "猫 🐈", "<b>", "__proto__", "constructor");
		expect(outputsOf(classes, [...classes].reverse())).toEqual([4, 3, 2, 1, 0]);
		// A file system may have taken the accents apart.
		expect(outputsOf(named("été".normalize("NFD")), classes)).toEqual([0]);
	});

	it("are found where a model was trained on folders called by WordNet ids", () => {
		expect(outputsOf([{ name: "goldfish", id: "n01443537" }], named("n01440764", "n01443537"))).toEqual([1]);
	});
});

describe("classes of a data set where the model has no labels", () => {
	it("are its outputs in order, with a note", () => {
		expect(match(named("ants", "bees"), undefined, 2)).toEqual({
			outputs: Int32Array.of(0, 1),
			background: 0,
			notes: [expect.stringMatching(/^the model has no labels: .*"ants".*\.$/)],
		});
	});

	it("are its outputs after a background class where there is one output more", () => {
		const { outputs, background, notes } = match(named("ants", "bees"), undefined, 3);
		expect([...outputs]).toEqual([1, 2]);
		expect(background).toBe(1);
		expect(notes).toHaveLength(1);
		// Numbers too count without it.
		expect(match(named("1", "0"), undefined, 3)).toMatchObject({
			outputs: Int32Array.of(2, 1),
			background: 1,
		});
	});

	it("go by number where they are numbers", () => {
		expect(match(named("10", "2"), undefined, 100)).toEqual({
			outputs: Int32Array.of(10, 2),
			background: 0,
			notes: [],
		});
	});

	it("are refused if they cannot be matched", () => {
		expect(() => match(named("ants", "bees"), undefined, 1000)).toThrow(
			/^photos has 2 classes and the model 1000 outputs without labels, .*\.$/,
		);
	});
});

it("a data set without classes is refused", () => {
	expect(() => match([], imagenetLabels(1000))).toThrow(/^photos has no classes: .*\.$/);
});
