import { describe, expect, it } from "vitest";
import { datasetOf } from "./memory.ts";
import { withClasses } from "./with-classes.ts";

const picture = { data: new Uint8Array(3), width: 1, height: 1, channels: 3 };
const dataset = datasetOf({
	pictures: [picture, picture, picture],
	labels: [1, 0, -1],
	classes: ["tabby_cat", "Dog"],
});

describe("withClasses", () => {
	it("numbers classes as the list does; a picture without a class stays without", () => {
		const classes = [{ name: "bird" }, { name: "dog" }, { name: "tabby cat" }];
		const numbered = withClasses(dataset, classes);
		expect(numbered.classes).toBe(classes);
		expect([...numbered.labels]).toEqual([1, 2, -1]);
	});

	it("changes nothing where the classes are the list's already", () => {
		expect([...withClasses(dataset, dataset.classes).labels]).toEqual([...dataset.labels]);
	});

	it("refuses a class that is not in the list", () => {
		expect(() => withClasses(dataset, [{ name: "bird" }, { name: "dog" }])).toThrow(
			/does not know 1 of the 2 classes of pictures in memory: "tabby_cat"/,
		);
	});
});
