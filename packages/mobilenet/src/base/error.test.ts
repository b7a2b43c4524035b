import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MobileNetError, printable, shown } from "./error.ts";

describe("a value as errors show it", () => {
	test("is its JSON, the end cut where that is long", () => {
		fc.assert(
			fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
				const whole = typeof value === "number" ? String(value) : JSON.stringify(value);
				const text = shown(value);
				if (whole.length <= 60) expect(text).toBe(whole);
				else {
					expect(text).toHaveLength(60);
					expect(text.endsWith("...")).toBe(true);
					// A text that is cut between an escape's two characters, or a pair's, ends otherwise.
					expect(whole.startsWith(text.slice(0, 44))).toBe(true);
				}
			}),
		);
	});

	test("is named where JSON has no word for it", () => {
		expect([undefined, Number.NaN, 10n, Symbol("s"), new URL("file:///a")].map(shown)).toEqual([
			...["undefined", "NaN", "10", "Symbol(s)", '"file:///a"'],
		]);
	});

	test("takes no time, however deep, long or strange it is", () => {
		let deep: unknown = 1;
		for (let i = 0; i < 100_000; i++) deep = [deep];
		const circle: unknown[] = [];
		circle.push(circle);
		const strange = { toString: 1, valueOf: 1, toJSON: 1 };
		const started = performance.now();
		expect(shown(deep)).toBe(`${"[".repeat(57)}...`);
		expect(shown(circle)).toBe(`${"[".repeat(57)}...`);
		expect(shown(new Array(10_000_000).fill(1))).toBe(`[${"1,".repeat(28)}...`);
		expect(shown("x".repeat(10_000_000))).toBe(`"${"x".repeat(56)}...`);
		expect(shown({ ["k".repeat(10_000_000)]: 1 })).toBe(`{"${"k".repeat(55)}...`);
		expect(shown(strange)).toBe('{"toString":1,"valueOf":1,"toJSON":1}');
		expect(performance.now() - started).toBeLessThan(1000);
	});
});

test("an error says where it is, as far as that is known, and nothing else", () => {
	const cause = new Error("why");
	const error = new MobileNetError("broken-file", "cut short.", { file: "a.tflite", offset: 12, cause });
	expect({ ...error }).toEqual({ name: "MobileNetError", code: "broken-file", file: "a.tflite", offset: 12 });
	expect("layer" in error).toBe(false);
	expect(error.cause).toBe(cause);
	expect("cause" in new MobileNetError("usage", "no.")).toBe(false);
});

describe("what a file says", () => {
	test("cannot color a terminal, end a line or turn its direction", () => {
		expect(printable("\u001b[31mred\r\n\u0007\u009b\u2028\u202eé, 犬, 👩‍🚀")).toBe(
			"�[31mred������é, 犬, 👩‍🚀",
		);
		expect(new MobileNetError("broken-file", "a\u001b[2Jb\nc.").message).toBe("a�[2Jb�c.");
	});

	test("cannot make a message of pages", () => {
		expect(new MobileNetError("broken-file", `${"x".repeat(1e6)}.`).message).toBe(`${"x".repeat(1997)}...`);
	});
});
