/** `npm run bench`: compares ours with its peers. Installs them first if necessary; then see main.ts. */
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { home, ours, packages } from "./folders.ts";

if (!existsSync(join(ours, "dist/index.js")))
	fail("the package is not built: run npm run build in the repository first.");
if (!areInstalled()) install();
// So that temporary files are also removed after Ctrl-C.
process.once("SIGINT", () => process.exit(130));
const { main } = await import("./main.ts");
process.exitCode = await main(process.argv.slice(2));

/** Whether the packages of the current lock file are installed: npm writes this file when it has finished. */
function areInstalled(): boolean {
	const note = join(packages, ".package-lock.json");
	return existsSync(note) && statSync(note).mtimeMs >= statSync(join(home, "package-lock.json")).mtimeMs;
}

/** Without install scripts, since that of onnxruntime-node would download what is not needed on a processor. */
function install(): void {
	const npm = process.env.npm_execpath;
	const [command, ...before] = npm ? [process.execPath, npm] : ["npm"];
	const { status } = spawnSync(command!, [...before, "ci", "--ignore-scripts"], {
		cwd: home,
		// Standard output is only for measurements.
		stdio: ["ignore", 2, 2],
	});
	if (status !== 0) fail("the peers could not be installed.");
}

function fail(why: string): never {
	console.error(`bench: ${why}`);
	process.exit(1);
}
