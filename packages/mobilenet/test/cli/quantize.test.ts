/** `mobilenet quantize`: what it writes and says, what it refuses, and what is left of it when it is stopped. */
import { spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { MobileNet } from "../../src/model/mobilenet.ts";
import { mobilenet } from "../support/cli.ts";
import { describeWithShared, shared } from "../support/shared.ts";

const model = "weights/mobilenet_v1_0.25_224.tflite";
const pictures = "data/imagenet_samples";
const photo = "data/photos/macaw.jpg";

describeWithShared("mobilenet quantize", [model, pictures, photo], () => {
	let folder: string;
	beforeAll(() => {
		folder = mkdtempSync(join(tmpdir(), "mobilenet-"));
	});
	afterAll(() => rmSync(folder, { recursive: true }));
	const quantize = (output: string, ...options: readonly string[]) =>
		mobilenet(["quantize", shared(model), "--calibrate", shared(pictures), "-o", output, ...options]);

	it("writes a network that runs in integers, a quarter of the bytes, and says how good it is", async () => {
		const output = join(folder, "model-int8.safetensors");
		const { exitCode, stdout, stderr } = await quantize(output, "--pictures", "12");
		expect(stderr).toBe(
			"pictures seen in float: 12 of 12\nlayers quantized: 29 of 29\npictures compared: 12 of 12\n",
		);
		const lines = stdout.split("\n");
		expect(lines[0]).toMatch(/model-int8\.safetensors: [\d,]+ bytes, quantized with 12 pictures$/);
		expect(lines[1]).toMatch(/^same answer as in float: [\d.]+ % of the first 12 pictures$/);
		expect(lines[3]).toMatch(/^layer +seen +covered +weights dB +output dB$/);
		expect(lines[5]).toMatch(/^stem +0\.00 … 6\.00 +0\.00 … 6\.00 +[\d.]+ +[\d.]+$/);
		expect(exitCode).toBe(0);
		expect(statSync(output).size).toBeLessThan(0.35 * statSync(shared(model)).size);

		const written = await MobileNet.load(output);
		expect(written.arithmetic).toBe("integer");
		const [best] = await written.classify(shared(photo));
		expect(best).toMatchObject({ label: "macaw" });
		written.dispose();
	});

	it("does the same again, and tells all as JSON", async () => {
		const options = ["--pictures", "3", "--range", "percentile", "--no-bias-correction", "--json"];
		const [first, again] = [
			await quantize(join(folder, "a.safetensors"), ...options),
			await quantize(join(folder, "a.safetensors"), ...options),
		];
		expect(again.stdout).toBe(first.stdout);
		expect(JSON.parse(first.stdout)).toMatchObject({
			file: shared(model),
			output: join(folder, "a.safetensors"),
			bytes: statSync(join(folder, "a.safetensors")).size,
			pictures: 3,
			range: "percentile",
			biasCorrection: false,
			layers: expect.arrayContaining([
				expect.objectContaining({ layer: "stem", covered: [0, expect.closeTo(6, 1)] }),
			]),
		});
	});

	it("goes on without pictures that cannot be read, and says so", async () => {
		const mixed = join(folder, "mixed");
		mkdirSync(mixed);
		copyFileSync(shared(photo), join(mixed, "good.jpg"));
		writeFileSync(join(mixed, "bad.jpg"), "no picture");
		const output = join(folder, "mixed.safetensors");
		const { exitCode, stdout, stderr } = await mobilenet([
			...["quantize", shared(model), "--calibrate", mixed, "-o", output],
		]);
		expect(exitCode).toBe(1);
		expect(stderr).toMatch(/^mobilenet: .*bad\.jpg.*\.\n/);
		expect(stdout).toMatch(/quantized with 1 picture\n/);
	});

	it.each<readonly [string, (target: string) => readonly string[], RegExp]>([
		["no pictures", () => ["--calibrate", tmpdirOf("empty")], /the folder .* holds no pictures\.$/],
		["no number of them", () => ["--pictures", "0"], /^mobilenet: --pictures must be at least 1, not 0\.$/],
		[
			"another format",
			() => ["-o", "model.tflite"],
			/--output must end in \.safetensors, .* not "model\.tflite"\.$/,
		],
	])("refuses %s", async (_, options, message) => {
		const given = options(folder);
		const { exitCode, stderr, stdout } = await mobilenet([
			"quantize",
			shared(model),
			...(given.includes("--calibrate") ? [] : ["--calibrate", shared(pictures)]),
			...(given.includes("-o") ? [] : ["-o", join(folder, "never.safetensors")]),
			...given,
		]);
		expect(exitCode).toBe(2);
		expect(stderr.trim()).toMatch(message);
		expect(stdout).toBe("");
	});

	it("does not write over the model that it reads", async () => {
		const own = join(folder, "own.safetensors");
		await mobilenet(["convert", shared(model), "-o", own]);
		const { exitCode, stderr } = await mobilenet([
			...["quantize", own, "--calibrate", shared(pictures), "-o", own],
		]);
		expect(exitCode).toBe(2);
		expect(stderr).toMatch(/own\.safetensors belongs to the model being read.*\.\n$/);
	});

	it("leaves nothing half-written when it is interrupted", async () => {
		const place = join(folder, "interrupted");
		mkdirSync(place);
		const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
		const child = spawn(
			process.execPath,
			[
				...[
					"--conditions=mobilenet-source",
					main,
					"quantize",
					shared(model),
					"--calibrate",
					shared(pictures),
				],
				...["--pictures", "40", "-o", join(place, "model-int8.safetensors")],
			],
			{ stdio: ["ignore", "ignore", "pipe"] },
		);
		// Between the stages it works for seconds.
		child.stderr.once("data", () => child.kill("SIGINT"));
		const signal = await new Promise((resolve) => child.on("exit", (_, name) => resolve(name)));
		expect(signal).toBe("SIGINT");
		expect(readdirSync(place)).toEqual([]);
	});

	function tmpdirOf(name: string): string {
		const place = join(folder, name);
		mkdirSync(place, { recursive: true });
		return place;
	}
});
