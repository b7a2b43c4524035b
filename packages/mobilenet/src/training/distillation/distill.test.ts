/** A student on pictures of three colors: what it is given, what is chosen for it, what is refused. */
import { describe, expect, it } from "vitest";
import { colored } from "../../../test/support/colored.ts";
import { datasetOf } from "../../data/memory.ts";
import { configure } from "../../network/configuration.ts";
import { initialize } from "../../weights/initialize.ts";
import type { Model } from "../../weights/model.ts";
import { engine } from "../engine.ts";
import type { TrainingDone, TrainingEvent } from "../events.ts";
import { distillOn } from "./distill.ts";
import type { DistillOptions } from "./options.ts";
import { studentWith } from "./student.ts";

const small = { alpha: 0.25, size: 32 } as const;
const dataset = datasetOf(colored(18, 1));
const names = ["green", "blue", "red", "gray"];
/** Knows the colors, in another order, and one more. */
const teacher: Model = {
	...initialize(configure({ ...small, classes: 4 }), { seed: 3 }),
	labels: names.map((name) => ({ name })),
};
const random = initialize(configure({ ...small, classes: 7 }), { seed: 1 });
const usual: DistillOptions = {
	teacher,
	student: random,
	training: { dataset },
	epochs: 1,
	batch: 9,
	workers: 0,
	threads: 1,
	build: "baseline",
};
/** As a network that is not new. */
const trained = (model: Model): Model => ({
	...model,
	source: { ...model.source, format: "TensorFlow Lite" },
});

async function all(
	options: DistillOptions,
	onEvent: (event: TrainingEvent, stop: () => void) => void = () => undefined,
) {
	const run = distillOn(engine, options);
	const events: TrainingEvent[] = [];
	for await (const event of run) {
		events.push(event);
		onEvent(event, run.stop);
	}
	const notes = events.flatMap((event) => (event.kind === "note" ? [event.message] : []));
	return { events, notes, done: events.at(-1) as TrainingDone };
}

describe("distill", () => {
	it("gives the student the data's classes, and says what was chosen", async () => {
		const { done, notes } = await all(usual);
		expect(done).toMatchObject({ kind: "done", reason: "finished" });
		expect(done.model.labels).toEqual(dataset.classes);
		expect(done.model.configuration.classes).toBe(3);
		expect(done.lesson).toEqual({ learns: "probabilities", views: "whole", temperature: 2, weight: 0.9 });
		expect(notes).toContain("the teacher sees each picture once: its answers are kept in memory.");
	});

	it("learns the teacher's classes where labels are left aside, and is judged by labels of theirs", async () => {
		const validation = { dataset: datasetOf({ ...colored(6, 2), classes: ["red", "green", "blue"] }) };
		const { done } = await all({ ...usual, unlabeled: true, validation });
		expect(done.model.labels).toEqual(teacher.labels);
		expect(done.lesson).toMatchObject({ weight: 1 });
		expect(done.best?.validation?.pictures).toBe(6);
	});

	it("learns the teacher's pooled features, which are no probabilities", async () => {
		const { done } = await all({ ...usual, learns: "embedding" });
		expect(done.model.configuration).toMatchObject({ classes: 256, output: "logits" });
		expect(done.model.labels).toBeUndefined();
		expect(done.lesson).toEqual({ learns: "embedding", views: "whole" });
	});

	it("gives a trained student a tenth of the rate, the bits of an option that says the same", async () => {
		const student = trained(random);
		const [chosen, given] = [
			await all({ ...usual, student }),
			// SGD's rate for batches of 256 is 0.4.
			await all({ ...usual, student, learningRate: 0.1 * ((0.4 * 9) / 256), clip: 2, frozenNorm: true }),
		];
		expect(chosen.done.model.tensors).toEqual(given.done.model.tensors);
		expect(chosen.done.model.tensors.get("stem.bn.running_mean")).toEqual(
			random.tensors.get("stem.bn.running_mean"),
		);
	});

	it("ends at once when it is stopped before the first epoch", async () => {
		const { events, done } = await all({ ...usual, teacherHead: true }, (event, stop) => {
			expect(event.kind).not.toBe("step");
			if (event.kind === "note") stop();
		});
		expect(done).toMatchObject({ kind: "done", reason: "stopped", step: 0 });
		expect(events.filter(({ kind }) => kind === "done")).toHaveLength(1);
	});

	it("throws the reason of its own signal", async () => {
		const reason = new Error("enough");
		await expect(all({ ...usual, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
	});

	it.each<readonly [Partial<DistillOptions>, RegExp]>([
		[{ weight: 0 }, /^weight must be a number above 0 and at most 1, not 0\.$/],
		[{ weight: Number.NaN }, /^weight must be/],
		[{ views: 1.5 }, /^views must be whole, live or a number of crops of at least 1, not 1\.5\.$/],
		[{ views: 2, augmentation: "none" }, /^views counts crops, but without augmentation there are none/],
		[{ temperature: 0 }, /^the temperature must be a number above 0, not 0\.$/],
		[{ learns: "embedding", temperature: 2 }, /^temperature divides logits, but an embedding has none/],
		[
			{ learns: "embedding", validation: { dataset } },
			/^validation needs classes, but an embedding has none/,
		],
		[{ unlabeled: true, teacherHead: true }, /^teacherHead needs labels/],
		[{ unlabeled: true, weight: 0.5 }, /^weight needs labels/],
		[
			{ teacher: { ...teacher, labels: names.map((name) => ({ name: `dark ${name}` })) } },
			/^the teacher does not have the data's classes: set teacherHead .* the model does not know 3 of the 3 classes/,
		],
		[{ views: 2 ** 40, epochs: 2 ** 40 }, /^views 1099511627776 needs [\d,]+ MiB of memory/],
	])("refuses %o", async (options, message) => {
		await expect(all({ ...usual, ...options })).rejects.toThrow(
			expect.objectContaining({ code: "usage", message: expect.stringMatching(message) }),
		);
	});
});

describe("what distillation cannot do yet", () => {
	const labels = names.map((name) => ({ name }));
	const headed = { ...small, headLayers: [{ units: 6, activation: "relu" }] } as const;

	it.each<readonly [string, Partial<DistillOptions>, RegExp]>([
		[
			"a teacher of independent classes",
			{ teacher: { ...initialize(configure({ ...small, classes: 4, output: "sigmoid" })), labels } },
			/^the teacher's outputs are sigmoids, which a student cannot learn yet: .*teacherHead/,
		],
		[
			"a teacher of one output",
			{ teacher: initialize(configure({ ...small, classes: 2, output: "sigmoid" })) },
			/^the teacher's outputs are sigmoids/,
		],
		[
			"a new student with dense layers",
			{ student: initialize(configure({ ...headed, classes: 3 })) },
			/^a network with dense layers before its classifier runs, but cannot be trained yet/,
		],
		[
			"a student that takes the greatest of each channel",
			{ student: trained(initialize(configure({ ...small, pooling: "max" }))) },
			/^a network that does not average its last picture runs, but cannot be trained yet/,
		],
	])("refuses %s before the teacher has answered", async (_, options, message) => {
		const seen: unknown[] = [];
		const run = all({ ...usual, ...options, onProgress: (progress) => seen.push(progress) });
		await expect(run).rejects.toMatchObject({
			code: "unsupported",
			message: expect.stringMatching(message),
		});
		expect(seen).toEqual([]);
	});

	it("replaces the head of a trained student", async () => {
		const student = trained(initialize(configure({ ...headed, classes: 2, output: "sigmoid" })));
		const { done } = await all({ ...usual, student });
		expect(done.model.configuration).toMatchObject({ headLayers: [], binary: false, output: "softmax" });
		expect(done.model.tensors.get("classifier.weight")!.shape).toEqual([3, 256]);
	});

	it("takes a teacher's embedding whatever its head", async () => {
		const model = initialize(configure({ ...headed, classes: 2, output: "sigmoid" }));
		const { done } = await all({ ...usual, teacher: model, learns: "embedding" });
		expect(done).toMatchObject({ reason: "finished", lesson: { learns: "embedding" } });
	});
});

describe("a student's classifier", () => {
	const labels = names.map((name) => ({ name }));
	const outputs = { kind: "probabilities", count: 4, labels } as const;

	it("stays where it is trained and has the outputs", () => {
		const own = trained(teacher);
		expect(studentWith(own, outputs, 1)).toEqual(own);
	});

	it.each<readonly [string, Model]>([
		["is random", teacher],
		["has other classes", trained({ ...teacher, labels: labels.toReversed() })],
		["has no names", trained(initialize(teacher.configuration, { seed: 3 }))],
		["has another number of classes", trained(random)],
	])("is a new one where it %s, and nothing else changes", (_, student) => {
		const changed = studentWith(student, outputs, 1);
		expect(changed.labels).toEqual(labels);
		for (const [name, tensor] of changed.tensors)
			if (name.startsWith("classifier."))
				expect(tensor).toEqual(initialize(teacher.configuration, { seed: 1 }).tensors.get(name));
			else expect(tensor).toEqual(student.tensors.get(name));
	});
});
