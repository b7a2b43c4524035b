/** `mobilenet doctor` on this machine, and on poorer ones: without sharp, without WebAssembly, with a wrong setting. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { mobilenet } from "../support/cli.ts";

interface Report {
	ok: boolean;
	versions: Record<string, string>;
	platform: string;
	processor: string;
	cores: number;
	memory: { total: number; free: number };
	kernels: {
		chosen: string | null;
		forced: string | null;
		skippedBuilds: string[];
		tested: { build: string; milliseconds?: number; error?: string }[];
	};
	model: { milliseconds?: number; error?: string };
	embedded: { milliseconds?: number; error?: string; classes?: number };
	pictures: { sharp: string | null; formats: { format: string; error?: string }[] };
	missing: string[];
}

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
	version: string;
};
const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const built = fileURLToPath(new URL("../../bin/mobilenet.js", import.meta.url));

/** In a process of its own, with Node's own options and variables. */
function doctor(
	options: readonly string[],
	{ env = {}, program = main }: { env?: Record<string, string>; program?: string } = {},
): { report: Report; status: number | null } {
	const { stdout, stderr, status } = spawnSync(
		process.execPath,
		[...(program === main ? ["--conditions=mobilenet-source"] : []), ...options, program, "doctor", "--json"],
		{ encoding: "utf8", env: { ...process.env, ...env } },
	);
	expect(stderr).toBe("");
	return { report: JSON.parse(stdout) as Report, status };
}

describe("mobilenet doctor", () => {
	it("finds nothing missing where the tests can run", async () => {
		const { exitCode, stdout, stderr } = await mobilenet(["doctor", "--json"]);
		expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
		const report = JSON.parse(stdout) as Report;
		expect(report).toMatchObject({
			ok: true,
			versions: { mobilenet: version, node: process.versions.node, v8: process.versions.v8 },
			platform: `${process.platform} ${process.arch}`,
			missing: [],
		});
		expect(report.embedded.milliseconds).toBeGreaterThan(0);
		expect(report.embedded.classes).toBe(200);
		expect(report.cores).toBeGreaterThan(0);
		expect(report.memory.free).toBeLessThan(report.memory.total);
		const { chosen, tested, skippedBuilds } = report.kernels;
		// From the chosen one on, every build runs here; the faster ones have each said why they do not.
		expect(tested[0]!.build).toBe(chosen);
		expect(tested.at(-1)!.build).toBe("reference");
		expect(tested.filter(({ error }) => error !== undefined)).toEqual([]);
		const builds = [...skippedBuilds.map((why) => why.split(":")[0]), ...tested.map(({ build }) => build)];
		expect(builds).toEqual(["wide", "relaxed", "baseline", "reference"]);
		expect(report.pictures.formats.map(({ format }) => format)).toEqual([
			...["JPEG", "PNG", "WebP", "GIF", "AVIF", "TIFF"],
		]);
	});

	it("tells people the same in lines", async () => {
		const { exitCode, stdout } = await mobilenet(["doctor"]);
		expect(exitCode).toBe(0);
		expect(stdout).toMatch(/^mobilenet +\d/);
		expect(stdout).toMatch(/\nself-test +\w+: [\d.]+ ms\n/);
		expect(stdout).toMatch(/\nembedded model +[\d.]+ ms; α [\d.]+, \d+×\d+, 200 classes\n/);
		expect(stdout).toMatch(/\npictures +JPEG, PNG, WebP, GIF, AVIF, TIFF, by sharp \d/);
		expect(stdout).toMatch(/\nmissing +nothing\n$/);
	});

	it("says how to get sharp where it is not there", () => {
		const withoutSharp = `import { registerHooks } from "node:module";
registerHooks({
	resolve(name, context, next) {
		if (name === "sharp") throw Object.assign(new Error("Cannot find package"), { code: "ERR_MODULE_NOT_FOUND" });
		return next(name, context);
	},
});`;
		const { report, status } = doctor([
			"--import",
			`data:text/javascript,${encodeURIComponent(withoutSharp)}`,
		]);
		expect(status).toBe(1);
		expect(report).toMatchObject({ ok: false, pictures: { sharp: null, formats: [] } });
		expect(report.model.milliseconds).toBeGreaterThan(0);
		expect(report.missing).toEqual([
			"The package sharp, which decodes pictures (it is not installed): run npm install --include=optional sharp. Raw pixels work without it.",
		]);
	});

	it("says why it is slow where WebAssembly is forbidden", () => {
		// Node cannot take the types out of TypeScript without WebAssembly: this runs what was built.
		const { report, status } = doctor(["--jitless"], { program: built });
		expect(status).toBe(0);
		expect(report.kernels.chosen).toBe("reference");
		expect(report.embedded.milliseconds).toBeGreaterThan(0);
		expect(report.kernels.skippedBuilds.length).toBe(3);
		for (const why of report.kernels.skippedBuilds) expect(why).toMatch(/this platform has no WebAssembly$/);
		expect(report.missing).toEqual([expect.stringMatching(/^WebAssembly: .*--jitless\.$/)]);
	});

	it("shows the build that MOBILENET_SIMD asks for, and what is wrong with it", () => {
		const { report, status } = doctor([], { env: { MOBILENET_SIMD: "baseline" } });
		expect(status).toBe(0);
		expect(report.kernels).toMatchObject({ chosen: "baseline", forced: "baseline", skippedBuilds: [] });
		expect(report.kernels.tested.map(({ build }) => build)).toEqual(["baseline", "reference"]);
		const wrong = doctor([], { env: { MOBILENET_SIMD: "fastest" } });
		expect(wrong.status).toBe(1);
		expect(wrong.report).toMatchObject({ ok: false, kernels: { chosen: null, tested: [] } });
		expect(wrong.report.missing).toEqual([expect.stringMatching(/^MOBILENET_SIMD must be .* not "fastest"/)]);
	});
});
