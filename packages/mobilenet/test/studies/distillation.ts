/**
 * With a teacher: the student of scratch.ts, by the same recipe, and the published α 1.0 network with a classifier
 * trained on the student's own pictures to learn from.
 *
 *   node --conditions=mobilenet-source packages/mobilenet/test/studies/distillation.ts
 *   node --conditions=mobilenet-source packages/mobilenet/test/studies/distillation.ts choose
 *
 * Prints Markdown for docs/training.md. `choose` tries temperatures, weights and views on a split of the training
 * pictures, one seed each; the first form has what was chosen and what the command line takes unless told, and its
 * students are judged by the validation shard, as those of scratch.ts. `SEEDS` makes it shorter.
 */
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { split } from "../../src/data/split.ts";
import { readModel } from "../../src/formats/read.ts";
import { changedModel } from "../../src/model/changed-model.ts";
import type { Teacher } from "../../src/training/distillation/teacher.ts";
import { cachedTeacher } from "../../src/training/distillation/teacher-cache.ts";
import {
	type TeacherNetwork,
	teacherNetwork,
	withTeacherHead,
} from "../../src/training/distillation/teacher-network.ts";
import type { Pictures } from "../../src/training/options.ts";
import { indicesOf } from "../../src/training/pictures.ts";
import { runFolder } from "../../src/training/run-folder.node.ts";
import { shared } from "../support/shared-paths.ts";
import { lastTop1, learn, madeWith, recipe, seedsTo, spread, tinyImageNet } from "./tiny-imagenet.ts";

const teacherFile = "weights/mobilenet_v1_1.0_224_tfjs";
const teacherSize = 128;
/** What the teacher says of pictures is kept here from run to run; a file's name says all that it depends on. */
const folder = runFolder(join(tmpdir(), "mobilenet-distillation.teacher"));

interface Lesson {
	readonly temperature: number;
	/** Share of the teacher's loss; the labels' has the rest. */
	readonly weight: number;
	/** Crops of each picture that teacher and student see; 0: the teacher sees each whole, and the student any crops. */
	readonly views: number;
}

/** What the command line takes unless told. */
const usual: Lesson = { temperature: 2, weight: 0.9, views: 0 };
const tried: readonly Lesson[] = [
	usual,
	{ ...usual, temperature: 1 },
	{ ...usual, temperature: 4 },
	{ ...usual, temperature: 8 },
	{ ...usual, weight: 0.5 },
	{ ...usual, weight: 1 },
	{ ...usual, views: 8 },
];
/** The best of them. */
const chosen: Lesson = { ...usual, weight: 1 };
const columns = "| temperature | weight | views |";

const { training, validation } = await tinyImageNet();
if (process.argv[2] === "choose") await choose();
else await measure();
for (const dataset of [training, validation]) await dataset.close();

/** One seed of each lesson, judged by a fifth of the training pictures. */
async function choose(): Promise<void> {
	const parts = split(training, { share: 0.2, seed: 1 });
	const pictures = {
		training: { dataset: training, indices: parts.training },
		validation: { dataset: training, indices: parts.validation },
	};
	const network = await teacherOf(pictures.training);
	console.log(madeWith(`${commandOf()} choose`));
	console.log(`${columns} top-1 of a fifth of the training pictures, % |\n|---|---|---|---|`);
	const without = await learn({ ...pictures, seed: 1 });
	console.log(`| no teacher | | | ${lastTop1(without).toFixed(1)} |`);
	for (const lesson of tried)
		console.log(`| ${cellsOf(lesson)} | ${(await taught(network, pictures, lesson, 1)).toFixed(1)} |`);
	network.dispose();
}

/** What was chosen, judged by the validation shard. */
async function measure(): Promise<void> {
	const pictures = { training: { dataset: training }, validation: { dataset: validation } };
	const network = await teacherOf(pictures.training);
	const { SEEDS = "3" } = process.env;
	console.log(madeWith(commandOf()));
	console.log(`${columns} validation top-1 after epoch ${recipe.epochs}, % |\n|---|---|---|---|`);
	for (const lesson of [chosen, usual]) {
		const values: number[] = [];
		for (const seed of seedsTo(Number(SEEDS))) {
			values.push(await taught(network, pictures, lesson, seed));
			console.error(`${cellsOf(lesson)}, seed ${seed}: top-1 ${values.at(-1)!.toFixed(1)} %`);
		}
		console.log(`| ${cellsOf(lesson)} | ${spread(values)} |`);
	}
	network.dispose();
}

/** The published network at a smaller size, with a classifier trained on the pictures that the student learns from. */
async function teacherOf({ dataset, indices }: Pictures): Promise<TeacherNetwork> {
	const model = changedModel(await readModel(shared(teacherFile)), { size: teacherSize });
	const own = await withTeacherHead(model, dataset, indices ?? indicesOf({ dataset }), { batch: 8 });
	return teacherNetwork(own, dataset);
}

/** Trains a student, and returns its top-1 in percent. */
async function taught(
	network: TeacherNetwork,
	pictures: { readonly training: Pictures; readonly validation: Pictures },
	{ temperature, weight, views }: Lesson,
	seed: number,
): Promise<number> {
	const { dataset, indices } = pictures.training;
	const teacher: Teacher = await cachedTeacher(network, dataset, {
		...{ temperature, indices, folder },
		...(views > 0 && { crops: { augmentation: recipe.augmentation, seed, count: views } }),
	});
	const history = await learn({
		...pictures,
		seed,
		distillation: {
			...{ teacher, name: network.fingerprint, hardWeight: 1 - weight, softWeight: weight },
			...(views > 0 && { views }),
		},
	});
	return lastTop1(history);
}

function cellsOf({ temperature, weight, views }: Lesson): string {
	return `${temperature} | ${weight} | ${views === 0 ? "whole pictures" : `${views} crops`}`;
}

function commandOf(): string {
	return "node --conditions=mobilenet-source packages/mobilenet/test/studies/distillation.ts";
}
