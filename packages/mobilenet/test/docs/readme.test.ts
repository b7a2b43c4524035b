/** The README's code does what the README says. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterAll, describe, expect, it } from "vitest";
import { colored } from "../support/colored.ts";
import { describeWithShared, shared } from "../support/shared.ts";

const readme = readFileSync(new URL("../../../../README.md", import.meta.url), "utf8");
const blocks = [...readme.matchAll(/```js\n([\s\S]*?)```/g)].map((match) => match[1]!);
/** Inside the package, so that `mobilenet` is found, and git-ignored. */
const folder = fileURLToPath(new URL("../../dist/readme/", import.meta.url));

function run(code: string): string {
	mkdirSync(folder, { recursive: true });
	const file = `${folder}code.mjs`;
	writeFileSync(file, code);
	return execFileSync(process.execPath, [file], { cwd: folder, encoding: "utf8" });
}

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the tutorial's test", () => {
	it("prints the shape and the summary", () => {
		const output = run(blocks.find((block) => block.includes("tutorial"))!);
		expect(output).toMatch(/^\[ 1, 1000 \]\n=+\nLayer \(type:depth-idx\)/);
		expect(output).toContain("Total params: 4,231,976");
	});
});

describe("the code that trains", () => {
	it("learns red from green and blue", async () => {
		const { pictures, labels, classes } = colored(40, 1);
		for (const [i, { data, ...raw }] of pictures.entries()) {
			const place = join(folder, "photos", classes[labels[i]!]!);
			mkdirSync(place, { recursive: true });
			await sharp(data, { raw: { ...raw, channels: 3 } })
				.png()
				.toFile(join(place, `${i}.png`));
		}
		const lines = run(blocks.find((block) => block.includes("openDataset"))!)
			.trim()
			.split("\n");
		expect(lines).toHaveLength(30);
		expect(lines.at(-1)).toMatch(/^30 0\.\d+ 1$/);
	}, 120_000);
});

describeWithShared("the first code", ["data/photos"], () => {
	it("runs with the package's own model", () => {
		const code = blocks
			.find((block) => block.includes("mobilenet.embed"))!
			.replaceAll(/photo\.jpg|a\.jpg|b\.png/g, shared("data/photos/espresso.png"));
		const output = run(
			`${code}\nconsole.log(best.label, best.index, rows.length, vector.length, shape.join());`,
		);
		expect(output).toBe("espresso 193 2 768 10,10,384\n");
	});

	it("knows pictures again by their keys", () => {
		const code = blocks
			.find((block) => block.includes("key: 17"))!
			.replace("a.jpg", shared("data/photos/espresso.png"));
		const output = run(
			`import { MobileNet } from "mobilenet";\nconst mobilenet = await MobileNet.load();\n${code}`,
		);
		expect(output).toBe("17 espresso\n18 b.png cannot be read: there is no such file.\n");
	});
});
