import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { number, numberOrFraction, wholeNumber } from "./numbers.ts";

const strange = [
	"",
	" ",
	"abc",
	"1e3",
	"0x10",
	"-1",
	"+1",
	"1,5",
	"1_000",
	"NaN",
	"Infinity",
	" 1",
	"1 ",
	"١",
];

describe("numbers are read strictly", () => {
	test("whole numbers", () => {
		fc.assert(fc.property(fc.nat(), (n) => wholeNumber(String(n)) === n));
		for (const input of [...strange, "1.5", "1.", "6/7"])
			expect(() => wholeNumber(input)).toThrow(`must be a whole number, not ${JSON.stringify(input)}`);
	});

	test("decimals", () => {
		expect([".25", "0.25", "1", "1.", "007"].map(number)).toEqual([0.25, 0.25, 1, 1, 7]);
		for (const input of [...strange, ".", "1.2.3", "6/7"])
			expect(() => number(input)).toThrow(`must be a number such as 0.5, not ${JSON.stringify(input)}`);
	});

	test("fractions", () => {
		expect(["6/7", "5/7", "1/1", "0.857", "1"].map(numberOrFraction)).toEqual([6 / 7, 5 / 7, 1, 0.857, 1]);
		for (const input of [...strange, "6/0", "6/", "/7", "6/7/8", "1.5/2"])
			expect(() => numberOrFraction(input)).toThrow("must be a number such as 0.857 or 6/7");
	});
});
