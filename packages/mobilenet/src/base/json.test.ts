import fc from "fast-check";
import { expect, test } from "vitest";
import { parseJson } from "./json.ts";

test("what is not too deep is what JSON.parse makes of it", () => {
	fc.assert(
		fc.property(fc.json({ maxDepth: 5 }), (text) => {
			expect(parseJson(text, 99)).toEqual(JSON.parse(text));
		}),
	);
});

test("brackets in texts do not count", () => {
	const text = String.raw`{"a\\": ["[{\"[[", "]\\"], "[": {}}`;
	expect(parseJson(text, 2)).toEqual({ "a\\": ['[{"[[', "]\\"], "[": {} });
	expect(() => parseJson(text, 1)).toThrow("nested deeper than 1 levels at character 8");
});

test("a text of brackets is refused at once", () => {
	expect(() => parseJson("[".repeat(1e7), 4)).toThrow("nested deeper than 4 levels at character 4");
});

test("what is no JSON is refused", () => {
	for (const text of ["", "{", "]", '"', "\\", '{"a":1}}']) expect(() => parseJson(text, 4)).toThrow();
});
