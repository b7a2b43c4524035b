/** `npm run bench`: the peers, side by side with ours. Installs them first where they are not; then see main.ts. */
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { home, ours, packages } from "./folders.ts";

if (!existsSync(join(ours, "dist/index.js")))
	fail("the package is not built: run npm run build in the repository first.");
if (!areInstalled()) install();
// An end by Ctrl-C removes files too.
process.once("SIGINT", () => process.exit(130));
const { main } = await import("./main.ts");
process.exitCode = await main(process.argv.slice(2));

/** As the lock file has them now: npm notes at its end what it installed. */
function areInstalled(): boolean {
	const note = join(packages, ".package-lock.json");
	return existsSync(note) && statSync(note).mtimeMs >= statSync(join(home, "package-lock.json")).mtimeMs;
}

/** Without install scripts: onnxruntime-node's would download what one processor does not need. */
function install(): void {
	const npm = process.env.npm_execpath;
	const [command, ...before] = npm ? [process.execPath, npm] : ["npm"];
	const { status } = spawnSync(command!, [...before, "ci", "--ignore-scripts"], {
		cwd: home,
		// What is measured goes to the standard output, and nothing else.
		stdio: ["ignore", 2, 2],
	});
	if (status !== 0) fail("the peers could not be installed.");
}

function fail(why: string): never {
	console.error(`bench: ${why}`);
	process.exit(1);
}
