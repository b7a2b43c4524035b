/** What cannot be packed, and where it cannot be put. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packModel } from "../../src/catalog/pack.ts";
import { parseManifest } from "../../src/catalog/package.ts";
import { loadModel } from "../../src/model/source.ts";
import { mobilenet } from "../support/cli.ts";

let folder = "";
beforeAll(() => {
	folder = mkdtempSync(join(tmpdir(), "mobilenet-pack-"));
	writeFileSync(join(folder, "file"), "mine");
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("a package", () => {
	it.each(["01.0.0", "1.0", "1.0.0-", "1.0.0-..", "1.0.0-a..b", "1.0.0-01", "1.0.0-x_y", "1.0.0\n"])(
		"is not of the version %o, which npm refuses",
		async (version) => {
			const model = await loadModel();
			expect(() => packModel(model, { name: "flowers", version })).toThrow(
				/^a version is such as 1\.0\.0, not/,
			);
		},
	);

	it.each(["0.0.0", "10.20.30", "1.0.0-0", "1.0.0-rc.1", "1.0.0-0a", "1.0.0--"])(
		"is of the version %o",
		async (version) => {
			const files = packModel(await loadModel(), { name: "flowers", version });
			const { version: written } = JSON.parse(new TextDecoder().decode(files.get("package.json")));
			expect(written).toBe(version);
		},
	);

	it("has no longer name than npm allows", async () => {
		const model = await loadModel();
		expect(() => packModel(model, { name: "a".repeat(197) })).toThrow(
			/is too long for the name of a package\.$/,
		);
		expect(packModel(model, { name: "a".repeat(196) }).size).toBe(5);
	});

	it.each(["file", "file/below"])("is not put in the place of a file: %s", async (path) => {
		const { exitCode, stderr } = await mobilenet([
			"pack",
			"default",
			"--name",
			"flowers",
			"-o",
			join(folder, path),
		]);
		expect(exitCode).toBe(1);
		expect(stderr).toMatch(/^mobilenet: .* cannot be written: the folder's place is taken by a file\.\n$/);
		expect(readdirSync(folder)).toEqual(["file"]);
	});

	it("without a name is called by its package.json", () => {
		expect(parseManifest('{"mobilenetWeights":{"a":"b"}}', "x/package.json").title).toBe("x/package.json");
	});
});
