/**
 * Every model file that a reader knows, damaged: there is a model or a MobileNetError, within a second, with no more
 * allocated than four times the file. The long form is `npm run fuzz` (formats.ts).
 */
import { afterAll, expect, test } from "vitest";
import { missing } from "../support/shared-paths.ts";
import { fewInputs } from "./changes.ts";
import { modelFiles, modelNames } from "./files.ts";
import { startReader } from "./fuzz.ts";

const names = modelNames();
const reader = startReader();
afterAll(() => reader.stop());

const isShared = missing(["weights", "golden/formats"]) === undefined;
if (!isShared) console.warn("skipped: fuzzing the model files of ../shared, which is not beside the project");

test.skipIf(!isShared)("there are files of every format", () => {
	const least = { ".safetensors": 6, ".tflite": 15, tfjs: 2, tfjs_graph: 1, ".pb": 4, ".h5": 5, ".pth": 5 };
	for (const [ending, count] of Object.entries(least))
		expect(names.filter((name) => name.endsWith(ending)).length).toBeGreaterThanOrEqual(count);
});

test.each(names)("%s cut short, flipped, overwritten, grown", async (name) => {
	const failures: string[] = [];
	let refused = 0;
	for (const input of fewInputs(name, await modelFiles(name))) {
		const outcome = await reader.check(input);
		if (outcome.refused !== undefined) refused++;
		if (outcome.failure !== undefined) failures.push(`${JSON.stringify(input)}: ${outcome.failure}`);
	}
	expect(failures).toEqual([]);
	// Damage to what is no weight does not pass unseen.
	expect(refused).toBeGreaterThan(60);
});
