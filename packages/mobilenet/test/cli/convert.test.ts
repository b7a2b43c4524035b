/** `mobilenet convert`: what it writes gives what TensorFlow gives, and what it refuses. */
import {
	copyFileSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readFileSync,
	rmSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readModel } from "../../src/formats/index.ts";
import { readSafetensors } from "../../src/formats/safetensors/safetensors.ts";
import { MobileNet } from "../../src/model/mobilenet.ts";
import { mobilenet } from "../support/cli.ts";
import { describeWithShared, shared } from "../support/shared.ts";

/** Of every format and type of weights; those with golden outputs, how near the written file must come to them. */
const networks = [
	{ file: "mobilenet_v1_0.25_224_tfjs", size: 224, apart: 1e-4 },
	{ file: "mobilenet_v1_0.25_224.tflite", size: 224, apart: 1e-4 },
	{ file: "mobilenet_v1_0.25_224_fp16.tflite", size: 224, apart: 1e-3 },
	{ file: "mobilenet_v1_0.25_224.h5", size: 224, apart: 1e-4 },
	{ file: "mobilenet_v1_0.25_224_int8.tflite", size: 224 },
	{ file: "mobilenet_v1_0.25_128_quant.tflite", size: 128 },
	{ file: "person_detect_v1_0.25_96_gray_int8.tflite", size: 96 },
	{ file: "glasses_v1_0.25_224.tflite", size: 224 },
] as const;
const golden = ["golden/imagenet/outputs.safetensors", "golden/imagenet/pixels.safetensors"] as const;
const quarter = shared("weights/mobilenet_v1_0.25_224.tflite");
const folderModel = shared("weights/mobilenet_v1_0.25_224_tfjs");
const photo = shared("data/photos/macaw.jpg");

let folder: string;
beforeAll(() => {
	folder = mkdtempSync(join(tmpdir(), "mobilenet-"));
});
afterAll(() => rmSync(folder, { recursive: true }));
const place = (name: string): string => join(folder, name);

for (const network of networks)
	describeWithShared(`mobilenet convert ${network.file}`, [`weights/${network.file}`, ...golden], () => {
		const output = () => place(`${network.file}.safetensors`);

		it("writes the same network, and says that it is", async () => {
			const { exitCode, stdout, stderr } = await mobilenet([
				...["convert", shared(`weights/${network.file}`), "-o", output(), "--verify", photo],
			]);
			expect(stderr).toBe("");
			expect(stdout.trimEnd().split("\n")).toEqual([
				expect.stringMatching(
					/: MobileNet v1, α 0\.25, \d+×\d+×\d, .* from .*, [\d,]+ bytes → [\d,]+ bytes$/,
				),
				"random input (4 pictures, seed 1): largest difference 0, same top-1",
				`${photo}: largest difference 0, same top-1`,
			]);
			expect(exitCode).toBe(0);
		});

		it("keeps every tensor, the preprocessing and the labels as they were", async () => {
			const [before, after] = [await readModel(shared(`weights/${network.file}`)), await readModel(output())];
			expect(after).toEqual(before);
		});

		if ("apart" in network)
			it("gives TensorFlow's probabilities", async () => {
				const model = await MobileNet.load(output());
				const read = (path: string) => readSafetensors(readFileSync(shared(path)), path).tensors;
				const pixels = read(golden[1]).get(`pixels_${network.size}`)!.data;
				const { classes, size } = model.configuration;
				const picture = size * size * 3;
				const expected = read(golden[0]).get(network.file)!.data;
				for (let n = 0; n < 12; n++) {
					const got = await model.run(
						Float32Array.from(pixels.subarray(n * picture, (n + 1) * picture), (value) => value / 127.5 - 1),
					);
					for (const [k, x] of got.entries())
						expect(Math.abs(x - expected[n * classes + k]!)).toBeLessThan(network.apart);
				}
			});
	});

describeWithShared("mobilenet convert", ["weights", "data/photos"], () => {
	it("writes what the options say into the file", async () => {
		const labels = place("labels.txt");
		writeFileSync(labels, Array.from({ length: 1000 }, (_, i) => `thing ${i}`).join("\n"));
		const output = place("options.safetensors");
		const { exitCode } = await mobilenet([
			...["convert", quarter, "--output", output, "--labels", labels, "--size", "160", "--mean", "0"],
			...["--std", "255,254,253", "--channel-order", "bgr", "--filter", "pillow-bicubic"],
			...["--fit", "central=0.875", "--verify"],
		]);
		expect(exitCode).toBe(0);
		const { configuration, preprocessing, labels: kept, source } = await readModel(output);
		expect(configuration).toMatchObject({ alpha: 0.25, size: 160, classes: 1001 });
		expect(preprocessing).toEqual({
			mean: [0, 0, 0],
			std: [255, 254, 253],
			channelOrder: "bgr",
			filter: "pillow-bicubic",
			fit: { centralFraction: 0.875 },
		});
		expect(kept?.slice(0, 2)).toEqual([{ name: "background" }, { name: "thing 0" }]);
		expect(source.assumed).toEqual([]);
	});

	it("prints one line of JSON, with the bytes of all of a model's files", async () => {
		const output = place("json.safetensors");
		const missing = place("nothing.jpg");
		const { exitCode, stdout, stderr } = await mobilenet([
			...["convert", folderModel, "-o", output, "--json", "--verify", photo, missing],
		]);
		expect(stderr).toBe("");
		expect(stdout.split("\n").length).toBe(2);
		const { configuration } = await readModel(output);
		expect(JSON.parse(stdout)).toEqual({
			file: folderModel,
			output,
			format: "TensorFlow.js layers model",
			configuration,
			// ../shared/weights/README.md.
			bytes: { before: 1_951_543, after: statSync(output).size },
			verification: {
				tolerance: 1e-5,
				seed: 1,
				inputs: [
					{ input: "random", difference: 0, sameTop1: true },
					{ input: photo, difference: 0, sameTop1: true },
					{ input: missing, error: `${missing} cannot be read: there is no such file.` },
				],
			},
		});
		expect(exitCode).toBe(1);
		const file = await mobilenet(["convert", `${folderModel}/model.json`, "-o", output, "--json"]);
		expect(JSON.parse(file.stdout).bytes.before).toBe(1_951_543);
		expect(JSON.parse(file.stdout).verification).toBeUndefined();
	});

	it("takes addresses, whose bytes it does not know", async () => {
		const server = createServer((_, response) => response.end(readFileSync(quarter)));
		await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
		const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/model`;
		try {
			const { exitCode, stdout } = await mobilenet(["convert", address, "-o", place("fetched.safetensors")]);
			expect(stdout).toMatch(/from TensorFlow Lite, [\d,]+ bytes\n$/);
			expect(exitCode).toBe(0);
		} finally {
			server.close();
		}
	});

	it("writes over an existing file, but never over the model", async () => {
		const output = place("again.safetensors");
		writeFileSync(output, "something else");
		expect((await mobilenet(["convert", quarter, "-o", output])).exitCode).toBe(0);
		const before = readFileSync(output);
		mkdirSync(place("folder"));
		copyFileSync(output, place("folder/one.safetensors"));
		for (const [model, target] of [
			[output, join(folder, ".", "again.safetensors")],
			[place("folder"), place("folder/one.safetensors")],
		] as const) {
			const { exitCode, stdout, stderr } = await mobilenet([
				...["convert", model, "--size", "96", "-o", target],
			]);
			expect(stderr).toBe(`mobilenet: ${target} belongs to the model being read: choose another --output.\n`);
			expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
			expect(readFileSync(target)).toEqual(before);
		}
	});

	it("leaves nothing behind where a model cannot be read or a file cannot be written", async () => {
		const broken = place("broken.tflite");
		writeFileSync(broken, readFileSync(quarter).subarray(0, 50_000));
		const output = place("none.safetensors");
		for (const inputs of [
			["convert", broken, "-o", output],
			["convert", place("nothing.tflite"), "-o", output],
			["convert", quarter, "-o", join(folder, "no folder", "none.safetensors")],
		]) {
			const { exitCode, stdout, stderr } = await mobilenet(inputs);
			expect(stderr).toMatch(/^mobilenet: [^\n]+\n$/);
			expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
		}
		expect(existsSync(output)).toBe(false);
	});
});

describe("mobilenet convert", () => {
	it.each([
		[["convert", "model.tflite"], /--output/],
		[["convert", "-o", "a.safetensors"], /<model>/],
		[
			["convert", "model.tflite", "-o", "out.tflite"],
			/--output must end in \.safetensors, .* not "out\.tflite"/,
		],
		[["convert", "model.tflite", "-o", "a.safetensors", "b.jpg"], /"b\.jpg" is one argument too many/],
	])("refuses %j in one line", async (inputs, message) => {
		const { exitCode, stdout, stderr } = await mobilenet(inputs);
		expect(stderr).toMatch(message);
		expect(stderr.trimEnd()).not.toMatch(/\n/);
		expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
	});
});
