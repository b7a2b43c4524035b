/**
 * Damages model files at random for as long as one likes, and reads them: there must be a model or a MobileNetError,
 * within a second, with no more allocated than four times the file. What fails is saved to a file. Exit code 1 if
 * anything did.
 *
 *   npm run fuzz -- --seconds 60 --seed 1 [--inputs 20000] [--model tflite] [--folder FOLDER]
 *
 * With a folder it is the model files in it instead of those of ../shared; with a number of inputs it ends after so many.
 */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { random } from "../../src/base/random.ts";
import { anyInput, changed, type Input } from "./changes.ts";
import { type ModelFiles, modelFiles, modelNames, modelNamesIn } from "./files.ts";
import { type Outcome, startReader } from "./fuzz.ts";

const { values } = parseArgs({
	options: {
		seconds: { type: "string", default: "60" },
		seed: { type: "string", default: String(Date.now()) },
		inputs: { type: "string", default: "Infinity" },
		folder: { type: "string" },
		model: { type: "string", default: "" },
	},
});
const [seconds, seed] = [Number(values.seconds), Number(values.seed)];
const most = Number(values.inputs);
const known = values.folder === undefined ? modelNames() : modelNamesIn(resolve(values.folder));
const names = known.filter((name) => name.includes(values.model));
if (!(seconds > 0 && most > 0) || names.length === 0) {
	console.error(
		"usage: npm run fuzz -- [--seconds N] [--inputs N] [--seed N] [--model part-of-a-name] [--folder FOLDER]",
	);
	process.exit(2);
}
/** A model is kept for so many inputs: to read it whole takes longer than to read it damaged. */
const inARow = 100;
const minute = 60_000;

const numbers = random(seed);
const reader = startReader();
const started = performance.now();
const passed = () => performance.now() - started;
const seen = { inputs: 0, refused: 0, failures: 0, slowest: 0 };
let nextLine = minute;
let folder: string | undefined;

console.log(`seed ${seed}, ${names.length} models, ${seconds} seconds`);
const isOver = (): boolean => passed() >= seconds * 1000 || seen.inputs >= most;
while (!isOver()) {
	const name = names[Math.floor(numbers.uniform() * names.length)]!;
	const files = await modelFiles(name);
	for (let i = 0; i < inARow && !isOver(); i++) {
		const input = anyInput(name, files, numbers);
		const outcome = await reader.check(input);
		seen.inputs++;
		if (outcome.refused !== undefined) seen.refused++;
		seen.slowest = Math.max(seen.slowest, outcome.milliseconds ?? 0);
		if (outcome.failure !== undefined) tell(input, files, outcome);
		if (passed() > nextLine && !isOver()) {
			nextLine += minute;
			report();
		}
	}
}
reader.stop();
report();
if (seen.failures > 0) process.exitCode = 1;

function report(): void {
	const { inputs, refused, failures, slowest } = seen;
	console.log(
		`${Math.round(passed() / 1000)} s: ${inputs} inputs, ${inputs - refused - failures} read, ${refused} refused, ${failures} failures; the slowest took ${slowest.toFixed(0)} ms`,
	);
}

function tell(input: Input, files: ModelFiles, { failure }: Outcome): void {
	seen.failures++;
	folder ??= mkdtempSync(join(tmpdir(), "mobilenet-fuzz-"));
	const saved = join(folder, `${seen.failures}-${basename(input.part)}`);
	writeFileSync(saved, changed(files.parts.get(input.part)!, input.changes));
	console.log(`FAILURE: ${failure}\n  ${JSON.stringify(input)}\n  saved as ${saved}`);
}
