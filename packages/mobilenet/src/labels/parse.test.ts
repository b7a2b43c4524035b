import { describe, expect, test } from "vitest";
import { MobileNetError } from "../base/error.ts";
import { parseLabels } from "./parse.ts";

const parse = (text: string) => parseLabels(text, "labels.txt");

describe("a label file", () => {
	test("of a label a line, with other names and WordNet ids or without", () => {
		expect(parse("cat\r\ndog\r\n")).toEqual([{ name: "cat" }, { name: "dog" }]);
		expect(parse("\uFEFFbackground\ntench, Tinca tinca\n\n")).toEqual([
			{ name: "background" },
			{ name: "tench", synonyms: ["Tinca tinca"] },
		]);
		expect(parse("n01440764 tench, Tinca tinca")).toEqual([
			{ name: "tench", id: "n01440764", synonyms: ["Tinca tinca"] },
		]);
		expect(parse("new york")).toEqual([{ name: "new york" }]);
	});

	test("of indices and labels in any order", () => {
		expect(parse("1\tdog\n0\tcat\n2: bird")).toEqual([{ name: "cat" }, { name: "dog" }, { name: "bird" }]);
	});

	test("of numbered lines, as Teachable Machine exports them", () => {
		expect(parse("0 cat\n1 my dog\n")).toEqual([{ name: "cat" }, { name: "my dog" }]);
		expect(parse('{"tfjsVersion": "1.3.1", "labels": ["cat", "dog"], "imageSize": 224}')).toEqual([
			{ name: "cat" },
			{ name: "dog" },
		]);
	});

	test("of TensorFlow's label maps, which count from 1 or from 0", () => {
		const both = [{ name: "cat" }, { name: "dog" }];
		expect(parse(`item {\n  name: "dog"\n  id: 2\n}\nitem {\n  name: 'cat'\n  id: 1\n}\n`)).toEqual(both);
		expect(
			parse(`item { id: 0 name: "n1" display_name: "cat" } item { id: 1 name: "n2" display_name: "dog" }`),
		).toEqual(both);
		expect(() => parse("item { id: 1 }")).toThrow("labels.txt has no id or no name in item 1.");
		expect(() => parse('item { id: 1 name: "a" } item { id: 1 name: "b" }')).toThrow("two labels");
	});

	test("of labels that only start with a number", () => {
		expect(parse("7 up\n8 ball")).toEqual([{ name: "7 up" }, { name: "8 ball" }]);
	});

	test("of JSON: texts, objects, index to text, Keras's pairs", () => {
		const both = [{ name: "cat" }, { name: "dog" }];
		expect(parse('["cat", "dog"]')).toEqual(both);
		expect(parse('[{"name": "cat"}, {"name": "dog"}]')).toEqual(both);
		expect(parse('{"1": "dog", "0": "cat"}')).toEqual(both);
		expect(parse('{"0": ["n02099712", "Labrador_retriever"]}')).toEqual([
			{ name: "Labrador retriever", id: "n02099712" },
		]);
	});

	test.each([
		["", "labels.txt holds no labels: it is empty."],
		["cat\n\ndog", "labels.txt has no label in line 2 of 3."],
		["0\tcat\n2\tdog", "labels.txt has the index 2, but only 2 labels, counted from 0."],
		["0\tcat\n0\tdog", "labels.txt has two labels with the index 0."],
		[
			"99999999999999999999\tcat",
			"labels.txt has the index 100000000000000000000, but only 1 labels, counted from 0.",
		],
		['["cat", 1]', "labels.txt has 1 for the class 1 where a label was expected."],
		['{"cat": "0"}', 'labels.txt has the key "cat" where an index was expected.'],
		['["cat"', "labels.txt starts like JSON but is not valid JSON"],
	])("that is broken is refused: %j", (text, message) => {
		const reading = () => parse(text);
		expect(reading).toThrow(MobileNetError);
		expect(reading).toThrow(message);
	});
});
