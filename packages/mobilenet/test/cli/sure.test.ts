/** What the commands say of answers that are not to be believed, on a small network and pictures made here. */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Evaluation } from "../../src/evaluation/index.ts";
import { readModel } from "../../src/formats/read.ts";
import { readSafetensors } from "../../src/formats/safetensors/safetensors.ts";
import { writeSafetensors } from "../../src/formats/safetensors/safetensors-writer.ts";
import { MobileNet, type Prediction } from "../../src/index.ts";
import type { Model } from "../../src/weights/model.ts";
import { mobilenet } from "../support/cli.ts";

const labels = ["background", "ant", "bee", "cat"].map((name) => ({ name }));

let folder: string;
/** Of these the network is sure, and of those it is not. */
let sure: string;
let unsure: string;
/** The best answer of each. */
let ofSure: Prediction;
let ofUnsure: Prediction;
let model: Model;
const place = (name: string): string => join(folder, name);

beforeAll(async () => {
	folder = mkdtempSync(join(tmpdir(), "mobilenet-"));
	const pictures = { "red.png": "#c81e14", "blue.png": "#0a28dc" };
	for (const [name, background] of Object.entries(pictures))
		await sharp({ create: { width: 40, height: 40, channels: 3, background } }).toFile(place(name));
	const made = await MobileNet.create({ alpha: 0.25, size: 32, classes: labels.length }, { seed: 5 });
	const mobile = await MobileNet.from({ ...made.model, labels });
	const paths = Object.keys(pictures).map(place);
	const best = (await mobile.classify(paths, { top: 1 })).map(([one]) => one!);
	const [more, less] = best[0]!.probability > best[1]!.probability ? [0, 1] : [1, 0];
	[sure, unsure, ofSure, ofUnsure] = [paths[more]!, paths[less]!, best[more]!, best[less]!];
	model = { ...mobile.model, sureFrom: ofSure.probability };
	await mobile.save(place("unmeasured.safetensors"));
	await (await MobileNet.from(model)).save(place("model.safetensors"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const classify = (...parameters: readonly string[]) =>
	mobilenet(["classify", "--model", place("model.safetensors"), ...parameters]);
const percentOf = ({ probability }: Prediction): string => `${(100 * probability).toFixed(1)} %`;

describe("mobilenet classify", () => {
	it("tells people of each picture whose answer is unsure, and once what that means", async () => {
		const { exitCode, stdout, stderr } = await classify("--top", "1", unsure, sure, unsure);
		const line = `${unsure}  ${ofUnsure.label} ${percentOf(ofUnsure)} (unsure)\n`;
		expect(stdout).toBe(`${line}${sure}  ${ofSure.label} ${percentOf(ofSure)}\n${line}`);
		expect(stderr).toMatch(/^"unsure": [^\n]+ none of the 3 classes [^\n]+ --model, .*mobilenet train\.\n$/);
		expect(exitCode).toBe(0);
	});

	it("says it of the best of many answers alone", async () => {
		const { stdout } = await classify(unsure);
		expect(stdout.trimEnd().split("\n")).toEqual([
			unsure,
			`  ${ofUnsure.label} ${percentOf(ofUnsure)} (unsure)`,
			...[expect.stringMatching(/ %$/), expect.stringMatching(/ %$/)],
		]);
	});

	it("has nothing to explain where all answers are sure, or nobody has measured", async () => {
		expect((await classify(sure)).stderr).toBe("");
		const { stdout, stderr } = await mobilenet([
			...["classify", "--model", place("unmeasured.safetensors"), unsure],
		]);
		expect(stdout).not.toContain("unsure");
		expect(stderr).toBe("");
	});

	it("tells machines, of a picture and of every answer", async () => {
		const { stdout, stderr } = await classify("--json", sure, unsure);
		const [first, second] = stdout.split("\n").slice(0, 2).map(parsed);
		expect(stderr).toBe("");
		expect(Object.keys(first!)).toEqual(["file", "predictions", "sure"]);
		expect(first).toMatchObject({ file: sure, sure: true });
		expect(first!.predictions.map((one) => one.sure)).toEqual([true, false, false]);
		expect(second).toMatchObject({ file: unsure, sure: false });
		expect(second!.predictions[0]).toEqual({ ...ofUnsure, sure: false });
		// What the threshold leaves out is no answer, and so not a sure one.
		const none = await classify("--json", "--threshold", "1", sure);
		expect(parsed(none.stdout)).toEqual({ file: sure, predictions: [], sure: false });
		const unmeasured = await mobilenet([
			...["classify", "--json", "--model", place("unmeasured.safetensors"), unsure],
		]);
		expect(parsed(unmeasured.stdout)).not.toHaveProperty("sure");
		expect(parsed(unmeasured.stdout).predictions[0]).toEqual(ofUnsure);
	});

	it("says in one line what is wrong with a file that has another thing there", async () => {
		const { tensors, metadata } = readSafetensors(readFileSync(place("model.safetensors")), "it");
		const text = JSON.stringify({ ...(JSON.parse(metadata.mobilenet!) as object), sureFrom: 40 });
		writeFileSync(place("bad.safetensors"), writeSafetensors(tensors, { mobilenet: text }));
		const { exitCode, stdout, stderr } = await mobilenet([
			...["classify", "--model", place("bad.safetensors"), sure],
		]);
		expect(stderr).toMatch(
			/^mobilenet: \S*bad\.safetensors: in its metadata mobilenet, sureFrom must be a number above 0 and up to 1, not 40\.\n$/,
		);
		expect(stdout).toBe("");
		expect(exitCode).toBe(1);
	});
});

describe("what else the commands do with it", () => {
	it("is shown by inspect", async () => {
		const people = await mobilenet(["inspect", place("model.safetensors")]);
		expect(people.stdout).toContain(`  answers with a probability of at least ${model.sureFrom}\n`);
		const machines = await mobilenet(["inspect", "--json", place("model.safetensors")]);
		expect(JSON.parse(machines.stdout)).toMatchObject({ sureFrom: model.sureFrom });
		const unmeasured = await mobilenet(["inspect", place("unmeasured.safetensors")]);
		expect(unmeasured.stdout).not.toMatch(/^sure/m);
	});

	it("is kept by convert and by quantize", async () => {
		const [converted, quantized] = [place("converted.safetensors"), place("quantized.safetensors")];
		await mobilenet(["convert", place("model.safetensors"), "-o", converted, "--size", "48"]);
		expect((await readModel(converted)).sureFrom).toBe(model.sureFrom);
		const { exitCode, stderr } = await mobilenet([
			...["quantize", place("model.safetensors"), "--calibrate", sure, "-o", quantized],
		]);
		expect(exitCode, stderr).toBe(0);
		expect((await readModel(quantized)).sureFrom).toBe(model.sureFrom);
	});

	it("parts the sure answers from the others in evaluate", async () => {
		// Each picture is in the class that is its answer.
		for (const [picture, { label }] of [
			[sure, ofSure],
			[unsure, ofUnsure],
		] as const) {
			mkdirSync(place(`data/${label}`), { recursive: true });
			copyFileSync(picture, place(`data/${label}/${picture === sure ? "sure" : "unsure"}.png`));
		}
		const words = ["evaluate", place("data"), "--model", place("model.safetensors")];
		const machines = await mobilenet([...words, "--json"]);
		expect((JSON.parse(machines.stdout) as Evaluation).sure).toEqual({ share: 0.5, top1: 1 });
		const { stdout } = await mobilenet(words);
		expect(stdout).toMatch(/^ {2}sure +50\.0 %\n {2}top-1 where sure +100\.0 %$/m);
	});
});

interface Line {
	readonly file: string;
	readonly predictions: readonly Prediction[];
	readonly sure?: boolean;
}

function parsed(line: string): Line {
	return JSON.parse(line) as Line;
}
