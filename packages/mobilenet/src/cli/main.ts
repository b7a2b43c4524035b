/** The command line in a real process; bin/mobilenet.js loads it. */
import process from "node:process";
import { run } from "./program.ts";

// Whoever reads has seen enough (`mobilenet summary | head`): that is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
	if (error.code !== "EPIPE") throw error;
	process.exit(0);
});
process.stderr.on("error", (error: NodeJS.ErrnoException) => {
	if (error.code !== "EPIPE") throw error;
});

run(process.argv.slice(2), process).then((exitCode) => {
	// Not process.exit: what is written must arrive first.
	process.exitCode = exitCode;
});
