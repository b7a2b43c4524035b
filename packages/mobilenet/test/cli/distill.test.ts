/** `mobilenet distill`: a student of every kind on small pictures, what is kept of the teacher, what is refused. */
import { spawn } from "node:child_process";
import {
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readModelFile } from "../../src/formats/safetensors/model-file.ts";
import { configure } from "../../src/network/configuration.ts";
import { initialize, writeModel } from "../../src/training/index.ts";
import { unfold } from "../../src/weights/unfold.ts";
import { mobilenet } from "../support/cli.ts";
import { colored } from "../support/colored.ts";
import { describeWithShared, shared } from "../support/shared.ts";

const published = "weights/mobilenet_v1_0.25_224.tflite";
const tiny = "data/tiny-imagenet-20";
/** A small student of random weights. */
const student = ["--alpha", "0.25", "--size", "32", "--threads", "1"];
/** One that need not learn to see first. */
const trained = ["--from", shared(published), "--size", "32", "--batch", "10", "--threads", "1"];

/** Top-1 of a student of three classes that has learned; a third is chance. */
const knows = 0.7;

let place: string;
beforeAll(() => {
	place = mkdtempSync(join(tmpdir(), "mobilenet-"));
});
afterAll(() => rmSync(place, { recursive: true }));

/** A folder of colored pictures, in class folders or loose. */
async function colorsIn(folder: string, count: number, { seed = 1, loose = false } = {}): Promise<string> {
	const { pictures, labels, classes } = colored(count, seed);
	for (const [i, { data, ...raw }] of pictures.entries()) {
		const own = loose ? folder : join(folder, classes[labels[i]!]!);
		mkdirSync(own, { recursive: true });
		await sharp(data, { raw: { ...raw, channels: 3 } })
			.png()
			.toFile(join(own, `${i}.png`));
	}
	return folder;
}

const losses = (log: string): readonly number[] =>
	readFileSync(log, "utf8")
		.trim()
		.split("\n")
		.map((line) => JSON.parse(line))
		.filter(({ kind }) => kind === "epoch")
		.map(({ loss }) => loss);

describeWithShared("mobilenet distill", [published, tiny], () => {
	const teacher = ["--teacher", shared(published), "--teacher-size", "64"];
	let colors: string;
	/** Others of the same. */
	let others: string;
	/** Knows the three colors. */
	let painter: string;
	beforeAll(async () => {
		colors = await colorsIn(join(place, "colors"), 60);
		others = await colorsIn(join(place, "others"), 30, { seed: 2 });
		painter = join(place, "painter.safetensors");
		const { exitCode, stderr } = await mobilenet([
			...["train", colors, "--from", shared(published), "--fine-tune", "none", "--size", "32"],
			...["-o", painter, "--threads", "1"],
		]);
		expect(exitCode, stderr).toBe(0);
	}, 30_000);

	it("learns from a teacher whose classes are found by name, and keeps its answers for the next run", async () => {
		const output = join(place, "named.safetensors");
		const inputs = [
			...["distill", shared(`${tiny}/val-0000.tar`), ...teacher, ...student, "-o", output],
			...["--epochs", "2", "--json"],
		];
		const { exitCode, stdout, stderr } = await mobilenet(inputs);
		expect(exitCode, stderr).toBe(0);
		expect(JSON.parse(stdout)).toMatchObject({
			teacher: shared(published),
			learns: "probabilities",
			views: "whole",
			output,
			epochs: 2,
			validationPictures: 50,
		});
		expect(readModelFile(readFileSync(output), output).labels).toHaveLength(20);
		const folder = join(place, "named.teacher");
		const answers = () => readdirSync(folder).map((file) => [file, readFileSync(join(folder, file))]);
		const kept = answers();
		expect(kept).toHaveLength(1);

		// Answers are logits: another temperature has use for the same.
		const again = await mobilenet([...inputs, "--temperature", "4"]);
		expect(again.exitCode, again.stderr).toBe(0);
		expect(answers()).toEqual(kept);
		const other = await mobilenet([...inputs, "--temperature", "3", "--resume"]);
		expect(other.exitCode).toBe(2);
		expect(other.stderr).toMatch(/named\.checkpoint cannot be resumed because /);
	}, 30_000);

	it("gives the teacher a classifier of the data's classes first", async () => {
		const without = await mobilenet([
			...["distill", colors, ...teacher, ...student, "-o", join(place, "without.safetensors")],
		]);
		expect(without.exitCode).toBe(2);
		expect(without.stderr).toMatch(/--teacher-head .*the model does not know 3 of the 3 classes/);

		const output = join(place, "head.safetensors");
		const { exitCode, stdout, stderr } = await mobilenet([
			...["distill", colors, ...teacher, "--teacher-head", ...trained, "-o", output],
			...["--validation", others, "--epochs", "12", "--json"],
		]);
		expect(exitCode, stderr).toBe(0);
		expect(JSON.parse(stdout)).toMatchObject({ views: "whole" });
		expect(JSON.parse(stdout).top1).toBeGreaterThan(knows);
	}, 30_000);

	it("shows a live teacher what the student sees", async () => {
		const output = join(place, "live.safetensors");
		const { exitCode, stdout, stderr } = await mobilenet([
			...["distill", colors, "--teacher", painter, "--views", "live", ...trained, "-o", output],
			...["--validation", others, "--epochs", "12", "--json"],
		]);
		expect(exitCode, stderr).toBe(0);
		expect(JSON.parse(stdout)).toMatchObject({ views: "live" });
		expect(JSON.parse(stdout).top1).toBeGreaterThan(knows);
		expect(existsSync(join(place, "live.teacher"))).toBe(false);
	}, 30_000);

	it("learns the teacher's classes from pictures without labels, of which one is broken", async () => {
		const data = await colorsIn(join(place, "loose"), 60, { loose: true });
		writeFileSync(join(data, "broken.png"), "no picture");
		const output = join(place, "unlabeled.safetensors");
		const { exitCode, stdout, stderr } = await mobilenet([
			...["distill", data, "--unlabeled", "--teacher", painter, ...trained, "-o", output],
			...["--validation", others, "--epochs", "12", "--json"],
		]);
		expect(exitCode, stderr).toBe(0);
		expect(JSON.parse(stdout)).toMatchObject({ weight: 1, validationPictures: 30 });
		expect(JSON.parse(stdout).top1).toBeGreaterThan(knows);
		expect(stderr.split("\n").filter((line) => line.startsWith("left out: "))).toHaveLength(1);
		const { labels } = readModelFile(readFileSync(output), output);
		expect(labels!.map(({ name }) => name)).toEqual(["blue", "green", "red"]);
	}, 30_000);

	it("learns the teacher's embedding", async () => {
		const output = join(place, "embedding.safetensors");
		const { exitCode, stdout, stderr } = await mobilenet([
			...["distill", colors, "--embedding", "--teacher", painter, ...trained, "-o", output],
			...["--epochs", "10", "--learning-rate", "0.05", "--json"],
		]);
		expect(exitCode, stderr).toBe(0);
		expect(JSON.parse(stdout)).toMatchObject({ learns: "embedding" });
		expect(JSON.parse(stdout)).not.toHaveProperty("temperature");
		const { configuration, labels } = readModelFile(readFileSync(output), output);
		expect(configuration).toMatchObject({ classes: 256, output: "logits" });
		expect(labels).toBeUndefined();
		// The share of the embedding's squares that is missed; saying nothing would have 1.
		expect(losses(join(place, "embedding.log.jsonl")).at(-1)).toBeLessThan(0.2);
	}, 30_000);

	it("begins with a trained student, and keeps its classifier", async () => {
		const output = join(place, "from.safetensors");
		const { exitCode, stdout, stderr } = await mobilenet([
			...["distill", colors, "--teacher", painter, "--from", painter, "--epochs", "1", "--views", "1"],
			...["--batch", "10", "--threads", "1", "-o", output, "--json"],
		]);
		expect(exitCode, stderr).toBe(0);
		expect(JSON.parse(stdout)).toMatchObject({ views: 1, epochs: 1 });
		expect(readModelFile(readFileSync(output), output).configuration.size).toBe(32);
	}, 30_000);

	it("keeps the statistics of a trained student's batch norm, or follows the batches, and shares answers", async () => {
		const answers = join(place, "shared-answers");
		const meanAfter = async (name: string, ...more: readonly string[]) => {
			const output = join(place, `${name}.safetensors`);
			const { exitCode, stderr } = await mobilenet([
				...["distill", colors, "--teacher", painter, "--from", painter, "--epochs", "1", "--batch", "10"],
				...["--size", "48", "--threads", "1", "--answers", answers, "-o", output, ...more],
			]);
			expect(exitCode, stderr).toBe(0);
			return readModelFile(readFileSync(output), output).tensors.get("stem.bn.running_mean")!.data;
		};
		const before = unfold(readModelFile(readFileSync(painter), painter)).tensors.get(
			"stem.bn.running_mean",
		)!.data;
		expect(await meanAfter("frozen")).toEqual(before);
		const kept = readdirSync(answers).map((file) => [file, statSync(join(answers, file)).mtimeMs]);
		expect(kept.length).toBeGreaterThan(0);
		expect(await meanAfter("following", "--batch-norm", "batch")).not.toEqual(before);
		expect(readdirSync(answers).map((file) => [file, statSync(join(answers, file)).mtimeMs])).toEqual(kept);
	}, 30_000);

	it("goes on after Ctrl-C to the weights that it would have had", async () => {
		const start = (folder: string, ...more: readonly string[]) => {
			mkdirSync(folder, { recursive: true });
			const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
			const inputs = [
				...["distill", colors, "--teacher", painter, ...student, "--epochs", "12", "--views", "3"],
				...["-o", join(folder, "model.safetensors"), ...more],
			];
			const child = spawn(process.execPath, ["--conditions=mobilenet-source", main, ...inputs], {
				stdio: ["ignore", "ignore", "pipe"],
			});
			let stderr = "";
			let stops = folder.endsWith("stopped") && more.length === 0;
			child.stderr.on("data", (part) => {
				stderr += part;
				if (!stops || !/epoch 2\/12/.test(stderr)) return;
				stops = false;
				child.kill("SIGINT");
			});
			return new Promise<number | null>((resolve) => child.on("close", resolve));
		};
		const [whole, stopped] = [join(place, "whole"), join(place, "stopped")];
		expect(await start(whole)).toBe(0);
		expect(await start(stopped)).toBe(1);
		expect(existsSync(join(stopped, "model.safetensors"))).toBe(false);
		expect(await start(stopped, "--resume")).toBe(0);
		const bytes = (folder: string) => readFileSync(join(folder, "model.safetensors"));
		expect(Buffer.compare(bytes(stopped), bytes(whole))).toBe(0);
	}, 60_000);
});

describe("mobilenet distill refuses", () => {
	it.each<readonly [string, readonly string[], RegExp]>([
		["no teacher", [], /an option is missing|--teacher/],
		[
			"a teacher that is not there",
			["--teacher", "nowhere"],
			/nowhere cannot be read: there is no such file, and it is no name of a network either \(.+; mobilenet models lists them\)\.$/,
		],
		[
			"a temperature of an embedding",
			["--embedding", "--temperature", "2"],
			/--temperature cannot be given with --embedding:/,
		],
		[
			"a share beside an embedding",
			["--embedding", "--weight", "0.5"],
			/--weight cannot be given with --embedding: the student learns from the teacher alone/,
		],
		[
			"a classifier for an embedding",
			["--embedding", "--teacher-head"],
			/--teacher-head cannot be given with --embedding: the teacher's features have no classes/,
		],
		[
			"a judge of an embedding",
			["--embedding", "--validation", "photos"],
			/--validation cannot be given with --embedding:/,
		],
		[
			"a classifier without labels",
			["--unlabeled", "--teacher-head"],
			/--teacher-head cannot be given with --unlabeled: there are no labels/,
		],
		[
			"balance without labels",
			["--unlabeled", "--balance", "sampling"],
			/--balance cannot be given with --unlabeled:/,
		],
		[
			"patience without a judge",
			["--unlabeled", "--patience", "3"],
			/--patience needs --validation with --unlabeled/,
		],
		["no temperature", ["--temperature", "0"], /--temperature must be above 0, not 0\.$/],
		["no share", ["--weight", "0"], /--weight must be above 0 .* and at most 1 .*, not 0\.$/],
		["a share above all", ["--weight", "1.5"], /--weight must be above 0 .* and at most 1 .*, not 1\.5\.$/],
		[
			"no views",
			["--views", "0"],
			/--views must be whole, live or a number of crops of at least 1, not 0\.$/,
		],
		[
			"views in words",
			["--views", "many"],
			/--views must be whole, live or a number of crops, not "many"\.$/,
		],
		[
			"crops where there are none",
			["--views", "4", "--augment", "none"],
			/--views counts crops, but --augment none makes none/,
		],
		["statistics of nothing", ["--batch-norm", "frozen"], /--batch-norm needs --from: random weights/],
		[
			"a place for answers that are not kept",
			["--views", "live", "--answers", "a"],
			/--answers cannot be given with --views live/,
		],
		["both ways to begin", ["--resume", "--restart"], /--resume and --restart contradict each other/],
		["another format", ["-o", "model.tflite"], /--output must end in \.safetensors/],
		["a width beside a student", ["--from", "m", "--alpha", "1"], /--alpha cannot be given with --from/],
	])("%s, in one sentence", async (_, options, message) => {
		const output = join(place, "refused.safetensors");
		const { exitCode, stdout, stderr } = await mobilenet([
			...["distill", place, ...options],
			...(options.length === 0 || options.includes("--teacher") ? [] : ["--teacher", await randomTeacher()]),
			...(options.includes("-o") ? [] : ["-o", output]),
		]);
		expect(exitCode).not.toBe(0);
		expect(stdout).toBe("");
		expect(stderr.trim().split("\n")).toHaveLength(1);
		expect(stderr.trim()).toMatch(message);
		expect(existsSync(output)).toBe(false);
	});

	async function randomTeacher(): Promise<string> {
		const path = join(place, "random.safetensors");
		if (!existsSync(path))
			writeFileSync(
				path,
				writeModel(initialize(configure({ alpha: 0.25, size: 32, classes: 3 }), { seed: 1 })),
			);
		return path;
	}
});
