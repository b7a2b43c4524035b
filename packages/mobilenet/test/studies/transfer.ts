/**
 * Fine-tuning as a person does it: `mobilenet train DATA/train --from MODEL` without further options, then
 * `mobilenet evaluate` on pictures of which the run saw nothing.
 *
 *   node --conditions=mobilenet-source packages/mobilenet/test/studies/transfer.ts
 *
 * Prints Markdown for docs/training.md, three seeds unless `SEEDS` says otherwise. It runs the package as built.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { shared } from "../support/shared-paths.ts";
import { madeWith, seedsTo, spread } from "./tiny-imagenet.ts";

const cli = fileURLToPath(new URL("../../bin/mobilenet.js", import.meta.url));
const from = shared("weights/mobilenet_v1_1.0_224_tfjs");
const folder = mkdtempSync(join(tmpdir(), "mobilenet-transfer-"));
const { SEEDS = "3" } = process.env;

function mobilenet(...words: readonly string[]): string {
	return execFileSync(process.execPath, [cli, ...words], {
		encoding: "utf8",
		stdio: ["ignore", "pipe", "ignore"],
	});
}

try {
	const command = "node --conditions=mobilenet-source packages/mobilenet/test/studies/transfer.ts";
	console.log(madeWith(command, `${availableParallelism()} threads`));
	console.log("| pictures | top-1 on `val`, % | seconds a run |\n|---|---|---|");
	for (const name of ["flowers", "hymenoptera"]) {
		const [accuracies, times]: [number[], number[]] = [[], []];
		for (const seed of seedsTo(Number(SEEDS))) {
			const output = join(folder, `${name}-${seed}.safetensors`);
			const began = performance.now();
			mobilenet("train", shared(`data/${name}/train`), "--from", from, "-o", output, "--seed", `${seed}`);
			times.push((performance.now() - began) / 1000);
			const { top1 } = JSON.parse(
				mobilenet("evaluate", shared(`data/${name}/val`), "--model", output, "--json"),
			) as { readonly top1: number };
			accuracies.push(100 * top1);
			console.error(
				`${name}, seed ${seed}: top-1 ${accuracies.at(-1)!.toFixed(1)} %, ${times.at(-1)!.toFixed(0)} s`,
			);
		}
		console.log(`| ${name} | ${spread(accuracies)} | ${spread(times)} |`);
	}
} finally {
	rmSync(folder, { recursive: true });
}
