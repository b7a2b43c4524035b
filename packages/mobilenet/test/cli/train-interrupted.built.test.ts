/**
 * A training that is interrupted, killed or out of disk, as a process: it goes on to the same weights, bit for bit. The
 * processes are of the built command, which starts in a tenth of the time. Needs `npm run build`.
 */
import { spawn } from "node:child_process";
import {
	cpSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { random } from "../../src/base/random.ts";
import { colored } from "../support/colored.ts";

const command = fileURLToPath(new URL("../../bin/mobilenet.js", import.meta.url));
const kills = 20;

describe("mobilenet train, interrupted", () => {
	let place: string;
	let data: string;
	let whole: Uint8Array;
	beforeAll(async () => {
		place = mkdtempSync(join(tmpdir(), "mobilenet-"));
		data = join(place, "colors");
		const { pictures, labels, classes } = colored(90, 1);
		for (const name of classes) mkdirSync(join(data, name), { recursive: true });
		for (const [i, { data: pixels, ...raw }] of pictures.entries())
			await sharp(pixels, { raw: { ...raw, channels: 3 } })
				.png()
				.toFile(join(data, classes[labels[i]!]!, `${i}.png`));
		const { code } = await start(join(place, "whole")).ended;
		expect(code).toBe(0);
		whole = readFileSync(join(place, "whole", "model.safetensors"));
	}, 60_000);
	afterAll(() => rmSync(place, { recursive: true }));

	/** The run as a process, in a folder of its own. */
	function start(folder: string, ...more: readonly string[]) {
		mkdirSync(folder, { recursive: true });
		const options = [
			"--alpha",
			"0.25",
			"--size",
			"32",
			"--epochs",
			"12",
			"--batch",
			"9",
			"--threads",
			"1",
			"--average",
			"0.9",
		];
		const child = spawn(
			process.execPath,
			[command, "train", data, "-o", join(folder, "model.safetensors"), ...options, ...more],
			{ stdio: ["ignore", "ignore", "pipe"] },
		);
		let stderr = "";
		child.stderr.on("data", (part) => (stderr += part));
		const ended = new Promise<{ code: number | null; signal: string | null; stderr: string }>((resolve) =>
			child.on("close", (code, signal) => resolve({ code, signal, stderr })),
		);
		return { child, ended, saw: (pattern: RegExp) => seen(child.stderr, () => stderr, pattern) };
	}

	it("finishes its step and writes a checkpoint at the first Ctrl-C, and resumes from there", async () => {
		const folder = join(place, "interrupted");
		const { child, ended, saw } = start(folder);
		await saw(/epoch 2\/12/);
		child.kill("SIGINT");
		const { code, stderr } = await ended;
		expect(stderr).toMatch(
			/finishing the step and writing a checkpoint; press Ctrl-C again to stop at once\.\n/,
		);
		expect(stderr).toMatch(/stopped after step \d+: to continue, run the same command with --resume\.\n$/);
		expect(code).toBe(1);
		expect(existsSync(join(folder, "model.safetensors"))).toBe(false);

		const refused = await start(folder).ended;
		expect(refused.code).toBe(2);
		expect(refused.stderr).toMatch(
			/model\.checkpoint holds a run that was stopped after \d+ epochs: continue it with --resume/,
		);
		const other = await start(folder, "--resume", "--mixup", "0.3").ended;
		expect(other.code).toBe(2);
		expect(other.stderr).toMatch(/cannot be resumed because its mixup was 0 and is now 0\.3:/);

		expect((await start(folder, "--resume").ended).code).toBe(0);
		expect(Buffer.compare(readFileSync(join(folder, "model.safetensors")), whole)).toBe(0);
		expect(readdirSync(folder).sort()).toEqual([
			"model.checkpoint",
			"model.curves.svg",
			"model.log.jsonl",
			"model.safetensors",
		]);
		expect(readdirSync(join(folder, "model.checkpoint")).sort()).toEqual([
			"best.safetensors",
			"last.safetensors",
			"state.json",
		]);
	}, 60_000);

	it(`ends with the same weights after ${kills} kills at random moments`, async () => {
		const folder = join(place, "killed");
		const { uniform } = random(1);
		for (let killed = 0; killed < kills; ) {
			const { child, ended } = start(folder, "--resume");
			const timer = setTimeout(() => child.kill("SIGKILL"), 100 + 1200 * uniform());
			const { code } = await ended;
			clearTimeout(timer);
			if (code === null) killed++;
			// It came to its end before its time, and begins anew.
			else rmSync(folder, { recursive: true });
		}
		expect((await start(folder, "--resume").ended).code).toBe(0);
		expect(Buffer.compare(readFileSync(join(folder, "model.safetensors")), whole)).toBe(0);
	}, 180_000);

	it.runIf(existsSync("/dev/full"))(
		"goes on when the disk is full, with the last checkpoint as it was",
		async () => {
			const folder = join(place, "full");
			const { child, ended, saw } = start(folder);
			await saw(/epoch 2\/12/);
			child.kill("SIGKILL");
			await ended;
			const checkpoints = join(folder, "model.checkpoint");
			cpSync(join(checkpoints, "last.safetensors"), join(place, "last"));
			for (const name of readdirSync(checkpoints).filter((name) => name.endsWith(".draft")))
				rmSync(join(checkpoints, name));
			symlinkSync("/dev/full", join(checkpoints, ".last.safetensors.draft"));
			const resumed = await start(folder, "--resume").ended;
			expect(resumed.stderr).toMatch(
				/no checkpoint was written: .*last\.safetensors cannot be written: the disk is full\. The run continues/,
			);
			expect(resumed.code).toBe(0);
			expect(Buffer.compare(readFileSync(join(folder, "model.safetensors")), whole)).toBe(0);
		},
		60_000,
	);
});

async function seen(stream: NodeJS.ReadableStream, text: () => string, pattern: RegExp): Promise<void> {
	while (!pattern.test(text())) await new Promise((resolve) => stream.once("data", resolve));
}
