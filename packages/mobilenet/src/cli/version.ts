/** The package's version, as its package.json has it. */
import { readFile } from "node:fs/promises";
import { parseJson } from "../base/json.ts";

export async function packageVersion(): Promise<string> {
	const manifest = await readFile(new URL("../../package.json", import.meta.url), "utf8");
	return (parseJson(manifest) as { version: string }).version;
}
