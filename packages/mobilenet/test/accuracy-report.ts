/** `npm run accuracy`: prints the table of docs/accuracy.md; fails where a network is further off than it may be. */
import { accuracyOf, expectedAccuracy, golden, networks, pictures } from "./accuracy.ts";
import { missing } from "./shared-paths.ts";

const absent = missing([golden, pictures, "weights"]);
if (absent !== undefined) {
	console.error(`../shared/${absent} is not beside the project: there is nothing to measure on.`);
	process.exit(2);
}
console.log("| network | top-1 | TensorFlow | top-5 | TensorFlow |\n|---|---|---|---|---|");
for (const { file, points } of networks) {
	const [got, expected] = [await accuracyOf(file), expectedAccuracy(file)];
	const cells = [got.top1, expected.top1, got.top5, expected.top5].map((value) => value.toFixed(1));
	console.log(`| ${file} | ${cells.join(" | ")} |`);
	if (Math.max(Math.abs(got.top1 - expected.top1), Math.abs(got.top5 - expected.top5)) > points) {
		console.error(`${file} is more than ${points} points off.`);
		process.exitCode = 1;
	}
}
