/** The commands that describe a network, through the command line, against golden output. */
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { configure, cost, summaryTable } from "../../src/network/index.ts";
import { mobilenet } from "../support/cli.ts";
import { describeWithShared, shared } from "../support/shared.ts";

const words = (line: string) => line.split(" ").filter((word) => word !== "");

const golden = [
	["golden/torchinfo_summary.txt", ""],
	["golden/torchinfo/depth1.txt", "--depth 1"],
	["golden/torchinfo/depth2.txt", "--depth 2"],
	["golden/torchinfo/alpha0.5_batch8_classes10.txt", "--alpha 0.5 --size 224 --batch 8 --classes 10"],
	[
		"golden/torchinfo/alpha0.25_columns.txt",
		"--alpha=0.25 --rho 1 --columns input_size,output_size,num_params,kernel_size,mult_adds",
	],
] as const;

describeWithShared(
	"mobilenet summary prints what torchinfo prints",
	golden.map(([file]) => file),
	() => {
		test.each(golden)("%s: %s", async (file, options) => {
			const { exitCode, stdout, stderr } = await mobilenet(words(`summary --preset tutorial ${options}`));
			expect(stdout).toBe(readFileSync(shared(file), "utf8"));
			expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
		});
	},
);

describe("mobilenet summary", () => {
	test("--json is one line with the whole table", async () => {
		const { exitCode, stdout } = await mobilenet(
			words(
				"summary --rho 4/7 --alpha 0.5 --shallow --input-channels 1 --activation leakyRelu --batch 2 --depth 1 --json",
			),
		);
		const configuration = configure({
			size: 128,
			alpha: 0.5,
			depth: "shallow",
			inputChannels: 1,
			activation: "leakyRelu",
			classes: 1000,
		});
		expect(exitCode).toBe(0);
		expect(stdout.split("\n")).toHaveLength(2);
		expect(JSON.parse(stdout)).toEqual({
			configuration,
			batch: 2,
			...summaryTable(configuration, { batch: 2, depth: 1 }),
		});
	});
});

describeWithShared("mobilenet cost", ["golden/cost.json"], () => {
	const rows: { alpha: number; size: number; parameters: number; torchinfo: number }[] = JSON.parse(
		readFileSync(shared("golden/cost.json"), "utf8"),
	).rows;

	test.each(rows)("--json, α $alpha, $size pixels", async ({ alpha, size, parameters, torchinfo }) => {
		const { exitCode, stdout, stderr } = await mobilenet(
			words(`cost --convention torchinfo --json --alpha ${alpha} --rho ${size / 32}/7`),
		);
		const configuration = configure({ alpha, size, classes: 1000 });
		expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
		expect(stdout.split("\n")).toHaveLength(2);
		const printed = JSON.parse(stdout);
		expect(printed).toEqual({ configuration, ...cost(configuration, { convention: "torchinfo" }) });
		expect([printed.parameters, printed.multAdds]).toEqual([parameters, torchinfo]);
	});

	test("prints layers, kinds and totals, aligned", async () => {
		const { exitCode, stdout, stderr } = await mobilenet(["cost"]);
		expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
		const lines = stdout.split("\n").map((line) => line.replaceAll(/ {2,}/g, "  "));
		// 568,740,352 and 4,231,976 are golden/cost.json's; 94.86 and 74.59 % the paper's Table 2.
		expect(lines).toContain("stem  112×112×32  10,838,016  1.91 %  928  1,605,632");
		expect(lines).toContain("conv 1x1  539,492,352  94.86 %  3,139,584  74.59 %  3,151,488");
		expect(lines).toContain("mult-adds  568,740,352");
		expect(lines).toContain("parameters  4,231,976  of which 4,209,088 are weights");
		const tables = stdout.split("\n\n").slice(1);
		expect(tables).toHaveLength(3);
		for (const text of tables) {
			// Two spaces stand between the columns in every line, where they stand in the line under the heading.
			const [, rule = "", ...body] = text.trimEnd().split("\n");
			for (const line of body)
				for (const { index } of rule.matchAll(/ {2}/g))
					expect(line.padEnd(rule.length).slice(index, index + 2)).toBe("  ");
		}
	});
});

describe("usage", () => {
	test.each([
		["summary", "  mobilenet summary --preset tutorial --alpha 0.5 --depth 2"],
		["cost", "  mobilenet cost --alpha 0.5 --rho 6/7 --convention torchinfo"],
	])("%s --help has an example, and it works", async (command, example) => {
		const help = await mobilenet([command, "--help"]);
		expect(help.exitCode).toBe(0);
		expect(help.stderr).toBe("");
		expect(help.stdout.split("\n")).toContain(example);
		for (const option of words(
			"--preset --alpha --size --rho --classes --shallow --input-channels --activation",
		))
			expect(help.stdout).toContain(option);
		const ran = await mobilenet(words(example).slice(1));
		expect(ran.exitCode).toBe(0);
		expect(ran.stdout).not.toBe("");
	});

	test("--help lists the commands, --version is the package's", async () => {
		const { exitCode, stdout } = await mobilenet(["--help"]);
		expect(exitCode).toBe(0);
		for (const command of ["summary", "cost"]) expect(stdout).toContain(`\n  ${command}`);
		const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
		expect(await mobilenet(["--version"])).toEqual({
			exitCode: 0,
			stdout: `${manifest.version}\n`,
			stderr: "",
		});
	});

	test.each([
		["frobnicate", `there is no command "frobnicate".`],
		["sumary", `there is no command "sumary"; did you mean \`summary\`?`],
		["constructor", `there is no command "constructor".`],
		["summary --frobnicate", "there is no option --frobnicate."],
		["summary --alfa 1", "there is no option --alfa; did you mean --alpha?"],
		["summary --constructor 1", "there is no option --constructor."],
		["cost --to-string=1", "there is no option --to-string."],
		["cost --no-value-of", "there is no option --no-value-of."],
		["cost --__proto__ 1", "there is no option --__proto__."],
		["summary -x", "there is no option -x."],
		["summary --alpha", "--alpha needs a value."],
		["summary --alpha --size 224", "--alpha needs a value."],
		["summary --alpha 0.5 --alpha 1", `--alpha is given twice: "0.5" and "1".`],
		["summary photo.jpg", `"photo.jpg" is one argument too many: this command takes none.`],
		["summary --alpha half", `--alpha must be a number such as 0.5, not "half".`],
		["summary --alpha -1", `--alpha must be a number such as 0.5, not "-1".`],
		["summary --size 224.5", `--size must be a whole number, not "224.5".`],
		["summary --rho 6/0", `--rho must be a number such as 0.857 or 6/7, not "6/0".`],
		["summary --preset keras", `--preset must be tf, torch or tutorial, not "keras".`],
		["summary --columns num_params,macs", /^--columns must be input_size, .* or mult_adds, not "macs"\.$/],
		["cost --convention thop", `--convention must be paper or torchinfo, not "thop".`],
		["cost --alpha 0", /^alpha must be a number above 0 and up to \d+, not 0\.$/],
		["cost --size 16", /^size must be a whole number from 32 to \d+, not 16\.$/],
		[
			"cost --size 224 --rho 6/7",
			/^rho .* means a size of 192, but size is 224: give only one of the two\.$/,
		],
		["cost --classes 0", /^classes .*, not 0\.$/],
		["summary --batch 0", /^batch .*, not 0\.$/],
		["cost --size 99999999999999999999999", /^size .*\.$/],
	])("%s: one line on standard error, exit 2", async (line, message) => {
		const { exitCode, stdout, stderr } = await mobilenet(words(line));
		expect(stderr).toMatch(/^mobilenet: [^\n]+\n$/);
		const sentence = stderr.slice("mobilenet: ".length).trimEnd();
		if (typeof message === "string") expect(sentence).toBe(message);
		else expect(sentence).toMatch(message);
		expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
	});

	test("no line of words crashes: a result and 0, or a message and 2", async () => {
		const options = words(
			"--preset --alpha --size --rho --classes --shallow --input-channels --activation --batch --depth --columns --json --convention --",
		);
		const values = words("tf torch tutorial 0.5 6/7 128 1 0 -1 relu leakyRelu paper num_params");
		const word = fc.oneof(fc.constantFrom(...options), fc.constantFrom(...values), fc.string());
		await fc.assert(
			fc.asyncProperty(
				fc.constantFrom("summary", "cost", "other"),
				fc.array(word, { maxLength: 8 }),
				async (command, inputs) => {
					const { exitCode, stdout, stderr } = await mobilenet([command, ...inputs]);
					expect([0, 2]).toContain(exitCode);
					expect(stdout !== "").toBe(exitCode === 0);
					expect(stderr !== "").toBe(exitCode === 2);
				},
			),
		);
	});
});

describe("in a process of its own", () => {
	const package_ = fileURLToPath(new URL("../../", import.meta.url));

	function spawned(inputs: readonly string[], options: { readNothing?: boolean } = {}) {
		return new Promise<{ exitCode: number | null; stdout: string; stderr: string }>((resolve, reject) => {
			const child = spawn(process.execPath, inputs, { stdio: ["ignore", "pipe", "pipe"] });
			let [stdout, stderr] = ["", ""];
			if (options.readNothing) child.stdout.destroy();
			else child.stdout.on("data", (chunk) => (stdout += chunk));
			child.stderr.on("data", (chunk) => (stderr += chunk));
			child.on("error", reject);
			child.on("close", (exitCode) => resolve({ exitCode, stdout, stderr }));
		});
	}
	const main = join(package_, "src/cli/main.ts");

	test("the exit code and all output arrive", async () => {
		const good = await spawned([main, "summary", "--preset", "tutorial"]);
		expect(good).toEqual(await mobilenet(["summary", "--preset", "tutorial"]));
		const bad = await spawned([main, "summary", "--alpha", "0"]);
		expect(bad).toEqual(await mobilenet(["summary", "--alpha", "0"]));
	});

	test("a reader that goes away is no failure", async () => {
		expect(await spawned([main, "cost"], { readNothing: true })).toMatchObject({ exitCode: 0, stderr: "" });
	});

	test("bin/mobilenet.js says in one sentence that nothing is built", async () => {
		const folder = mkdtempSync(join(tmpdir(), "mobilenet-"));
		try {
			cpSync(join(package_, "package.json"), join(folder, "package.json"));
			cpSync(join(package_, "bin"), join(folder, "bin"), { recursive: true });
			const { exitCode, stdout, stderr } = await spawned([join(folder, "bin/mobilenet.js"), "cost"]);
			expect(stderr).toMatch(/^mobilenet: the command is not built; [^\n]+\.\n$/);
			expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
		} finally {
			rmSync(folder, { recursive: true });
		}
	});
});
