/** The command line without a model of one's own: what takes `--model` takes the embedded one, by the name `default`. */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Evaluation } from "../../src/evaluation/index.ts";
import { readModelFile } from "../../src/formats/safetensors/model-file.ts";
import { mobilenet } from "../support/cli.ts";
import { colored } from "../support/colored.ts";
import { describeWithShared, shared } from "../support/shared.ts";

const file = fileURLToPath(new URL("../../../../models/default/mobilenet.safetensors", import.meta.url));
const small = "weights/mobilenet_v1_0.25_128_quant.tflite";
const photo = (name: string): string => shared(`data/photos/${name}`);
const labelOf = (stdout: string): string => JSON.parse(stdout).predictions[0].label;

let folder: string;
beforeAll(() => {
	folder = mkdtempSync(join(tmpdir(), "mobilenet-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What a command prints, which must be fine. */
async function printed(...inputs: readonly string[]): Promise<string> {
	const { exitCode, stdout, stderr } = await mobilenet(inputs);
	expect(exitCode, stderr).toBe(0);
	return stdout;
}

describeWithShared("classifying without --model", ["data/photos", small], () => {
	it.each([
		["espresso.png", "espresso"],
		["lighthouse.jpg", "beacon"],
	])("names what is in %s", async (name, label) => {
		expect(labelOf(await printed("classify", "--json", photo(name)))).toBe(label);
	});

	it("takes options as with a file, under the name default too", async () => {
		const options = ["--json", "--size", "96", "--float", "--threads", "1", "--filter", "nearest"];
		const unnamed = await printed("classify", ...options, photo("espresso.png"));
		expect(unnamed).toBe(await printed("classify", ...options, "--model", "default", photo("espresso.png")));
		expect(unnamed).toBe(await printed("classify", ...options, "--model", file, photo("espresso.png")));
		expect(unnamed).not.toBe(await printed("classify", "--json", photo("espresso.png")));
	});

	it("still reaches a file of that name, by its path", async () => {
		copyFileSync(shared(small), join(folder, "default"));
		const before = process.cwd();
		process.chdir(folder);
		try {
			expect(JSON.parse(await printed("inspect", "--json", "./default")).configuration.classes).toBe(1001);
			expect(JSON.parse(await printed("inspect", "--json", "default")).configuration.classes).toBe(200);
		} finally {
			process.chdir(before);
		}
	});

	it("works as a program of its own, and as the demo", () => {
		for (const [program, ...words] of [
			["../../bin/mobilenet.js", "classify"],
			["../../../../scripts/demo.ts"],
		] as const) {
			const { stdout, stderr, status } = spawnSync(
				process.execPath,
				[fileURLToPath(new URL(program, import.meta.url)), ...words, "--json", photo("espresso.png")],
				{ encoding: "utf8" },
			);
			expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
			expect(labelOf(stdout)).toBe("espresso");
		}
	});
});

describeWithShared("evaluating without --model", ["data/tiny-imagenet-20/val-0000.tar"], () => {
	it("finds the classes of Tiny ImageNet by their WordNet ids", async () => {
		const shards = shared("data/tiny-imagenet-20/val-0000.tar");
		const report = join(folder, "report.html");
		const { model, pictures, top1, classes } = JSON.parse(
			await printed("evaluate", shards, "--json", "--report", report),
		) as Evaluation & { model: string };
		expect([model, pictures]).toEqual(["default", 500]);
		const list = readFileSync(shared("data/tiny-imagenet-20/classes.tsv"), "utf8").trim().split("\n");
		expect(classes.filter(({ support }) => support === 25)).toHaveLength(list.length - 1);
		// Blind guesses among 200 classes would be right once in 200.
		expect(top1).toBeGreaterThan(0.3);
		expect(readFileSync(report, "utf8")).toContain("Evaluation of default");
	});
});

describe("the other commands without a model", () => {
	it("show it, embed with it and time it", async () => {
		const { file: shown, configuration, labels } = JSON.parse(await printed("inspect", "--json"));
		expect([shown, configuration.classes, labels.length]).toEqual(["default", 200, 200]);
		const raw = new Uint8Array(40 * 40 * 3).fill(99);
		const embedded = await mobilenet(["embed", "--rgb", "40x40", "-"], raw);
		const byName = await mobilenet(["embed", "--rgb", "40x40", "--model", file, "-"], raw);
		expect(JSON.parse(embedded.stdout).embedding).toHaveLength(1024 * configuration.alpha);
		expect(embedded).toEqual(byName);
		const { model, size } = JSON.parse(await printed("bench", "--seconds", "0.1", "--json"));
		expect([model, size]).toEqual(["default", configuration.size]);
	});

	it("convert it to the file that it was", async () => {
		const output = join(folder, "converted.safetensors");
		expect(await printed("convert", "default", "-o", output, "--verify")).toMatch(/difference 0,/);
		expect(readFileSync(output).equals(readFileSync(file))).toBe(true);
	});

	it("say in their help that it is there", async () => {
		for (const command of ["classify", "embed", "evaluate", "bench", "inspect", "convert", "quantize"])
			expect(await printed(command, "--help")).toContain("or default, the package's own");
		for (const command of ["train", "distill"])
			expect(await printed(command, "--help")).toContain("or default, the package's own");
	});
});

describe("learning from the embedded model", () => {
	let pictures: string;
	beforeAll(async () => {
		pictures = join(folder, "pictures");
		const { pictures: all, labels, classes } = colored(30, 1);
		for (const [i, { data, ...raw }] of all.entries()) {
			const place = join(pictures, classes[labels[i]!]!);
			mkdirSync(place, { recursive: true });
			await sharp(data, { raw: { ...raw, channels: 3 } })
				.png()
				.toFile(join(place, `${i}.png`));
		}
	});

	it("gives a classifier of other classes, and a network that is fine-tuned", async () => {
		for (const fineTune of ["none", "1"]) {
			const output = join(folder, `colors-${fineTune}.safetensors`);
			await printed(
				...["train", pictures, "--from", "default", "--fine-tune", fineTune, "--size", "32"],
				...["--epochs", "1", "--threads", "1", "-o", output],
			);
			expect(
				readModelFile(readFileSync(output), output)
					.labels?.map(({ name }) => name)
					.toSorted(),
			).toEqual(["blue", "green", "red"]);
		}
	});

	it("gives a student of its classes, and a network that is quantized anew", async () => {
		const output = join(folder, "student.safetensors");
		const stdout = await printed(
			...["distill", pictures, "--unlabeled", "--teacher", "default", "--alpha", "0.25", "--size", "32"],
			...["--epochs", "1", "--threads", "1", "--json", "-o", output],
		);
		expect(JSON.parse(stdout).teacher).toBe("default");
		expect(readModelFile(readFileSync(output), output).labels).toHaveLength(200);
		const quantized = join(folder, "quantized.safetensors");
		await printed("quantize", "default", "--calibrate", join(pictures, "red"), "-o", quantized);
		expect(readModelFile(readFileSync(quantized), quantized).configuration.classes).toBe(200);
	});
});
