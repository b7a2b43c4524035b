/** Both stages, on pictures of three colors. */
import { describe, expect, it } from "vitest";
import { colored } from "../../test/support/colored.ts";
import { datasetOf } from "../data/memory.ts";
import { configure } from "../network/configuration.ts";
import { initialize } from "../weights/initialize.ts";
import { engine } from "./engine.ts";
import type { TrainingDone, TrainingEvent } from "./events.ts";
import type { RunFolder } from "./run-folder.ts";
import { type TransferOptions, transferOn } from "./transfer.ts";

const model = initialize(configure({ alpha: 0.25, size: 32, classes: 10 }), { seed: 3 });
const dataset = datasetOf(colored(46, 1));
const numbers = Int32Array.from({ length: 46 }, (_, i) => i);
const usual: TransferOptions = {
	model,
	training: { dataset, indices: numbers.subarray(0, 36) },
	validation: { dataset, indices: numbers.subarray(36) },
	fineTune: 0,
	epochs: 2,
	batch: 8,
	workers: 0,
	threads: 1,
	build: "baseline",
};

/** Steps that leave nothing of the classifier: its weights are pulled past zero. */
const harm = {
	optimizer: { kind: "sgd", momentum: 0, nesterov: false },
	learningRate: 1,
	weightDecay: 100,
	schedule: { kind: "constant" },
	warmUp: 0,
	epochs: 1,
} as const;

async function all(
	options: TransferOptions,
	onEvent: (event: TrainingEvent, stop: () => void) => void = () => undefined,
) {
	const run = transferOn(engine, options);
	const events: TrainingEvent[] = [];
	for await (const event of run) {
		events.push(event);
		onEvent(event, run.stop);
	}
	const notes = events.flatMap((event) => (event.kind === "note" ? [event.message] : []));
	return { events, notes, done: events.at(-1) as TrainingDone };
}

function memoryFolder(): RunFolder {
	const files = new Map<string, Uint8Array>();
	return {
		name: "memory",
		read: async (file) => files.get(file),
		write: async (file, bytes) => void files.set(file, bytes),
	};
}

describe("transfer", () => {
	it("trains a new classifier to its optimum, and nothing else where that is asked for", async () => {
		const { done, notes } = await all({ ...usual, fineTune: "none" });
		expect(done).toMatchObject({ reason: "finished", history: [], step: 0 });
		expect(done.start!.top1).toBeGreaterThan(0.9);
		expect(done.model.configuration.classes).toBe(3);
		expect(done.model.labels!.map(({ name }) => name)).toEqual(["red", "green", "blue"]);
		expect(done.model.tensors.get("stem.conv.weight")!.data).toEqual(
			model.tensors.get("stem.conv.weight")!.data,
		);
		expect(notes[0]).toMatch(
			/^a new classifier: 36 pictures of 3 classes, penalty [\d.e-]+, accuracy in cross-validation [\d.]+ %\.$/,
		);
	});

	it("puts a classifier in the place of a whole head, whatever the pool", async () => {
		const headed = initialize(
			configure({
				...{ alpha: 0.25, size: 32, classes: 4, pooling: "max", output: "sigmoid" },
				headLayers: [{ units: 6, activation: "tanh" }],
			}),
			{ seed: 3 },
		);
		const { done } = await all({ ...usual, model: headed, fineTune: "none" });
		expect(done.start!.top1).toBeGreaterThan(0.9);
		const { tensors, configuration } = done.model;
		expect(configuration).toMatchObject({ pooling: "max", headLayers: [], output: "softmax", classes: 3 });
		expect(tensors.get("classifier.weight")!.shape).toEqual([3, 256]);
		expect([...tensors.keys()].filter((name) => name.startsWith("head."))).toEqual([]);

		const seen: unknown[] = [];
		const fineTuned = all({ ...usual, model: headed, onProgress: (progress) => seen.push(progress) });
		await expect(fineTuned).rejects.toMatchObject({
			code: "unsupported",
			message: expect.stringMatching(/^a network that does not average its last picture runs, but cannot/),
		});
		expect(seen).toEqual([]);
	});

	it("fine-tunes a network whose head it has replaced", async () => {
		const headed = initialize(
			configure({
				...{ alpha: 0.25, size: 33, classes: 2, padding: "keras", output: "sigmoid" },
				headLayers: [{ units: 6, activation: "relu" }],
			}),
			{ seed: 3 },
		);
		const { done } = await all({ ...usual, model: headed, learningRate: 1e-12 });
		expect(done.best!.validation!.top1).toBe(done.start!.top1);
	});

	it("takes the nearest class mean where that is asked for", async () => {
		const { done, notes } = await all({ ...usual, fineTune: "none", head: "nearest" });
		expect(notes[0]).toMatch(/by the nearest class mean\.$/);
		expect(done.start!.top1).toBeGreaterThan(0.5);
	});

	it("does not fine-tune without pictures to judge by", async () => {
		const { done, notes } = await all({ ...usual, validation: undefined });
		expect(notes.at(-1)).toMatch(/^there are no validation pictures to judge fine-tuning by/);
		expect(done.history).toEqual([]);
	});

	it("chooses a rate, and keeps the best of the epochs and the classifier alone", async () => {
		const { done, notes, events } = await all(usual);
		expect(
			notes.some((note) => /^learning rate [\d.]+, by the validation loss .*: (.+ \(.+\), )+/.test(note)),
		).toBe(true);
		expect(events.filter(({ kind }) => kind === "epoch")).toHaveLength(2);
		const measured = done.best?.validation ?? done.start!;
		expect(measured.top1).toBeGreaterThanOrEqual(done.start!.top1);
	});

	it("keeps the classifier alone where fine-tuning does harm, and lets it learn from the validation pictures too", async () => {
		const { done, notes } = await all({ ...usual, ...harm });
		expect(notes.at(-1)).toMatch(
			/^it is trained again, now including the validation pictures: 46 pictures of 3 classes/,
		);
		expect(done.best).toBeUndefined();
		expect(done.start!.top1).toBeGreaterThan(0.9);
		expect(done.model.source.notes.at(-1)).toBe("A new classifier was trained on 46 pictures of 3 classes.");
	});

	it("keeps fine-tuning that is as good", async () => {
		const { done } = await all({ ...usual, learningRate: 1e-12 });
		expect(done.best!.validation!.top1).toBe(done.start!.top1);
	});

	it("ends with the same weights when it is stopped and resumed, and chooses its rate once", async () => {
		const whole = await all(usual);
		const folder = memoryFolder();
		const stopped = await all({ ...usual, folder }, (event, stop) => {
			if (event.kind === "step" && event.step === 3) stop();
		});
		expect(stopped.done).toMatchObject({ reason: "stopped", step: 3 });
		const resumed = await all({ ...usual, folder, resume: true });
		expect(resumed.notes.some((note) => note.startsWith("learning rate"))).toBe(false);
		expect(resumed.done.model.tensors.get("classifier.weight")).toEqual(
			whole.done.model.tensors.get("classifier.weight"),
		);
	});

	it("can be stopped before its first epoch", async () => {
		const { done } = await all(usual, (event, stop) => {
			if (event.kind === "note") stop();
		});
		expect(done).toMatchObject({ reason: "stopped", step: 0 });
	});

	it("tells of a picture that cannot be read once", async () => {
		const { pictures, ...rest } = colored(46, 1);
		const mixed = datasetOf({ ...rest, pictures: [new Uint8Array(9), ...pictures.slice(1)], name: "photos" });
		const { notes } = await all({
			...usual,
			training: { dataset: mixed, indices: numbers.subarray(0, 36) },
			validation: { dataset: mixed, indices: numbers.subarray(36) },
		});
		expect(notes.filter((note) => /left out: .*picture 0/.test(note))).toHaveLength(1);
	});

	it("refuses more blocks than there are", async () => {
		await expect(all({ ...usual, fineTune: 14 })).rejects.toThrow(
			/^the network has 13 blocks, so the last 14 cannot/,
		);
	});
});
