/** Completion: what is proposed for a line, and bash asking for it. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { mobilenet } from "../support/cli.ts";

const proposed = async (...words: string[]): Promise<string[]> => {
	const { exitCode, stdout, stderr } = await mobilenet(["__complete", ...words]);
	expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
	return stdout.split("\n").slice(0, -1);
};

describe("mobilenet __complete", () => {
	it.each([
		[["cl"], ["classify"]],
		[["nothing"], []],
		[
			["classify", "--fi"],
			["--fit", "--filter"],
		],
		[
			["classify", "--filter", "pillow"],
			["pillow-bilinear", "pillow-bicubic"],
		],
		// Where a file comes next, the shell knows better.
		[["classify", ""], []],
		[["classify", "--model", ""], []],
		[["classify", "photo"], []],
		// Bash's three words of --preset=t.
		[
			["cost", "--preset", "=", "t"],
			["tf", "torch", "tutorial"],
		],
		[["completion", ""], ["bash"]],
		[["nothing", ""], []],
	])("proposes for %j: %j", async (words, expected) => {
		expect(await proposed(...words)).toEqual(expected);
	});

	it("proposes every command that the help shows", async () => {
		const { stdout } = await mobilenet(["--help"]);
		const commands = [...stdout.split("COMMANDS\n")[1]!.matchAll(/^ {2}(\S+)/gm)].map((match) => match[1]);
		expect(commands.length).toBeGreaterThan(6);
		expect(await proposed("")).toEqual(commands);
	});
});

describe("every command", () => {
	it("has an example in its help", async () => {
		for (const command of await proposed("")) {
			const { exitCode, stdout } = await mobilenet([command, "--help"]);
			expect(exitCode).toBe(0);
			expect(stdout).toMatch(new RegExp(`EXAMPLE\\n {2}.*mobilenet ${command} ?`));
		}
	});
});

describe.skipIf(process.platform === "win32" || spawnSync("bash", ["--version"]).status !== 0)("bash", () => {
	it("completes a line with the script", async () => {
		const { stdout: script } = await mobilenet(["completion", "bash"]);
		const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
		const lines = [
			`function command_under_test { '${process.execPath}' --conditions=mobilenet-source '${main}' "$@"; }`,
			script,
			"COMP_WORDS=(command_under_test classify --m) COMP_CWORD=2",
			"_mobilenet command_under_test",
			'echo "$' + '{COMPREPLY[*]}"',
		];
		const { stdout, stderr } = spawnSync("bash", ["-c", lines.join("\n")], { encoding: "utf8" });
		expect(stderr).toBe("");
		expect(stdout).toBe("--model --mean\n");
	});

	it("is the only shell so far", async () => {
		const { exitCode, stderr } = await mobilenet(["completion", "fish"]);
		expect(stderr).toBe('mobilenet: completion is available for bash, not for "fish".\n');
		expect(exitCode).toBe(2);
	});
});
