/** `mobilenet embed`: JSON lines and NumPy tables of the features that the library gives. */
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MobileNet } from "../../src/model/mobilenet.ts";
import { mobilenet } from "../support/cli.ts";
import { describeWithShared, shared } from "../support/shared.ts";

const network = "weights/mobilenet_v1_0.25_224_tfjs";
const photo = (name: string): string => shared(`data/photos/${name}`);
const embed = (...inputs: string[]) => mobilenet(["embed", "--model", shared(network), ...inputs]);

interface Row {
	readonly file: string;
	readonly error?: string;
	readonly embedding?: number[];
}
const rows = (stdout: string) =>
	stdout
		.trim()
		.split("\n")
		.map((line) => JSON.parse(line) as Row);

describeWithShared("mobilenet embed", [network, "data/photos"], () => {
	let folder: string;
	let expected: Map<string, Float32Array>;
	beforeAll(async () => {
		folder = mkdtempSync(join(tmpdir(), "mobilenet-"));
		for (const name of ["macaw.jpg", "espresso.png"]) copyFileSync(photo(name), join(folder, name));
		writeFileSync(join(folder, "broken.jpg"), readFileSync(photo("macaw.jpg")).subarray(0, 2000));
		const model = await MobileNet.load(shared(network));
		const files = [join(folder, "espresso.png"), join(folder, "macaw.jpg")];
		const vectors = await model.embed(files);
		expected = new Map(files.map((file, n) => [file, vectors[n]!]));
	});
	afterAll(() => rmSync(folder, { recursive: true }));

	it("prints a line of JSON for each picture, to the last bit", async () => {
		const { exitCode, stdout, stderr } = await embed("--batch", "2", ...expected.keys());
		expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
		const found = rows(stdout);
		expect(found.map((row) => Object.keys(row))).toEqual([
			["file", "embedding"],
			["file", "embedding"],
		]);
		for (const { file, embedding } of found) {
			expect(embedding!.length).toBe(256);
			expect(Float32Array.from(embedding!)).toEqual(expected.get(file));
		}
	});

	it("gives the features that Keras's classifier makes its probabilities of", async () => {
		// The network's last layers are the classifier and softmax: doing them here must give classify's answer.
		const { stdout } = await embed(photo("macaw.jpg"));
		const { embedding } = rows(stdout)[0]!;
		const model = await MobileNet.load(shared(network));
		const weight = model.model.tensors.get("classifier.weight")!.data;
		const bias = model.model.tensors.get("classifier.bias")!.data;
		const logits = Array.from(
			bias,
			(b, k) => b + embedding!.reduce((sum, x, i) => sum + x * weight[k * 256 + i]!, 0),
		);
		const total = logits.reduce((sum, x) => sum + Math.exp(x), 0);
		const [best] = await model.classify(photo("macaw.jpg"));
		expect(logits.indexOf(Math.max(...logits))).toBe(88);
		expect(Math.exp(logits[88]!) / total).toBeCloseTo(best!.probability, 5);
	});

	it("goes on past what is no picture, and exits 1", async () => {
		const { exitCode, stdout, stderr } = await embed(folder, join(folder, "nothing.jpg"));
		expect(stderr).toBe("");
		expect(rows(stdout).map(({ file, error }) => [file, error === undefined])).toEqual([
			[join(folder, "broken.jpg"), false],
			[join(folder, "espresso.png"), true],
			[join(folder, "macaw.jpg"), true],
			[join(folder, "nothing.jpg"), false],
		]);
		expect(exitCode).toBe(1);
	});

	it("writes a NumPy file, and prints which picture is in which row", async () => {
		const output = join(folder, "vectors.npy");
		const { exitCode, stdout, stderr } = await embed("-o", output, "--batch", "3", folder);
		expect(stdout).toBe([...expected.keys()].map((file) => `${file}\n`).join(""));
		expect(stderr).toMatch(/^mobilenet: [^\n]*broken\.jpg[^\n]*\n$/);
		expect(exitCode).toBe(1);
		const bytes = readFileSync(output);
		const start = 10 + bytes.readUInt16LE(8);
		expect(bytes.subarray(10, start).toString("latin1")).toContain("'shape': (2, 256), ");
		expect(bytes.length).toBe(start + 2 * 256 * 4);
		for (const [n, vector] of [...expected.values()].entries())
			for (const [k, x] of vector.entries()) expect(bytes.readFloatLE(start + (n * 256 + k) * 4)).toBe(x);
	});

	it("writes a table of no rows where no picture could be read", async () => {
		const output = join(folder, "none.npy");
		const { exitCode, stdout } = await embed("-o", output, join(folder, "broken.jpg"));
		expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
		expect(readFileSync(output).toString("latin1")).toContain("'shape': (0, 256), ");
	});

	it("takes standard input, raw pixels, and the model's options", async () => {
		const file = await mobilenet(
			["embed", "--model", shared(network), "-"],
			readFileSync(photo("macaw.jpg")),
		);
		expect(Float32Array.from(rows(file.stdout)[0]!.embedding!)).toEqual(
			expected.get(join(folder, "macaw.jpg")),
		);
		const pixels = new Uint8Array(50 * 40 * 3).fill(77);
		const raw = await mobilenet(
			["embed", "--rgb", "50x40", "--size", "96", "--mean", "77", "--model", shared(network), "-"],
			pixels,
		);
		const model = await MobileNet.load(shared(network), { size: 96, preprocessing: { mean: 77 } });
		const vector = await model.embed({ data: pixels, width: 50, height: 40, channels: 3 });
		expect(Float32Array.from(rows(raw.stdout)[0]!.embedding!)).toEqual(vector);
	});

	it("writes nothing where the file's ending is another", async () => {
		const output = join(folder, "vectors.json");
		const { exitCode, stderr } = await embed("-o", output, photo("macaw.jpg"));
		expect(stderr).toMatch(/^mobilenet: --output must end in \.npy, not [^\n]+\n$/);
		expect(exitCode).toBe(2);
		expect(existsSync(output)).toBe(false);
	});
});

describe("mobilenet embed", () => {
	it("refuses a line without pictures", async () => {
		const { exitCode, stderr } = await mobilenet(["embed", "--model", "x.tflite"]);
		expect(stderr).toMatch(/there are no pictures to embed/);
		expect(exitCode).toBe(2);
	});
});
