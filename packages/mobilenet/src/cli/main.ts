/** The command line in a real process; bin/mobilenet.js loads it. */
import process from "node:process";
import { run } from "./program.ts";

// The reader has closed the pipe (`mobilenet summary | head`): that is not an error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
	if (error.code !== "EPIPE") throw error;
	process.exit(0);
});
process.stderr.on("error", (error: NodeJS.ErrnoException) => {
	if (error.code !== "EPIPE") throw error;
});

run(process.argv.slice(2), process).then((exitCode) => {
	// Not process.exit: the output must be flushed first.
	process.exitCode = exitCode;
});
