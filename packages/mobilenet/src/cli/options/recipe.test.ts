import { describe, expect, it } from "vitest";
import { defaultAugmentation } from "../../data/index.ts";
import { parseAugmentation, parseSchedule } from "./recipe.ts";

describe("an augmentation's spelling", () => {
	it("reads what differs from the default", () => {
		expect(parseAugmentation("none")).toBe("none");
		expect(parseAugmentation("default")).toEqual(defaultAugmentation);
		expect(parseAugmentation("flip=0, area=0.5-1,rotation=15")).toEqual({
			...defaultAugmentation,
			flip: 0,
			area: [0.5, 1],
			rotation: 15,
		});
	});

	it.each(["", "flip", "flip=a", "flip=0-1", "area=0.5", "zoom=1", "area=1-0.5", "flip=2"])(
		"refuses %j",
		(text) => {
			expect(() => parseAugmentation(text)).toThrow(
				/^(--augment must be default, none|augmentation\.\w+ must be)/,
			);
		},
	);
});

describe("a schedule's spelling", () => {
	it.each([
		["constant", { kind: "constant" }],
		["cosine", { kind: "cosine" }],
		["exponential", { kind: "exponential", factor: 0.94, epochs: 2 }],
		["exponential=0.9", { kind: "exponential", factor: 0.9, epochs: 1 }],
		["exponential=.98/2.5", { kind: "exponential", factor: 0.98, epochs: 2.5 }],
	])("%s", (text, schedule) => {
		expect(parseSchedule(text)).toEqual(schedule);
	});

	it.each(["", "linear", "exponential=", "exponential=2", "exponential=0.9/0", "exponentials", "cosine=1"])(
		"refuses %j",
		(text) => {
			expect(() => parseSchedule(text)).toThrow(/^--schedule must be constant, cosine, .*, not ".*"\.$/);
		},
	);
});
