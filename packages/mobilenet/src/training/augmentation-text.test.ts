import { expect, it } from "vitest";
import { defaultAugmentation } from "../data/augmentation.ts";
import { parseAugmentation } from "./augmentation-text.ts";

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
			/^(the augmentation must be default, none|augmentation\.\w+ must be)/,
		);
	},
);
