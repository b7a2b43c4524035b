/** Data sets in memory. */
import { describe, expect, it } from "vitest";
import { datasetOf } from "./memory.ts";

const red = { data: Uint8Array.of(255, 0, 0), width: 1, height: 1, channels: 3 };

describe("a data set in memory", () => {
	it("has what it was given", async () => {
		const dataset = datasetOf({
			pictures: [red, Uint8Array.of(1)],
			labels: [1, 0],
			classes: ["a", { name: "b" }],
		});
		expect(dataset.classes).toEqual([{ name: "a" }, { name: "b" }]);
		expect([...dataset.labels]).toEqual([1, 0]);
		expect(await dataset.read(0)).toBe(red);
		expect(dataset.nameOf(1)).toBe("pictures in memory, picture 1");
		await expect(dataset.read(2)).rejects.toThrow("pictures in memory: there is no picture 2.");
	});

	it("numbers classes that have no names, and needs no labels", () => {
		expect(datasetOf({ pictures: [red, red], labels: [0, 2] }).classes).toEqual(
			["0", "1", "2"].map((name) => ({ name })),
		);
		expect([...datasetOf({ pictures: [red] }).labels]).toEqual([-1]);
	});

	it("refuses labels that do not match, and what is not a picture", () => {
		expect(() => datasetOf({ pictures: [red], labels: [0, 1] })).toThrow(
			"there must be one label for each of the 1",
		);
		expect(() => datasetOf({ pictures: [red], labels: [2], classes: ["a", "b"] })).toThrow(
			"the label of picture 0 must be a whole number from -1 to 1, not 2.",
		);
		expect(() => datasetOf({ pictures: [{ ...red, width: 2 }] })).toThrow(
			"pictures in memory, picture 0: 2×1 pixels",
		);
	});
});
