import { expect, test } from "vitest";
import { configure } from "../network/configuration.ts";
import { initialize } from "../weights/initialize.ts";
import { readModel } from "./read.ts";
import { formats } from "./table.ts";
import { writeAs } from "./write.ts";

const model = initialize(configure({ alpha: 0.25, size: 32, classes: 5 }), { seed: 1 });

test.each([
	["safetensors", "model.safetensors"],
	["SafeTensors", "model.safetensors"],
	[".safetensors", "model.safetensors"],
	["mine.v2.safetensors", "mine.v2.safetensors"],
	["Mine.SAFETENSORS", "Mine.SAFETENSORS"],
])("a model is written as %s", async (to, file) => {
	const files = await writeAs(model, to);
	expect([...files.keys()]).toEqual([file]);
	expect(await readModel(files.get(file)!)).toEqual(model);
});

test.each(formats.flatMap(({ name, write }) => (write ? [] : [name])))("%s is not written", async (name) => {
	await expect(writeAs(model, name)).rejects.toMatchObject({
		code: "usage",
		message: expect.stringContaining(`is of the format ${name}, which is read but not written: take one of`),
	});
});

test("what is no format is refused with those that are", async () => {
	for (const to of ["", "model", "model.bin", "safetensors.txt"])
		await expect(writeAs(model, to)).rejects.toMatchObject({
			code: "usage",
			message: expect.stringMatching(/no format that is written.*take one of safetensors \(\.safetensors\)/),
		});
	for (const batch of [0, 1.5, -1, Number.NaN])
		await expect(writeAs(model, ".safetensors", { batch })).rejects.toMatchObject({ code: "usage" });
});
