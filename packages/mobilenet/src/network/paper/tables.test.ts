import { describe, expect, test } from "vitest";
import { MobileNetError } from "../../base/error.ts";
import { configure } from "../configuration.ts";
import { layers } from "../layers.ts";
import { type PaperTableNumber, paperTable, paperTableNumbers } from "./tables.ts";

describe("paperTable", () => {
	test("Table 1: our layers are what the paper prints, except the stride of the last depthwise layer", () => {
		const { rows } = paperTable(1);
		// The paper's table has 22 rows: ten of the 28 layers with weights share two, pool and softmax have their own.
		expect(rows).toHaveLength(22);
		for (const { layers, type, filterShape, inputSize, note } of rows) {
			expect(filterShape.ours).toBe(filterShape.paper);
			expect(inputSize.ours).toBe(inputSize.paper);
			if (layers[0] === "blocks.12.depthwise") {
				expect(type).toEqual({ paper: "Conv dw / s2", ours: "Conv dw / s1" });
				expect(note).toMatch(/stride/);
			} else {
				expect(type.ours).toBe(type.paper);
				expect(note).toBeUndefined();
			}
		}
	});

	test("Table 1 holds every layer once", () => {
		const named = paperTable(1).rows.flatMap((row) => row.layers);
		expect(named.toSorted()).toEqual(
			layers(configure())
				.map(({ name }) => name)
				.toSorted(),
		);
		expect(paperTable(1).rows[13]?.layers).toEqual([6, 7, 8, 9, 10].map((i) => `blocks.${i}.depthwise`));
	});

	test("knows its tables, 1 to 7", () => {
		expect(paperTableNumbers).toEqual([1, 2, 3, 4, 5, 6, 7]);
		const titles = paperTableNumbers.map((number) => paperTable(number).title);
		expect(new Set(titles).size).toBe(7);
	});

	test.each([0, 8, 9, 1.5, "1", "constructor", undefined])("refuses %j in one sentence", (number) => {
		let thrown: unknown;
		try {
			paperTable(number as PaperTableNumber);
		} catch (error) {
			thrown = error;
		}
		expect(thrown).toBeInstanceOf(MobileNetError);
		expect(thrown).toMatchObject({
			code: "usage",
			message: expect.stringMatching(/^[^.]+ 1 to 7 [^.]+, not /),
		});
	});
});
