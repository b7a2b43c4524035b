/**
 * docs/tutorial.md does what it says: every piece of code and every command is run, and prints what stands below it. Its
 * Chinese version has the same code and the same output. Needs `npm run build`.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { colored } from "../support/colored.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const program = here("../../bin/mobilenet.js");
const examples = here("../../../../examples/tutorial/");

interface Block {
	readonly language: string;
	readonly text: string;
}

function blocksOf(name: string): readonly Block[] {
	const page = readFileSync(here(`../../../../docs/${name}`), "utf8");
	return [...page.matchAll(/```(\w+)\n([\s\S]*?)```/g)].map(([, language, text]) => ({
		language: language!,
		text: text!,
	}));
}

const blocks = blocksOf("tutorial.md");
let folder: string;

beforeAll(async () => {
	folder = mkdtempSync(join(tmpdir(), "mobilenet-tutorial-"));
	const { pictures, labels, classes } = colored(24, 1);
	for (const [i, { data, ...raw }] of pictures.entries()) {
		const place = join(folder, "photos", classes[labels[i]!]!);
		mkdirSync(place, { recursive: true });
		await sharp(data, { raw: { ...raw, channels: 3 } })
			.png()
			.toFile(join(place, `${i}.png`));
	}
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function printed({ language, text }: Block): string {
	const run = (words: readonly string[], cwd: string): string =>
		execFileSync(process.execPath, words, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
	if (language === "ts") return run(["--input-type=module-typescript", "--eval", text], examples);
	return text
		.trim()
		.split("\n")
		.map((line) => {
			const [npx, name, ...words] = line.split(" ");
			expect([npx, name]).toEqual(["npx", "mobilenet"]);
			return run([program, ...words], folder);
		})
		.join("");
}

describe("docs/tutorial.md", () => {
	const steps = blocks.flatMap((block, i) =>
		block.language === "text"
			? []
			: [{ block, output: blocks[i + 1]?.language === "text" ? blocks[i + 1]!.text : undefined }],
	);

	it.each(
		steps.map(
			({ block, output }) => [block.text.split("\n").find((line) => line !== "")!, block, output] as const,
		),
	)(
		"%s",
		(_, block, output) => {
			const got = printed(block);
			if (output !== undefined) expect(got).toBe(output);
			else expect(block.language).toBe("sh");
		},
		120_000,
	);

	it("has the same code and the same numbers in Chinese", () => {
		expect(blocks.length).toBeGreaterThan(20);
		expect(blocksOf("tutorial.zh-CN.md")).toEqual(blocks);
	});
});

it("the same with the package, call for function", () => {
	const output = execFileSync(process.execPath, [join(examples, "with-mobilenet.ts")], { encoding: "utf8" });
	expect(output).toMatch(
		/^\[ 'depthwise 32', 'pointwise 64' \]\n29\n\[ 1, 1000 \]\n=+\nLayer \(type:depth-idx\)/,
	);
});
