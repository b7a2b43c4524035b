import { expect, it } from "vitest";
import { filesOf } from "./convert.ts";

it("a model that has a name is of no files that could be written over", async () => {
	expect(await filesOf("default")).toBeUndefined();
	expect(await filesOf("./default")).toEqual([]);
});
