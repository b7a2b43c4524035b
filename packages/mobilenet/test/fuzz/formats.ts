/**
 * Damages model files at random for as long as one likes, and reads them: there must be a model or a MobileNetError,
 * within a second, with no more allocated than four times the file. What fails is saved to a file. Exit code 1 if
 * anything did.
 *
 *   npm run fuzz -- --seconds 60 --seed 1 [--model tflite]
 */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { random } from "../../src/base/random.ts";
import { anyInput, changed, type Input } from "./changes.ts";
import { type ModelFiles, modelFiles, modelNames } from "./files.ts";
import { type Outcome, startReader } from "./fuzz.ts";

const { values } = parseArgs({
	options: {
		seconds: { type: "string", default: "60" },
		seed: { type: "string", default: String(Date.now()) },
		model: { type: "string", default: "" },
	},
});
const [seconds, seed] = [Number(values.seconds), Number(values.seed)];
const names = modelNames().filter((name) => name.includes(values.model));
if (!(seconds > 0) || names.length === 0) {
	console.error("usage: npm run fuzz -- [--seconds N] [--seed N] [--model part-of-a-name]");
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
while (passed() < seconds * 1000) {
	const name = names[Math.floor(numbers.uniform() * names.length)]!;
	const files = await modelFiles(name);
	for (let i = 0; i < inARow && passed() < seconds * 1000; i++) {
		const input = anyInput(name, files, numbers);
		const outcome = await reader.check(input);
		seen.inputs++;
		if (outcome.refused !== undefined) seen.refused++;
		seen.slowest = Math.max(seen.slowest, outcome.milliseconds ?? 0);
		if (outcome.failure !== undefined) tell(input, files, outcome);
		if (passed() > nextLine && passed() < seconds * 1000) {
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
