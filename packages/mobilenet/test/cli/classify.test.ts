/** `mobilenet classify` and `mobilenet inspect` as a person or a script runs them. */
import { spawnSync } from "node:child_process";
import {
	copyFileSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterAll, beforeAll, expect, it } from "vitest";
import { mobilenet } from "../support/cli.ts";
import { describeWithShared, shared } from "../support/shared.ts";

const network = "weights/mobilenet_v1_0.25_224_tfjs";
const model = shared(network);
const photo = (name: string): string => shared(`data/photos/${name}`);
const rows = (stdout: string) =>
	stdout
		.trim()
		.split("\n")
		.map(
			(line) =>
				JSON.parse(line) as {
					file: string;
					error?: string;
					predictions?: { label: string; index: number; probability: number }[];
				},
		);

describeWithShared("mobilenet classify", [network, "data/photos"], () => {
	let folder: string;
	beforeAll(() => {
		folder = mkdtempSync(join(tmpdir(), "mobilenet-"));
	});
	afterAll(() => rmSync(folder, { recursive: true }));

	it("prints label and percentage to people", async () => {
		const { exitCode, stdout, stderr } = await mobilenet([
			"classify",
			"--model",
			model,
			"--top",
			"1",
			photo("macaw.jpg"),
		]);
		expect(stderr).toBe("");
		expect(stdout).toMatch(/macaw\.jpg {2}macaw \d\d\.\d %\n$/);
		expect(exitCode).toBe(0);
		const five = await mobilenet(["classify", "--model", model, photo("macaw.jpg")]);
		expect(five.stdout.trimEnd().split("\n").length).toBe(6);
	});

	it("prints fractions to machines, a line a picture", async () => {
		const { exitCode, stdout } = await mobilenet([
			"classify",
			"--json",
			"--model",
			model,
			photo("macaw.jpg"),
			photo("espresso.png"),
		]);
		const [macaw, espresso] = rows(stdout);
		expect(exitCode).toBe(0);
		expect(Object.keys(macaw!)).toEqual(["file", "predictions"]);
		expect(macaw!.predictions!.length).toBe(5);
		expect(macaw!.predictions![0]).toMatchObject({ label: "macaw", index: 88 });
		expect(macaw!.predictions![0]!.probability).toBeGreaterThan(0.5);
		expect(macaw!.predictions![0]!.probability).toBeLessThanOrEqual(1);
		expect(espresso!.predictions![0]).toMatchObject({ label: "espresso", index: 967 });
	});

	it("goes on past what is no picture, and exits 1", async () => {
		const jpeg = readFileSync(photo("macaw.jpg"));
		const bad = {
			"empty.jpg": Buffer.alloc(0),
			"truncated.jpg": jpeg.subarray(0, jpeg.length / 2),
			"text.png": Buffer.from("this is no picture"),
			"huge.png": await sharp({
				create: { width: 20_000, height: 20_000, channels: 3, background: "red" },
				limitInputPixels: false,
			})
				.png({ compressionLevel: 1 })
				.toBuffer(),
		};
		for (const [name, bytes] of Object.entries(bad)) writeFileSync(join(folder, name), bytes);
		const one = join(folder, "one.png");
		writeFileSync(
			one,
			await sharp(Buffer.from([10, 200, 77]), { raw: { width: 1, height: 1, channels: 3 } })
				.png()
				.toBuffer(),
		);
		const files = [
			...Object.keys(bad).map((name) => join(folder, name)),
			join(folder, "missing.jpg"),
			one,
			photo("macaw.jpg"),
		];
		const { exitCode, stdout } = await mobilenet([
			"classify",
			"--json",
			"--batch",
			"3",
			"--model",
			model,
			...files,
		]);
		expect(exitCode).toBe(1);
		const found = rows(stdout);
		expect(found.map(({ file }) => file)).toEqual(files);
		expect(found.map(({ error }) => error === undefined)).toEqual([
			false,
			false,
			false,
			false,
			false,
			true,
			true,
		]);
		for (const { error } of found) expect(error ?? "fine").not.toMatch(/\n/);
		expect(found[4]!.error).toMatch(/missing\.jpg cannot be read: there is no such file/);
		expect(found[6]!.predictions![0]!.index).toBe(88);

		const people = await mobilenet([
			"classify",
			"--model",
			model,
			join(folder, "text.png"),
			photo("macaw.jpg"),
		]);
		expect(people.exitCode).toBe(1);
		expect(people.stderr).toMatch(/^mobilenet: .*text\.png is not a picture.*\n$/);
		expect(people.stdout).toMatch(/macaw\.jpg\n {2}macaw/);
	}, 120_000);

	it("takes folders and globs, and passes over what is no picture by its ending", async () => {
		const inside = join(folder, "folder", "deeper");
		mkdirSync(inside, { recursive: true });
		copyFileSync(photo("macaw.jpg"), join(inside, "macaw.jpg"));
		copyFileSync(photo("chelsea_cat.png"), join(folder, "folder", "cat.PNG"));
		writeFileSync(join(folder, "folder", "notes.txt"), "no picture");
		const whole = await mobilenet(["classify", "--json", "--model", model, join(folder, "folder")]);
		expect(whole.exitCode).toBe(0);
		expect(rows(whole.stdout).map(({ file }) => file)).toEqual([
			join(folder, "folder", "cat.PNG"),
			join(inside, "macaw.jpg"),
		]);
		const some = await mobilenet(["classify", "--json", "--model", model, `${folder}/folder/**/*.jpg`]);
		expect(rows(some.stdout).map(({ predictions }) => predictions![0]!.index)).toEqual([88]);
		const none = await mobilenet(["classify", "--json", "--model", model, `${folder}/*.gif`]);
		expect(none.exitCode).toBe(1);
		expect(rows(none.stdout)[0]!.error).toMatch(/there is no such file/);
	});

	it("takes standard input, as a file and as raw pixels", async () => {
		const file = await mobilenet(
			["classify", "--json", "--model", model, "-"],
			readFileSync(photo("macaw.jpg")),
		);
		expect(rows(file.stdout)[0]).toMatchObject({ file: "-" });
		expect(rows(file.stdout)[0]!.predictions![0]!.index).toBe(88);
		const { data, info } = await sharp(photo("macaw.jpg"))
			.removeAlpha()
			.raw()
			.toBuffer({ resolveWithObject: true });
		const size = `${info.width}x${info.height}`;
		const raw = await mobilenet(["classify", "--json", "--rgb", size, "--model", model, "-"], data);
		expect(rows(raw.stdout)[0]!.predictions).toEqual(rows(file.stdout)[0]!.predictions);
		writeFileSync(join(folder, "macaw.rgb"), data);
		writeFileSync(join(folder, "short.rgb"), data.subarray(1));
		const files = await mobilenet([
			"classify",
			"--json",
			"--rgb",
			size,
			"--model",
			model,
			join(folder, "short.rgb"),
			join(folder, "macaw.rgb"),
		]);
		expect(files.exitCode).toBe(1);
		expect(rows(files.stdout)[0]!.error).toMatch(new RegExp(`${data.length}`));
		expect(rows(files.stdout)[1]!.predictions).toEqual(rows(file.stdout)[0]!.predictions);
	});

	it("takes addresses of pictures and of models", async () => {
		const server = createServer((request, response) => {
			try {
				response.end(readFileSync(shared(decodeURIComponent(request.url!.slice(1)))));
			} catch {
				response.writeHead(404).end();
			}
		});
		await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
		const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
		try {
			const { stdout, exitCode } = await mobilenet([
				...["classify", "--json", "--model", `${address}/${network}/model.json`],
				...[`${address}/data/photos/macaw.jpg`, `${address}/data/photos/none.jpg`],
			]);
			expect(exitCode).toBe(1);
			expect(rows(stdout)[0]!.predictions![0]!.index).toBe(88);
			expect(rows(stdout)[1]!.error).toMatch(/none\.jpg cannot be fetched: the server answered 404/);
		} finally {
			server.close();
		}
	});

	it("counts classes from 0 with and without a background class", async () => {
		for (const file of ["mobilenet_v1_0.25_224.tflite", "mobilenet_v1_0.25_224_tfjs"]) {
			const { stdout } = await mobilenet([
				"classify",
				"--json",
				"--model",
				shared(`weights/${file}`),
				photo("macaw.jpg"),
			]);
			expect(rows(stdout)[0]!.predictions![0]).toMatchObject({ label: "macaw", index: 88 });
		}
	});

	it("runs at another size, with another fit, filter and labels", async () => {
		const labels = join(folder, "labels.txt");
		writeFileSync(labels, Array.from({ length: 1000 }, (_, i) => `thing ${i}`).join("\n"));
		const { stdout, exitCode } = await mobilenet([
			...[
				"classify",
				"--json",
				"--model",
				model,
				"--labels",
				labels,
				"--size",
				"160",
				"--fit",
				"shorter-side=184",
			],
			...["--filter", "pillow-bicubic", "--mean", "127.5", "--std", "127.5,127.5,127.5", photo("macaw.jpg")],
		]);
		expect(exitCode).toBe(0);
		expect(rows(stdout)[0]!.predictions![0]!.label).toBe("thing 88");
	});

	it.each([
		[["classify", "--model", model], /there are no pictures to classify/],
		[["classify", "--model", model, "--top", "none", "x.jpg"], /--top must be a whole number/],
		[["classify", "--model", model, "--fit", "squeeze", "x.jpg"], /stretch, shorter-side=256/],
		[["classify", "--model", model, "--std", "0", photo("macaw.jpg")], /std/],
		[["classify", "--model", model, "--rgb", "12", "-"], /--rgb must be a width and a height/],
		[["classify", "--model", model, "--size", "7", photo("macaw.jpg")], /size must be/],
	])("refuses %j in one line", async (inputs, message) => {
		const { exitCode, stdout, stderr } = await mobilenet(inputs);
		expect(stderr).toMatch(message);
		expect(stderr.trimEnd()).not.toMatch(/\n/);
		expect(stdout).toBe("");
		expect(exitCode).toBe(2);
	});

	it("says in one line what is wrong with a model file", async () => {
		const tflite = readFileSync(shared("weights/mobilenet_v1_0.25_128_quant.tflite"));
		const cut = join(folder, "cut.tflite");
		const noise = join(folder, "noise.tflite");
		writeFileSync(cut, tflite.subarray(0, 100_000));
		writeFileSync(noise, Buffer.concat([tflite.subarray(0, 64), Buffer.alloc(tflite.length - 64, 0xa5)]));
		for (const file of [cut, noise, photo("macaw.jpg"), join(folder, "none.tflite")]) {
			const { exitCode, stdout, stderr } = await mobilenet(["classify", "--model", file, photo("macaw.jpg")]);
			expect(stderr).toMatch(/^mobilenet: [^\n]+\n$/);
			expect(stdout).toBe("");
			expect(exitCode).toBe(1);
		}
	});

	it("works as a program of its own", () => {
		const command = fileURLToPath(new URL("../../bin/mobilenet.js", import.meta.url));
		const { stdout, stderr, status } = spawnSync(
			process.execPath,
			[command, "classify", "--model", model, "--top", "1", photo("macaw.jpg")],
			{
				encoding: "utf8",
			},
		);
		expect(stderr).toBe("");
		expect(stdout).toMatch(/macaw \d\d\.\d %\n$/);
		expect(status).toBe(0);
	});

	it("shows itself in the demo", () => {
		const demo = fileURLToPath(new URL("../../../../scripts/demo.ts", import.meta.url));
		const { stdout, status } = spawnSync(
			process.execPath,
			[demo, "--model", model, "--top", "1", photo("macaw.jpg")],
			{ encoding: "utf8" },
		);
		expect(stdout).toMatch(/macaw \d\d\.\d %\n$/);
		expect(status).toBe(0);
	});
});

describeWithShared("weights alone", ["golden/formats/torch_tutorial_stride1.pth"], () => {
	const file = shared("golden/formats/torch_tutorial_stride1.pth");

	it("are told what they do not say", async () => {
		const inspect = async (...options: readonly string[]) =>
			JSON.parse((await mobilenet(["inspect", "--json", file, ...options])).stdout) as {
				configuration: { lastBlock: string };
				assumed: readonly string[];
			};
		const [usual, told] = [await inspect(), await inspect("--configuration", "lastBlock=stride1")];
		expect([usual.configuration.lastBlock, usual.assumed.includes("lastBlock")]).toEqual(["stride2", true]);
		expect([told.configuration.lastBlock, told.assumed.includes("lastBlock")]).toEqual(["stride1", false]);
	});

	it.each([
		["lastBlock=stride7", /lastBlock must be "stride1" or "stride2", not "stride7"/],
		["alpha=1", /the configuration must be such as lastBlock=stride1/],
	])("are not told %s", async (configuration, sentence) => {
		const { exitCode, stderr } = await mobilenet(["inspect", file, "--configuration", configuration]);
		expect(exitCode).toBe(2);
		expect(stderr).toMatch(sentence);
	});
});

describeWithShared("mobilenet inspect", ["weights"], () => {
	it.each(readdirSync(shared("weights")).filter((file) => /tflite$|_tfjs$/.test(file)))(
		"tells what %s is",
		async (file) => {
			const { exitCode, stdout } = await mobilenet(["inspect", shared(`weights/${file}`)]);
			expect(exitCode).toBe(0);
			const [, alpha, size] = /v1_([\d.]+)_(\d+)/.exec(file)!;
			expect(stdout).toContain(`α ${Number(alpha)}\n`);
			expect(stdout).toContain(`${size}×${size}`);
			const { stdout: json } = await mobilenet(["inspect", "--json", shared(`weights/${file}`)]);
			const report = JSON.parse(json) as {
				configuration: { alpha: number; size: number };
				quantization: string | null;
			};
			expect(report.configuration).toMatchObject({ alpha: Number(alpha), size: Number(size) });
			expect(report.quantization !== null).toBe(/quant|int8/.test(file));
		},
	);
});
