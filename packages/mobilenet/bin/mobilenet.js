#!/usr/bin/env node
import { existsSync } from "node:fs";

const main = new URL("../dist/node/cli.js", import.meta.url);
if (existsSync(main)) await import(main.href);
else {
	console.error("mobilenet: the command is not built; run `npm run build` in its repository first.");
	process.exitCode = 1;
}
