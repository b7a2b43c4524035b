/** The installed command: what a reader of the README tries first, on pictures of two plain classes. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { expect, output } from "./processes.ts";

const classes = { blue: { r: 30, g: 60, b: 180 }, red: { r: 180, g: 50, b: 30 } };
const pictures = 8;
const program = ["node_modules", "mobilenet", "bin", "mobilenet.js"].join("/");

/** A folder of class folders, and a list of the same. */
export async function writePictures(place: string): Promise<void> {
	const rows = ["file,label"];
	for (const [label, { r, g, b }] of Object.entries(classes)) {
		mkdirSync(join(place, "photos", label), { recursive: true });
		for (let n = 0; n < pictures; n++) {
			const file = `photos/${label}/${n}.png`;
			const background = { r: r + 6 * n, g: g + 6 * n, b: b + 6 * n };
			const picture = sharp({ create: { width: 48, height: 40, channels: 3, background } });
			await picture.toFile(join(place, file));
			rows.push(`${file},${label}`);
		}
	}
	writeFileSync(join(place, "photos.csv"), rows.join("\n"));
}

/** Tries it with a Node, in a folder where the package is installed and the pictures are. */
export async function tryCommand(place: string, node: string): Promise<void> {
	const mobilenet = (...words: readonly string[]): Promise<string> =>
		output(place, node, [program, ...words]);
	const help = await mobilenet("--help");
	expect(help.includes("mobilenet train"), `--help printed ${help}`);
	const summary = await mobilenet("summary", "--preset", "tutorial");
	expect(summary.includes("Total params: 4,231,976"), `summary printed ${summary}`);

	const model = "colors.safetensors";
	// Red and blue are apart in any features, so a new classifier has all pictures right.
	await mobilenet("train", "photos", "--from", "default", "--fine-tune", "none", "-o", model);
	const answers = await mobilenet("classify", "--model", model, "--json", "--top", "1", "photos/*/*.png");
	for (const line of answers.split("\n")) {
		const { file, predictions } = JSON.parse(line);
		expect(file.split(/[\\/]/).at(-2) === predictions[0].label, `classify printed ${line}`);
	}
	expect(answers.split("\n").length === 2 * pictures, `classify printed ${answers}`);

	const words = ["--model", model, "--json", "--report", "report.html"];
	const { top1 } = JSON.parse(await mobilenet("evaluate", "photos.csv", ...words));
	expect(top1 === 1, `evaluate --json says that top1 is ${top1}`);
	const report = readFileSync(join(place, "report.html"), "utf8");
	expect(report.includes("Calibration"), "the report has no chart of the calibration");
	for (const name of [model, "report.html", "colors.log.jsonl", "colors.curves.svg", "colors.checkpoint"])
		if (existsSync(join(place, name))) rmSync(join(place, name), { recursive: true });
}
