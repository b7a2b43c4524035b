/** The Nodes that the package is meant for: this one, and others from npm, in the git-ignored folder .nodes. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { npm } from "./processes.ts";

export const versions: readonly string[] = ["20", "22", "24", "26"];
const nodes = fileURLToPath(new URL("../../.nodes/", import.meta.url));

/** The path of a Node of this major version; undefined where npm has none for this platform. */
export async function nodeOf(version: string): Promise<string | undefined> {
	if (process.versions.node.startsWith(`${version}.`)) return process.execPath;
	const isWindows = process.platform === "win32";
	const name = `node-${isWindows ? "win" : process.platform}-${process.arch}`;
	const place = join(nodes, version);
	const program = join(place, "node_modules", name, "bin", isWindows ? "node.exe" : "node");
	if (existsSync(program)) return program;
	mkdirSync(place, { recursive: true });
	writeFileSync(join(place, "package.json"), JSON.stringify({ private: true }));
	await npm(place, ["install", `${name}@${version}`]).catch(() => {});
	return existsSync(program) ? program : undefined;
}
