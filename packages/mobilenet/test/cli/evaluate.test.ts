/** `mobilenet evaluate`: the accuracy that TensorFlow reaches, classes by any of their names, the report, and what it refuses. */
import {
	copyFileSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Evaluation } from "../../src/evaluation/index.ts";
import { MobileNet } from "../../src/model/mobilenet.ts";
import { expectedAccuracy, golden, networks, pictures } from "../accuracy/accuracy.ts";
import { mobilenet } from "../support/cli.ts";
import { describeWithShared, shared } from "../support/shared.ts";

const model = "weights/mobilenet_v1_0.25_224.tflite";
const samples = "data/imagenet_samples";
const shard = "data/tiny-imagenet-20/val-0000.tar";
const small = "weights/mobilenet_v1_0.25_128_quant.tflite";

/** Float with 1000 outputs, float with a background class, and the same in integers. */
const measured = networks.filter(({ file }) =>
	[
		"mobilenet_v1_0.25_224_tfjs",
		"mobilenet_v1_0.25_224.tflite",
		"mobilenet_v1_1.0_224_quant.tflite",
	].includes(file),
);

async function evaluation(...parameters: readonly string[]) {
	const { exitCode, stdout, stderr } = await mobilenet(["evaluate", ...parameters, "--json"]);
	expect(stdout, stderr).toMatch(/^\{.*\}\n$/);
	return { exitCode, stderr, ...(JSON.parse(stdout) as Evaluation) };
}

describeWithShared(
	"mobilenet evaluate on ImageNet's validation pictures",
	[pictures, golden, ...measured.map(({ file }) => `weights/${file}`)],
	() => {
		it.each(measured)(
			"gives TensorFlow's accuracy of $file within $points points",
			async ({ file, points }) => {
				const {
					exitCode,
					pictures: counted,
					top1,
					top5,
					classes,
					confusion,
					...rest
				} = await evaluation(
					...[shared(`${pictures}/labels.tsv`), "--model", shared(`weights/${file}`)],
					...["--fit", "stretch", "--filter", "pillow-bilinear"],
				);
				const expected = expectedAccuracy({ file: file, points: 0 });
				expect(Math.abs(100 * top1 - expected.top1)).toBeLessThanOrEqual(points);
				expect(Math.abs(100 * top5 - expected.top5)).toBeLessThanOrEqual(points);
				expect(exitCode).toBe(0);
				expect(counted).toBe(500);
				// One picture for each of 500 classes, so that the mean recall is the accuracy.
				expect(classes.filter(({ support }) => support === 1)).toHaveLength(500);
				expect(confusion.reduce((sum, one) => sum + one.pictures, 0)).toBe(500);
				expect(rest.mean.recall).toBeCloseTo(top1, 12);
				expect(rest.picturesPerSecond).toBeGreaterThan(0);
			},
		);
	},
);

describeWithShared("mobilenet evaluate", [model, samples], () => {
	let folder: string;
	let files: readonly string[];
	beforeAll(() => {
		folder = mkdtempSync(join(tmpdir(), "mobilenet-"));
		files = readdirSync(shared(samples))
			.filter((file) => file.endsWith(".jpg"))
			.slice(0, 4);
	});
	afterAll(() => rmSync(folder, { recursive: true }));

	/** A folder of class folders, one for each of the first samples; of an undefined name none. */
	function classFolders(
		name: string,
		nameOf: (wordNetId: string, index: number) => string | undefined,
	): string {
		for (const [i, file] of files.entries()) {
			const place = nameOf(file.slice(0, 9), indexOf(file));
			if (place === undefined) continue;
			mkdirSync(join(folder, name, place), { recursive: true });
			copyFileSync(join(shared(samples), file), join(folder, name, place, `${i}.jpg`));
		}
		return join(folder, name);
	}
	/** Of ImageNet's class, from the list beside the samples. */
	function indexOf(file: string): number {
		const list = readFileSync(join(shared(samples), "labels.tsv"), "utf8").split("\n");
		return Number(list.find((line) => line.startsWith(`${file}\t`))!.split("\t")[1]);
	}

	it("finds classes by WordNet id, label, synonym and number, with the same numbers each time", async () => {
		const loaded = await MobileNet.load(shared(model));
		// A background class comes first.
		const labelOf = (index: number) => loaded.labels![index + 1]!;
		const ways = {
			ids: (id: string) => id,
			labels: (_: string, index: number) => labelOf(index).name,
			underscores: (_: string, index: number) => labelOf(index).name.toUpperCase().replaceAll(" ", "_"),
			synonyms: (_: string, index: number) => labelOf(index).synonyms?.at(-1) ?? labelOf(index).name,
			numbers: (_: string, index: number) => String(index),
		};
		let right = 0;
		for (const file of files) {
			const [best] = await loaded.classify(join(shared(samples), file), { top: 1 });
			if (best!.index === indexOf(file)) right++;
		}
		loaded.dispose();
		const results = [];
		for (const [name, way] of Object.entries(ways)) {
			const { exitCode, top1, loss, classes } = await evaluation(
				classFolders(name, way),
				"--model",
				shared(model),
			);
			expect(exitCode).toBe(0);
			expect(top1).toBe(right / files.length);
			results.push({
				loss: loss.toFixed(5),
				classes: classes.filter(({ support }) => support > 0).map(({ index }) => index),
			});
		}
		expect(results[0]!.classes).toEqual(files.map(indexOf).sort((a, b) => a - b));
		for (const result of results) expect(result).toEqual(results[0]);
	});

	it("tells people the numbers and the classes", async () => {
		const data = classFolders("people", (id) => id);
		const { exitCode, stdout, stderr } = await mobilenet(["evaluate", data, "--model", shared(model)]);
		expect(exitCode).toBe(0);
		expect(stderr).toBe("pictures: 4 of 4\n");
		expect(stdout).toMatch(/^ {2}pictures +4 of 4 classes$/m);
		expect(stdout).toMatch(/^ {2}top-1 +[\d.]+ %$/m);
		expect(stdout).toMatch(/^class +pictures +precision +recall +F1$/m);
	});

	it("names the classes that the model does not know, in one sentence", async () => {
		const data = classFolders("unknown", (id, index) => (index === 0 ? "zweihänder" : id));
		const { exitCode, stdout, stderr } = await mobilenet(["evaluate", data, "--model", shared(model)]);
		expect(exitCode).toBe(2);
		expect(stdout).toBe("");
		expect(stderr).toMatch(
			/^mobilenet: the model does not know 1 of the 4 classes of .*: "zweihänder"; it knows 1000, such as "tench", .*\.\n$/,
		);
	});

	it("goes on past pictures that cannot be read, and says so", async () => {
		const data = classFolders("damaged", (id) => id);
		const [first] = readdirSync(data);
		writeFileSync(join(data, first!, "bad.jpg"), "no picture");
		const {
			exitCode,
			stderr,
			pictures: counted,
			unreadable,
		} = await evaluation(data, "--model", shared(model));
		expect(exitCode).toBe(1);
		expect(counted).toBe(4);
		expect(unreadable).toMatchObject([{ name: expect.stringMatching(/bad\.jpg$/) }]);
		expect(stderr).toMatch(/^mobilenet: .*bad\.jpg.*not a picture.*\.$/m);
	});

	it("writes a report of one file, with the curves of the training beside the model", async () => {
		const own = join(folder, "model.safetensors");
		await mobilenet(["convert", shared(model), "-o", own]);
		writeFileSync(
			join(folder, "model.log.jsonl"),
			'{"kind":"epoch","epoch":1,"loss":2,"validationLoss":2,"top1":0.25}\n{"kind":"epoch","epoch":2,"loss":1,"validationLoss":1.5,"top1":0.5}\n',
		);
		// Wrong on purpose: each picture is of the next one's class.
		const data = classFolders("mistakes", (_, index) => String((index + 1) % 1000));
		const report = join(folder, "report.html");
		const { exitCode } = await evaluation(data, "--model", own, "--report", report);
		expect(exitCode).toBe(0);
		const html = readFileSync(report, "utf8");
		expect(html).toMatch(/^<!doctype html>/);
		expect([...html.matchAll(/<img src="data:image\/(jpeg|png);base64,/g)].length).toBeGreaterThan(0);
		expect(html).toContain("At epoch 2 the training loss is 1,");
		for (const id of ["confusion", "reliability"]) expect(html).toContain(`id="${id}-title"`);
		expect(html).not.toMatch(/<script/i);
	});

	it.each<readonly [string, readonly string[], RegExp]>([
		[
			"a report that is no page",
			["--report", "model.safetensors"],
			/^mobilenet: --report must end in \.html, not "model/,
		],
		[
			"a report in no folder",
			["--report", "/nowhere/at/all/report.html"],
			/there is no folder \/nowhere\/at\/all\.$/,
		],
		["a batch of none", ["--batch", "0"], /batch must be a whole number of at least 1, not 0/],
	])("refuses %s", async (_, options, message) => {
		const { exitCode, stdout, stderr } = await mobilenet([
			...["evaluate", shared(`${samples}/labels.tsv`), "--model", shared(model), ...options],
		]);
		expect(stderr.trim()).toMatch(message);
		expect(exitCode).toBe(2);
		expect(stdout).toBe("");
	});

	it("refuses data that is not there", async () => {
		const { exitCode, stderr } = await mobilenet(["evaluate", "/nowhere", "--model", shared(model)]);
		expect(exitCode).toBe(1);
		expect(stderr).toMatch(/^mobilenet: \/nowhere .*\.\n$/);
	});

	it("has help with an example", async () => {
		const { exitCode, stdout } = await mobilenet(["evaluate", "--help"]);
		expect(exitCode).toBe(0);
		expect(stdout).toMatch(/EXAMPLE\n {2}mobilenet evaluate /);
	});
});

describeWithShared("mobilenet evaluate on shards", [small, shard], () => {
	it("finds the classes of classes.tsv by their WordNet ids", async () => {
		const {
			exitCode,
			pictures: counted,
			classes,
			top1,
		} = await evaluation(shared(shard), "--model", shared(small));
		expect(exitCode).toBe(0);
		expect(counted).toBe(500);
		const list = readFileSync(shared("data/tiny-imagenet-20/classes.tsv"), "utf8")
			.trim()
			.split("\n")
			.slice(1);
		expect(classes.filter(({ support }) => support > 0)).toMatchObject(
			list
				.map((line) => Number(line.split("\t")[3]))
				.sort((a, b) => a - b)
				.map((index) => ({ index, support: 25 })),
		);
		// Blind guesses among a thousand classes would be right once in a thousand.
		expect(top1).toBeGreaterThan(0.1);
	});
});
