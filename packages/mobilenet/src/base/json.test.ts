import fc from "fast-check";
import { describe, expect, test } from "vitest";
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

describe("what would take far more memory than its length is refused at once", () => {
	const many = (one: string, count: number): string => new Array<string>(count).fill(one).join();
	const keys = (count: number): string => Array.from({ length: count }, (_, i) => `"${i}k":1`).join();
	/** What breaks the promise of a few times the length: small things, and long things in one piece. */
	const hostile: Record<string, string> = {
		"empty lists": `[${many("[]", 2e6)}]`,
		"empty objects": `[${many("{}", 2e6)}]`,
		"empty texts": `[${many('""', 2e6)}]`,
		"objects of one key": `[${many('{"a":1}', 1e6)}]`,
		"digits in one list": `[${many("1", 20_000)}]`,
		"keys in one object": `{${keys(2000)}}`,
		"objects of a thousand keys": `[${many(`{${keys(1000)}}`, 600)}]`,
		"lists that never close": many("[1", 1e6).replaceAll(",", ""),
		"a text that never closes": `{"a":"${"x".repeat(6e6)}`,
	};

	test.each(Object.keys(hostile))("%s", (name) => {
		// In one piece, as what was decoded is, and not joined when it is first looked at.
		const text = Buffer.from(hostile[name]!).toString();
		const started = performance.now();
		const before = process.memoryUsage().heapUsed;
		expect(() => parseJson(text)).toThrow(/memory|before its last bracket|nested deeper/);
		expect(process.memoryUsage().heapUsed - before).toBeLessThan(4e6);
		expect(performance.now() - started).toBeLessThan(1000);
	});

	test("while one long text, or lists of numbers with digits, are not", () => {
		const text = JSON.stringify({ key: "x".repeat(6e6), ["k".repeat(6e6)]: [1] });
		expect(parseJson(text)).toEqual(JSON.parse(text));
		expect(parseJson(`[${many("1.25", 1e6)}]`)).toHaveLength(1e6);
	});
});
