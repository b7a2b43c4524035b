/** Installs the peers here, where they are not. */
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { home, packages } from "./folders.ts";

/** Without install scripts: onnxruntime-node's would download what one processor does not need. */
export function installPeers(): void {
	if (areInstalled()) return;
	const npm = process.env.npm_execpath;
	const [command, ...before] = npm ? [process.execPath, npm] : ["npm"];
	const { status } = spawnSync(command!, [...before, "ci", "--ignore-scripts"], {
		cwd: home,
		// What is measured goes to the standard output, and nothing else.
		stdio: ["ignore", 2, 2],
	});
	if (status !== 0) throw new Error("the peers could not be installed.");
}

/** As the lock file has them now: npm notes at its end what it installed. */
function areInstalled(): boolean {
	const note = join(packages, ".package-lock.json");
	return existsSync(note) && statSync(note).mtimeMs >= statSync(join(home, "package-lock.json")).mtimeMs;
}
