/** `mobilenet train`: folders as people have them, what is written, what is refused. */
import {
	copyFileSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readFileSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readModelFile } from "../../src/formats/safetensors/model-file.ts";
import { mobilenet } from "../support/cli.ts";
import { colored } from "../support/colored.ts";
import { describeWithShared, shared } from "../support/shared.ts";

let place: string;
beforeAll(() => {
	place = mkdtempSync(join(tmpdir(), "mobilenet-"));
});
afterAll(() => rmSync(place, { recursive: true }));

const train = (...inputs: readonly string[]) => mobilenet(["train", ...inputs]);

/** A folder of class folders with colored pictures. */
async function colorsIn(folder: string, count: number, names = ["red", "green", "blue"]): Promise<string> {
	const { pictures, labels } = colored(count, 1);
	for (const name of names) mkdirSync(join(folder, name), { recursive: true });
	for (const [i, { data, ...raw }] of pictures.entries()) {
		if (labels[i]! >= names.length) continue;
		const file = join(folder, names[labels[i]!]!, `${i}.png`);
		await sharp(data, { raw: { ...raw, channels: 3 } })
			.png()
			.toFile(file);
	}
	return folder;
}

const model = "weights/mobilenet_v1_0.25_224.tflite";
const photo = "data/photos/macaw.jpg";

describeWithShared("mobilenet train --from", [model, photo], () => {
	const transfer = (data: string, output: string, ...options: readonly string[]) =>
		train(
			data,
			"--from",
			shared(model),
			"--fine-tune",
			"none",
			"--size",
			"64",
			"-o",
			output,
			"--threads",
			"1",
			...options,
		);

	it("makes a classifier of a folder with odd names, an empty class, broken files, a loop of links and loose files", async () => {
		const data = await colorsIn(join(place, "my 照片 🐈"), 30, ["rot wein", "绿色", "🐦 blue"]);
		mkdirSync(join(data, "empty"));
		for (const name of ["a.jpg", "b.png", "c.webp"]) writeFileSync(join(data, "绿色", name), "no picture");
		symlinkSync(data, join(data, "绿色", "loop"));
		writeFileSync(join(data, "notes.txt"), "not a class");
		copyFileSync(shared(photo), join(data, "loose.jpg"));
		const output = join(place, "odd model.safetensors");

		const { exitCode, stdout, stderr } = await transfer(data, output);
		expect(exitCode).toBe(0);
		expect(stdout).toMatch(
			/odd model\.safetensors: MobileNet v1, α 0\.25, 64×64, 3 classes\nclassifier alone 100\.0 ± [\d.]+ % in cross-validation, loss [\d.]+; \d+ s\.\n/,
		);
		const lines = stderr.split("\n");
		expect(lines.filter((line) => line.startsWith("left out: "))).toHaveLength(3);
		expect(stderr).toMatch(/The class folder "?empty"? of .* holds no pictures: the class is left out\./);
		expect(stderr).toMatch(/loose\.jpg/);
		expect(stderr).toMatch(/a new classifier: 30 pictures of 3 classes/);
		const { labels } = readModelFile(readFileSync(output), output);
		expect(labels!.map(({ name }) => name).sort()).toEqual(["rot wein", "🐦 blue", "绿色"].sort());
		const log = readFileSync(join(place, "odd model.log.jsonl"), "utf8").trim().split("\n");
		expect(log.map((line) => JSON.parse(line).kind)).toContain("done");
	});

	it("tells all as JSON, and judges by other pictures whatever the order of their classes", async () => {
		const data = await colorsIn(join(place, "colors"), 30);
		const other = await colorsIn(join(place, "others"), 9);
		// One class alone is first in its own folder and last in the other.
		rmSync(join(other, "blue"), { recursive: true });
		rmSync(join(other, "green"), { recursive: true });
		const output = join(place, "json.safetensors");
		const { exitCode, stdout } = await transfer(data, output, "--validation", other, "--json");
		expect(exitCode).toBe(0);
		expect(JSON.parse(stdout)).toMatchObject({
			data,
			output,
			reason: "finished",
			epochs: 0,
			bestEpoch: null,
			top1: 1,
			validationPictures: 3,
		});
	});
});

describe("mobilenet train refuses", () => {
	it.each<readonly [string, (folder: string) => Promise<readonly string[]>, RegExp]>([
		[
			"no such data",
			async (folder) => [join(folder, "nowhere")],
			/nowhere cannot be read: there is no such file\.$/,
		],
		["an empty folder", async (folder) => [folder], /holds no pictures/],
		[
			"one class",
			async (folder) => [await colorsIn(folder, 3, ["red"])],
			/has pictures of one class only, "red", but at least two are needed/,
		],
		["one picture", async (folder) => [await colorsIn(folder, 1)], /one class only, "red"/],
		[
			"another format",
			async (folder) => [await colorsIn(folder, 6), "-o", "model.tflite"],
			/--output must end in \.safetensors/,
		],
		[
			"blocks without a model",
			async (folder) => [await colorsIn(folder, 6), "--fine-tune", "3"],
			/--fine-tune needs --from/,
		],
		[
			"a width beside a model",
			async (folder) => [await colorsIn(folder, 6), "--from", "m.tflite", "--alpha", "1"],
			/--alpha cannot be given with --from: m\.tflite sets it/,
		],
		[
			"both ways to begin",
			async (folder) => [folder, "--resume", "--restart"],
			/--resume and --restart contradict each other/,
		],
		[
			"an unknown schedule",
			async (folder) => [await colorsIn(folder, 6), "--schedule", "linear"],
			/--schedule must be constant, cosine/,
		],
		[
			"an unknown augmentation",
			async (folder) => [await colorsIn(folder, 6), "--augment", "zoom=2"],
			/--augment must be default, none/,
		],
		[
			"a rate in words",
			async (folder) => [folder, "--learning-rate", "high"],
			/--learning-rate must be a number such as 0\.1 or 1e-4, not "high"\.$/,
		],
		[
			"a number of blocks in words",
			async (folder) => [folder, "--from", "m", "--fine-tune", "some"],
			/--fine-tune must be auto, all, none or a number of last blocks, not "some"/,
		],
		[
			"a validation of other classes",
			async (folder) => [
				await colorsIn(join(folder, "a"), 6),
				"--validation",
				await colorsIn(join(folder, "b"), 6, ["cat", "dog"]),
			],
			/"cat"/,
		],
	])("%s, in one sentence", async (name, inputs, message) => {
		const folder = join(place, "refused", name);
		mkdirSync(folder, { recursive: true });
		const given = await inputs(folder);
		const output = given.includes("-o") ? [] : ["-o", join(folder, "out.safetensors")];
		const { exitCode, stdout, stderr } = await train(...given, ...output);
		expect(exitCode).not.toBe(0);
		expect(stdout).toBe("");
		expect(stderr.trim().split("\n")).toHaveLength(1);
		expect(stderr.trim()).toMatch(message);
		expect(existsSync(join(folder, "out.safetensors"))).toBe(false);
	});
});
