/**
 * The recipe of the model that the package carries: one command from the shards of Tiny ImageNet to the file that is
 * shipped. Each stage is a command that anybody can type (it is printed before it runs); a stage whose output lies in
 * `work/`, or in half precision in `stages/`, is not done again, and one that was stopped goes on from its checkpoint. So
 * without those of `stages/` all begins anew.
 *
 *   node models/default/train.ts ../shared
 *
 * The argument is the folder that holds `data/tiny-imagenet` and the teacher, `weights/mobilenet_v1_1.0_224_tfjs`. What
 * the stages came to, and why they are these, is in README.md.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const work = join(here, "work");
const command = fileURLToPath(new URL("../../packages/mobilenet/bin/mobilenet.js", import.meta.url));
const shared = resolve(process.argv[2] ?? "../shared");
const data = join(shared, "data", "tiny-imagenet");
/** The last shard is learned from by nobody: recipes are chosen by it. */
const training = join(data, "train-00{0[0-9],10}.tar.gz");
const heldBack = join(data, "train-0011.tar.gz");

const at = (name: string): string => join(work, `${name}.safetensors`);
const kept = (name: string): string => join(here, "stages", `${name}.safetensors`);
const latest = (name: string): string => (existsSync(at(name)) ? at(name) : kept(name));
const student = [
	...["--teacher", at("teacher"), "--answers", join(work, "answers"), "--weight", "1", "--temperature", "2"],
	...["--batch", "128", "--average", "0.999", "--weight-decay", "1e-4", "--learning-rate", "0.1"],
	...["--augment", "area=0.5-1"],
];

interface Stage {
	/** Stages whose networks it takes. */
	readonly needs: readonly string[];
	readonly words: () => readonly string[];
}

const stages: Readonly<Record<string, Stage>> = {
	// The published network at the size of what these pictures hold, with a classifier of their classes.
	teacher: {
		needs: [],
		words: () => [
			...["train", "--from", join(shared, "weights", "mobilenet_v1_1.0_224_tfjs"), "--size", "160"],
			...["--fine-tune", "none"],
		],
	},
	// Small pictures first: an epoch takes less than half as long.
	small: {
		needs: ["teacher"],
		words: () => [
			...["distill", ...student, "--alpha", "0.75", "--size", "64", "--epochs", "32"],
			...["--schedule", "constant"],
		],
	},
	large: {
		needs: ["teacher", "small"],
		words: () => [
			...["distill", ...student, "--from", latest("small"), "--batch-norm", "batch", "--size", "96"],
			...["--epochs", "28", "--warm-up", "1"],
		],
	},
	// Larger than what the pictures hold: there is no more to see, but the last layers have more places to see it at.
	larger: {
		needs: ["teacher", "large"],
		words: () => [
			...["distill", ...student, "--from", latest("large"), "--batch-norm", "batch", "--size", "128"],
			...["--epochs", "13", "--warm-up", "0.5"],
		],
	},
};

mkdirSync(work, { recursive: true });
make("larger");

function make(name: string): void {
	if (existsSync(latest(name))) return;
	const { needs, words } = stages[name]!;
	for (const other of needs) make(other);
	const [verb, ...options] = words();
	const all = [verb!, training, "--validation", heldBack, ...options, "-o", at(name)];
	const isBegun = existsSync(join(work, `${name}.checkpoint`));
	console.error(`mobilenet ${all.join(" ")}`);
	const { status } = spawnSync(process.execPath, [command, ...all, ...(isBegun ? ["--resume"] : [])], {
		stdio: "inherit",
	});
	if (status !== 0) process.exit(status ?? 1);
}
