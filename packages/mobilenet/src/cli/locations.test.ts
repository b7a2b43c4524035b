import { describe, expect, it } from "vitest";
import { filesOf, isAddress } from "./locations.ts";

describe("an address", () => {
	it.each(["https://example.org/a.jpg", "data:image/png;base64,", "file:///photo.jpg", "git+https://a"])(
		"is %s",
		(name) => expect(isAddress(name)).toBe(true),
	);

	it.each(["photo.jpg", "./a:b", "C:\\photo.jpg", "c:/photo.jpg", "-", ""])("is not %j", (name) =>
		expect(isAddress(name)).toBe(false),
	);
});

it("a model that has a name is of no files that could be written over", async () => {
	expect(await filesOf("default")).toBeUndefined();
	expect(await filesOf("./default")).toBeUndefined();
});
