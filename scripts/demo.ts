/**
 * `npm run demo`: classifies pictures from the command line's side, as a user would. Takes what `mobilenet classify`
 * takes; without a model or pictures of one's own it uses those of ../shared, where they lie beside the project.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const beside = (path: string): string => fileURLToPath(new URL(`../../shared/${path}`, import.meta.url));
const usualModel = beside("weights/mobilenet_v1_1.0_224_tfjs");
const usualPictures = beside("data/photos");

const given = process.argv.slice(2);
const hasModel = given.some((argument) => argument === "--model" || argument.startsWith("--model="));
if (given.length === 0 || !hasModel)
	for (const path of [usualModel, usualPictures])
		if (!existsSync(path)) {
			console.error(
				"this package carries no model yet: pass one and pictures, as in npm run demo -- --model model.tflite photo.jpg",
			);
			process.exit(2);
		}
const arguments_ = given.length === 0 ? [usualPictures, "--top", "1"] : given;
const command = fileURLToPath(new URL("../packages/mobilenet/bin/mobilenet.js", import.meta.url));
const { status } = spawnSync(
	process.execPath,
	[command, "classify", ...(hasModel ? [] : ["--model", usualModel]), ...arguments_],
	{ stdio: "inherit" },
);
process.exit(status ?? 1);
