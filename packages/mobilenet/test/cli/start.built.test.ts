/**
 * What a command loads: the start of Node is most of its time, and files that it has no use for would add to it. Source
 * modules are told by their rooms, the built files by their chunks.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { describeWithShared, shared } from "../support/shared.ts";

const source = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const built = fileURLToPath(new URL("../../bin/mobilenet.js", import.meta.url));
/** Writes the address of every module that is loaded to standard error. */
const tracer = `import { registerHooks } from "node:module";
registerHooks({ load(url, context, next) { process.stderr.write(url + "\\n"); return next(url, context); } });`;

/** The package's own modules that a command line loads, from `src` or `dist` on. */
function loaded(program: string, ...inputs: readonly string[]): readonly string[] {
	const { stderr, status } = spawnSync(
		process.execPath,
		[
			...(program === source ? ["--conditions=mobilenet-source"] : []),
			...["--import", `data:text/javascript,${encodeURIComponent(tracer)}`, program, ...inputs],
		],
		{ encoding: "utf8" },
	);
	expect(status, stderr).toBe(0);
	return stderr.split("\n").flatMap((url) => /\/mobilenet\/((?:src|dist)\/.*)$/.exec(url)?.[1] ?? []);
}

describe("what only describes", () => {
	it.each([[["--help"]], [["train", "--help"]], [["cost", "--grid"]], [["completion", "bash"]]])(
		"%j takes the rooms of the network and of the command line alone",
		(inputs) => {
			const rooms = loaded(source, ...inputs).map((file) => file.split("/")[1]);
			expect(new Set(rooms)).toEqual(new Set(["base", "network", "cli"]));
		},
	);
});

describeWithShared("mobilenet classify", ["data/photos/espresso.png"], () => {
	it("takes no chunk of learning", () => {
		const files = loaded(built, "classify", shared("data/photos/espresso.png"));
		expect(files.filter((file) => file.startsWith("dist/node/")).length).toBeGreaterThan(2);
		expect(files.filter((file) => /learning|training|evaluation|quantization|data\b/.test(file))).toEqual([]);
	});
});

describe("the built command", () => {
	it.each([
		[["cost", "--alhpa", "1"], "there is no option --alhpa; did you mean --alpha?"],
		[["cost", "-x"], "there is no option -x"],
		[["cost", "--alpha", "wide"], '--alpha must be a number such as 0.5, not "wide"'],
		[["classify", "--fit", "square", "a.jpg"], "--fit must be stretch, shorter-side=256"],
		[["cost", "--preset", "keras"], '--preset must be tf, torch or tutorial, not "keras"'],
		[["cost", "--alpha"], "--alpha needs a value"],
		[["cost", "--alpha", "1", "--alpha", "2"], '--alpha is given twice: "1" and "2"'],
		[
			["quantize", "a", "--no-bias-correction=yes"],
			'--no-bias-correction takes no value, but "yes" is given',
		],
		[["cost", "wide"], '"wide" is one argument too many: this command takes none'],
		[["completion"], "an argument is missing: <shell>"],
	])("says in its own sentence what is wrong with %j", (inputs, sentence) => {
		const { stderr, status } = spawnSync(process.execPath, [built, ...inputs], { encoding: "utf8" });
		expect(stderr).toContain(`mobilenet: ${sentence}`);
		expect(stderr.trim().split("\n")).toHaveLength(1);
		expect(status).toBe(2);
	});
});
