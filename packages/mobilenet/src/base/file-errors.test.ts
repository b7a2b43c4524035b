import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { notReadable, notWritable } from "./file-errors.ts";
import { locationBeside, locationIn, readLocation, writeLocation } from "./files.node.ts";

let place: string;
beforeAll(() => {
	place = mkdtempSync(join(tmpdir(), "mobilenet-"));
	mkdirSync(join(place, "folder"));
	writeFileSync(join(place, "file"), "");
	symlinkSync("loop", join(place, "loop"));
});
afterAll(() => rmSync(place, { recursive: true }));
const bytes = Uint8Array.of(1);

describe("a file that cannot be read", () => {
	it.each([
		["nothing", "there is no such file"],
		["file/below", "there is no such file"],
		["folder", "it is a folder"],
		["loop", "its symbolic links form a loop"],
	])("%s: %s", async (name, why) => {
		const file = join(place, name);
		await expect(readLocation(file)).rejects.toMatchObject({
			...{ code: "not-found", file, message: `${file} cannot be read: ${why}.` },
		});
	});
});

describe("a file that cannot be written", () => {
	it.each([
		["no/such/folder", "there is no such folder"],
		["file/below", "the folder's place is taken by a file"],
		["folder", "it is a folder"],
	])("%s: %s", async (name, why) => {
		const file = join(place, name);
		await expect(writeLocation(file, bytes)).rejects.toMatchObject({
			...{ code: "unwritable", file, message: `${file} cannot be written: ${why}.` },
		});
	});

	// Whoever is root may write everywhere.
	it.skipIf(process.getuid?.() === 0)("in a folder of somebody else", async () => {
		const folder = join(place, "closed");
		mkdirSync(folder);
		chmodSync(folder, 0o500);
		await expect(writeLocation(join(folder, "a"), bytes)).rejects.toThrow(/permission denied\.$/);
	});
});

it.each(["file://host/model", "file:///a%2fb"])("%s is no file's address", async (location) => {
	await expect(readLocation(location)).rejects.toMatchObject({
		code: "usage",
		message: expect.stringMatching(/^file:.* is no file's address: File URL .*\.$/),
	});
	expect(() => locationIn("https://", "model.json")).toThrow(/^https:\/\/ is not a complete address/);
	expect(() => locationBeside("https:///", "config.json")).toThrow(/^https:\/\/\/ is not a complete address/);
});

it("what the system has no code for is said in its own words", () => {
	expect(notReadable("a", new Error("odd")).message).toBe("a cannot be read: odd.");
	expect(notWritable("a", "odd").message).toBe("a cannot be written: odd.");
});
