import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { grouped, percent, table } from "./table.ts";

describe("table", () => {
	test("aligns words left and numbers right, with nothing at the ends of lines", () => {
		const text = table(
			[{ title: "layer" }, { title: "weights", align: "right" }, { title: "note" }],
			[
				["stem", "864", "first"],
				["classifier", "1,024,000", ""],
			],
		);
		expect(text.split("\n")).toEqual([
			"layer         weights  note",
			"──────────  ─────────  ─────",
			"stem              864  first",
			"classifier  1,024,000",
			"",
		]);
	});

	test("counts characters, not units: é of two code points, 🦜 of two units", () => {
		const text = table(
			[{ title: "a" }, { title: "b" }],
			[
				["cafe\u0301", "1"],
				["🦜🦜🦜", "2"],
			],
		);
		expect(text.split("\n").slice(1, 4)).toEqual(["────  ─", "cafe\u0301  1", "🦜🦜🦜   2"]);
	});

	test("lets no control character through to a terminal", () => {
		fc.assert(
			fc.property(fc.array(fc.string({ unit: "binary" })), (cells) => {
				const text = table(
					[{ title: "a" }],
					[...cells, "\x1b[2J\r\n\x07"].map((cell) => [cell]),
				);
				expect(text.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
				expect(text.split("\n")).toHaveLength(cells.length + 4);
			}),
		);
	});
});

test("numbers for people", () => {
	expect([0, 999, 1000, 4231976].map(grouped)).toEqual(["0", "999", "1,000", "4,231,976"]);
	expect([percent(0), percent(1), percent(0.94862), percent(0.987, 1)]).toEqual([
		"0.00 %",
		"100.00 %",
		"94.86 %",
		"98.7 %",
	]);
});
