/**
 * `npm run accuracy`: prints the table of docs/accuracy.md; fails where a network is further off than it may be.
 * `npm run accuracy -- --float`: the integer networks alone, dequantized.
 */

import { missing } from "../support/shared-paths.ts";
import { accuracyOf, expectedAccuracy, golden, networks, pictures } from "./accuracy.ts";

const absent = missing([golden, pictures, "weights"]);
if (absent !== undefined) {
	console.error(`../shared/${absent} is not beside the project: there is nothing to measure on.`);
	process.exit(2);
}
console.log("| network | top-1 | TensorFlow | top-5 | TensorFlow |\n|---|---|---|---|---|");
const dequantized = process.argv.includes("--float");
/** Points that an integer network may be off when it does not run in integers. */
const dequantizedPoints = 1.5;
for (const network of networks) {
	const { file, points: usual, size } = network;
	if (dequantized && !/quant|int8/.test(file)) continue;
	const points = dequantized ? dequantizedPoints : usual;
	const got = await accuracyOf(network, ...(dequantized ? ["--float"] : []));
	const expected = expectedAccuracy(network);
	const cells = [got.top1, expected.top1, got.top5, expected.top5].map((value) => value.toFixed(1));
	console.log(`| ${file}${size === undefined ? "" : ` at ${size} pixels`} | ${cells.join(" | ")} |`);
	if (Math.max(Math.abs(got.top1 - expected.top1), Math.abs(got.top5 - expected.top5)) > points) {
		console.error(`${file} is more than ${points} points off.`);
		process.exitCode = 1;
	}
}
