/** `npm run bench`: the peers, side by side with ours; see main.ts, which imports the built package. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ours } from "./folders.ts";

if (!existsSync(join(ours, "dist/index.js"))) {
	console.error("bench: the package is not built: run npm run build in the repository first.");
	process.exit(1);
}
// An end by Ctrl-C removes files too.
process.once("SIGINT", () => process.exit(130));
const { main } = await import("./main.ts");
process.exitCode = await main(process.argv.slice(2));
