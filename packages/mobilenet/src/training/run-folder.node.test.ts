/** The folder of checkpoints on a real disk: full, killed, not to be written. */
import { spawn } from "node:child_process";
import {
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { random } from "../base/random.ts";
import { runFolder } from "./run-folder.node.ts";

let place: string;
beforeAll(() => {
	place = mkdtempSync(join(tmpdir(), "mobilenet-"));
});
afterAll(() => rmSync(place, { recursive: true }));

describe("a run's folder", () => {
	it("is made when the first file is written, and leaves nothing else there", async () => {
		const path = join(place, "中文 🐈", "model.checkpoint");
		const folder = runFolder(path);
		expect(await folder.read("last.safetensors")).toBeUndefined();
		expect(existsSync(path)).toBe(false);
		await folder.write("last.safetensors", Uint8Array.of(1, 2, 3));
		await folder.write("last.safetensors", Uint8Array.of(4, 5));
		expect([...(await folder.read("last.safetensors"))!]).toEqual([4, 5]);
		expect(readdirSync(path)).toEqual(["last.safetensors"]);
	});

	it.runIf(existsSync("/dev/full"))("says that the disk is full, and keeps the former file", async () => {
		const path = join(place, "full");
		const folder = runFolder(path);
		await folder.write("last.safetensors", Uint8Array.of(1, 2, 3));
		// Whatever is written to this device finds no room.
		symlinkSync("/dev/full", join(path, ".last.safetensors.draft"));
		await expect(folder.write("last.safetensors", new Uint8Array(10_000))).rejects.toThrow(
			expect.objectContaining({
				code: "unwritable",
				file: join(path, "last.safetensors"),
				message: `${join(path, "last.safetensors")} cannot be written: the disk is full.`,
			}),
		);
		expect([...(await folder.read("last.safetensors"))!]).toEqual([1, 2, 3]);
		expect(readdirSync(path)).toEqual(["last.safetensors"]);
	});

	it("says that a file is in its place", async () => {
		const path = join(place, "taken");
		writeFileSync(path, "");
		await expect(runFolder(path).write("a", Uint8Array.of(1))).rejects.toThrow(
			`${join(path, "a")} cannot be written: the folder's place is taken by a file.`,
		);
	});

	it("has a whole file after a kill at any moment", async () => {
		const path = join(place, "killed");
		mkdirSync(path);
		const module = fileURLToPath(new URL("./run-folder.node.ts", import.meta.url));
		const program = `
			import { runFolder } from ${JSON.stringify(module)};
			const folder = runFolder(${JSON.stringify(path)});
			for (let i = 1; ; i++) {
				await folder.write("last.safetensors", new Uint8Array(2_000_000).fill(i % 250));
				if (i === 1) console.log("begun");
			}`;
		const { uniform } = random(1);
		for (let round = 0; round < 5; round++) {
			const child = spawn(
				process.execPath,
				["--conditions=mobilenet-source", "--input-type=module", "-e", program],
				{
					stdio: ["ignore", "pipe", "inherit"],
				},
			);
			await new Promise((resolve) => child.stdout.once("data", resolve));
			await new Promise((resolve) => setTimeout(resolve, 40 * uniform()));
			child.kill("SIGKILL");
			await new Promise((resolve) => child.once("exit", resolve));
			const bytes = readFileSync(join(path, "last.safetensors"));
			expect(bytes.length).toBe(2_000_000);
			expect(bytes.every((byte) => byte === bytes[0])).toBe(true);
			expect(readdirSync(path).length).toBeLessThanOrEqual(2);
		}
	});
});
