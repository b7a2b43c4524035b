import { describe, expect, it } from "vitest";
import { readDefaultModel } from "../model/default-model.ts";
import { modelSource, readNamedModel } from "./model-source.ts";
import { filesOf } from "./output.ts";

describe("the model of a command line", () => {
	it("is the embedded one by the name default, and else what it is called", () => {
		expect(modelSource("default")).toBeUndefined();
		for (const name of ["./default", "Default", "default/", "default.tflite", "https://example.org/default"])
			expect(modelSource(name)).toBe(name);
	});

	it("is read by either", async () => {
		const { href } = new URL("../../../../models/default/mobilenet.safetensors", import.meta.url);
		const own = await readDefaultModel();
		expect(await readNamedModel("default")).toEqual(own);
		expect(await readNamedModel(href)).toEqual(own);
		await expect(readNamedModel("./default")).rejects.toThrow(/^\.\/default cannot be read: .*\.$/);
	});

	it("is of no files where it is embedded", async () => {
		expect(await filesOf("default")).toBeUndefined();
		expect(await filesOf("./default")).toEqual([]);
	});
});
