/** A run of `mobilenet distill`: the teacher made ready, and the student that learns from it. */

import { withClasses } from "../data/index.ts";
import { changedModel } from "../model/changed-model.ts";
import { train } from "../training/index.ts";
import { usualLearningRate } from "../training/optimizer.ts";
import { settingsOf } from "../training/options.ts";
import { hasBackground, type Label, type Model } from "../weights/model.ts";
import type { ProcessLike } from "./context.ts";
import { numbered, studentOf } from "./distill-student.ts";
import { askedTeacher, listenedTo, viewsOf } from "./distill-teacher.ts";
import { readNamedModel } from "./model-source.ts";
import { checkDistillOptions, type DistillOptions, isTeacherAlone } from "./options/distill.ts";
import {
	type Begun,
	labeledPictures,
	type RunPictures,
	type RunSettings,
	runInTerminal,
	type Tools,
} from "./training-run.ts";

const usualWeight = 0.9;
/** A trained student is changed by a tenth of the rate that random weights take. */
const trainedRate = 0.1;
/** And by steps whose gradients are no longer than this. */
const trainedClip = 2;

/**
 * Distils as the command line says.
 *
 * @returns whether the run came to its end
 */
export async function runDistillation(
	options: DistillOptions,
	data: string,
	process: ProcessLike,
): Promise<boolean> {
	checkDistillOptions(options);
	const { teacher, from, teacherSize: size } = options;
	const model = changedModel(await readNamedModel(teacher), { size });
	const own = isTeacherAlone(options) ? classesOf(model) : [];
	return runInTerminal(options, data, process, {
		models: [teacher, ...(from === undefined ? [] : [from])],
		pictures: (tools) => picturesOf(options, data, own, tools),
		begin: (settings, tools) => begin(options, model, own, settings, tools),
	});
}

/** The teacher's classes, without the background. */
function classesOf({ labels, configuration }: Model): readonly Label[] {
	if (!labels) return numbered(configuration.classes);
	return hasBackground(labels) ? labels.slice(1) : labels;
}

/** The pictures; where the teacher is all that is learned from, nothing says any more of what class they are. */
async function picturesOf(
	options: DistillOptions,
	data: string,
	own: readonly Label[],
	tools: Tools,
): Promise<RunPictures> {
	if (!isTeacherAlone(options)) return labeledPictures(options, data, true, tools);
	const dataset = await tools.open(data, options.unlabeled ? { unlabeled: true } : { oneClass: true });
	const plain = { ...dataset, classes: [], labels: new Int32Array(dataset.labels.length).fill(-1) };
	if (options.validation === undefined) return { training: { dataset: plain } };
	const other = await tools.open(options.validation, { oneClass: true });
	return { training: { dataset: plain }, validation: { dataset: withClasses(other, own) } };
}

async function begin(
	options: DistillOptions,
	model: Model,
	own: readonly Label[],
	given: RunSettings,
	tools: Tools,
): Promise<Begun> {
	const { from, embedding } = options;
	const network = await askedTeacher(options, model, own, given, tools);
	try {
		const labels = isTeacherAlone(options) ? model.labels && own : given.training.dataset.classes;
		const outputs = { count: network.outputs, labels: embedding ? undefined : labels };
		const first = await studentOf(options, outputs, given.seed);
		const settings = from === undefined ? given : gently(given, options);
		const complete = settingsOf({ ...settings, model: first });
		const views = viewsOf(options, complete, given, network.outputs);
		const { teacher, embeddings } = await listenedTo(options, views, network, given, complete, tools);
		// It begins by saying their mean.
		const student = embeddings
			? await studentOf(options, { ...outputs, bias: embeddings.mean }, given.seed)
			: first;
		const share = isTeacherAlone(options) ? 1 : (options.weight ?? usualWeight);
		const { temperature } = teacher;
		const distillation = {
			teacher,
			name: `${network.fingerprint} ${temperature} ${views}`,
			hardWeight: 1 - share,
			softWeight: embeddings ? 1 / embeddings.square : share,
			...(typeof views === "number" && { views }),
		};
		return {
			run: train({ ...settings, model: student, distillation }),
			facts: {
				...{ teacher: options.teacher, learns: teacher.kind },
				...(!embeddings && { temperature, weight: share }),
				views,
			},
			lines: embeddings
				? [
						"its outputs are the teacher's pooled features; the loss is the share of their squares that is missed",
					]
				: [],
			dispose: teacher.dispose,
		};
	} catch (error) {
		network.dispose();
		throw error;
	}
}

/** What suits a trained student, where nothing else is asked for: what suits fine-tuning. */
function gently(settings: RunSettings, { batchNorm }: DistillOptions): RunSettings {
	const { optimizer, batch = 64 } = settings;
	return {
		...settings,
		learningRate: settings.learningRate ?? trainedRate * usualLearningRate(optimizer?.kind ?? "sgd", batch),
		clip: settings.clip ?? trainedClip,
		frozenNorm: batchNorm !== "batch",
	};
}
