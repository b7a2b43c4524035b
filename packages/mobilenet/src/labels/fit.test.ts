import { describe, expect, test } from "vitest";
import { labelsFor } from "./fit.ts";

describe("labels for a network", () => {
	const labels = (n: number) => Array.from({ length: n }, (_, i) => ({ name: String(i) }));

	test("fit, or get a background in front", () => {
		expect(labelsFor(labels(3), 3, "labels.txt")).toEqual(labels(3));
		expect(labelsFor(labels(1000), 1001, "labels.txt").slice(0, 2)).toEqual([
			{ name: "background" },
			{ name: "0" },
		]);
	});

	test("of a single output stand for both of its classes", () => {
		const person = { name: "person", id: "n00007846" };
		expect(labelsFor([person], 2, "labels.txt", true)).toEqual([{ name: "not person" }, person]);
		expect(labelsFor(labels(2), 2, "labels.txt", true)).toEqual(labels(2));
		expect(() => labelsFor([person], 2, "labels.txt")).toThrow("labels.txt has 1 labels");
	});

	test("of another number are refused with both", () => {
		expect(() => labelsFor(labels(1001), 1000, "labels.txt")).toThrow(
			"labels.txt has 1001 labels, but the network has 1000 classes: give a file with one label for each class.",
		);
	});
});
