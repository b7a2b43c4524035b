import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { describeWithShared, shared } from "../../test/support/shared.ts";
import { backgroundOutputs } from "./background.ts";
import { imagenetLabels } from "./imagenet.ts";

test("1000 classes, and 1001 with the background first", () => {
	const labels = imagenetLabels(1000);
	expect(labels).toHaveLength(1000);
	expect(backgroundOutputs(labels)).toBe(0);
	// The ends and a middle of the ILSVRC-2012 order.
	expect(labels[0]).toEqual({ name: "tench", id: "n01440764", synonyms: ["Tinca tinca"] });
	expect(labels[88]).toEqual({ name: "macaw", id: "n01818515" });
	expect(labels[999]?.name).toBe("toilet tissue");

	const withBackground = imagenetLabels(1001);
	expect(backgroundOutputs(withBackground)).toBe(1);
	expect(withBackground[0]).toEqual({ name: "background" });
	expect(withBackground.slice(1)).toEqual(labels);
});

const lines = (path: string) => readFileSync(shared(path), "utf8").trimEnd().split("\n");

describeWithShared("ImageNet's classes", ["data/imagenet_classes.tsv", "weights"], () => {
	test("are those of the list, name by name", () => {
		const rows = imagenetLabels(1000).map(
			({ name, id, synonyms = [] }, i) => `${i}\t${id}\t${[name, ...synonyms].join(", ")}`,
		);
		expect(rows).toEqual(lines("data/imagenet_classes.tsv").slice(1));
	});

	test("have the ids of the list", () => {
		expect(imagenetLabels(1000).map(({ id }) => id)).toEqual(lines("weights/imagenet_wnids.txt"));
	});

	test("have the names of Google's labels, background first", () => {
		const names = imagenetLabels(1001).map(({ name, synonyms = [] }) => [name, ...synonyms].join(", "));
		expect(names).toEqual(lines("weights/imagenet_labels_1001.txt"));
	});
});
