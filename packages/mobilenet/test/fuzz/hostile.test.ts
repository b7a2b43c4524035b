/**
 * Files made to harm: each is refused with a MobileNetError of one printable sentence, within a second, with no more
 * allocated than four times the file.
 */
import { afterAll, expect, test } from "vitest";
import { missing } from "../support/shared-paths.ts";
import { modelFiles } from "./files.ts";
import { startReader } from "./fuzz.ts";
import { hostileFiles } from "./hostile.ts";

const reader = startReader();
afterAll(() => reader.stop());

const folder = "hostile";
/** Those that are no networks; the others are sound files that say strange things. */
const broken = [
	...["h5-esc.h5", "h5-tostring.h5", "keras_quadratic", "st-json-escape.safetensors", "tfjs_esc"],
	...["tfjs_long_message.json", "tfjs_nested_lists.json", "tfjs_shown_deep", "tfjs_tostring"],
].map((name) => `${folder}/${name}`);
const isShared = missing([folder]) === undefined;
if (!isShared) console.warn("skipped: the hostile files of ../shared, which is not beside the project");

const names = [...Object.keys(hostileFiles).map((name) => `made/${name}`), ...(isShared ? broken : [])];

test.each(names)("%s", async (model) => {
	const { main } = await modelFiles(model);
	const outcome = await reader.check({ model, part: main, changes: [], run: false });
	expect(outcome.failure).toBeUndefined();
	expect(outcome.refused).toMatch(/^(broken-file|not-mobilenet|unsupported)$/);
});
