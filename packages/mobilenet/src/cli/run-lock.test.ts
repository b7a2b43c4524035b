import { spawn } from "node:child_process";
import {
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterEach, beforeEach, expect, it } from "vitest";
import { pathsOf } from "./options/training.ts";
import { takeOutput } from "./run-lock.ts";

let place: string;
beforeEach(() => {
	place = mkdtempSync(join(tmpdir(), "mobilenet-lock-"));
});
afterEach(() => rmSync(place, { recursive: true }));

const silent = (): void => undefined;

it("makes the folder of the output, holds it, and gives it back", async () => {
	const paths = pathsOf(join(place, "a", "b", "flowers.safetensors"));
	const giveBack = await takeOutput(paths, silent);
	expect(readFileSync(paths.lock, "utf8")).toBe(`${process.pid}\n`);
	await giveBack();
	expect(readdirSync(join(place, "a", "b"))).toEqual([]);
});

it("refuses an output that another process is writing, and takes that of one that is gone", async () => {
	const paths = pathsOf(join(place, "flowers.safetensors"));
	const other = spawn(process.execPath, ["-e", "setTimeout(() => {}, 60000)"]);
	writeFileSync(paths.lock, `${other.pid}\n`);
	await expect(takeOutput(paths, silent)).rejects.toMatchObject({
		code: "usage",
		message: expect.stringMatching(
			/^process \d+ is writing .*flowers\.safetensors: wait for it, or choose another --output\. If no run has that number, remove .*flowers\.lock\.$/,
		),
	});
	const gone = new Promise((resolve) => other.once("exit", resolve));
	other.kill("SIGKILL");
	await gone;
	const giveBack = await takeOutput(paths, silent);
	await giveBack();
	expect(existsSync(paths.lock)).toBe(false);
});

it("says before the run that the output cannot be written", async () => {
	mkdirSync(join(place, "flowers.safetensors.tried"));
	writeFileSync(join(place, "file"), "");
	const below = takeOutput(pathsOf(join(place, "file", "flowers.safetensors")), silent);
	await expect(below).rejects.toMatchObject({
		code: "unwritable",
		message: expect.stringMatching(/flowers\.safetensors cannot be written: /),
	});
});
