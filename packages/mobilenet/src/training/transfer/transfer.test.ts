/** Both stages, on pictures of three colors. */
import { describe, expect, it } from "vitest";
import { colored } from "../../../test/support/colored.ts";
import { datasetOf } from "../../data/memory.ts";
import { configure } from "../../network/configuration.ts";
import { initialize } from "../../weights/initialize.ts";
import { engine } from "../engine.ts";
import type { TrainingDone, TrainingEvent } from "../events.ts";
import type { RunFolder } from "../run-folder.ts";
import type { TransferOptions } from "./options.ts";
import { transferOn } from "./transfer.ts";

const model = initialize(configure({ alpha: 0.25, size: 32, classes: 10 }), { seed: 3 });
const dataset = datasetOf(colored(46, 1));
const numbers = Int32Array.from({ length: 46 }, (_, i) => i);
const usual: TransferOptions = {
	model,
	training: { dataset, indices: numbers.subarray(0, 36) },
	validation: { dataset, indices: numbers.subarray(36) },
	fineTune: 0,
	size: 32,
	fit: "stretch",
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

/** Pictures whose classes the network's features hardly tell apart before they are trained. */
const hard: TransferOptions = {
	...usual,
	training: { dataset },
	head: "nearest",
	fineTune: "all",
	learningRate: 3e-3,
	epochs: 4,
};

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
		expect(notes.at(-1)).toMatch(
			/^a new classifier: 36 pictures of 3 classes, penalty [\d.e-]+, accuracy in cross-validation [\d.]+ %, loss [\d.]+\.$/,
		);
		expect(done.transfer!.fineTuning).toBeUndefined();
		expect(done.transfer!.classifier!.pictures).toBe(36);
		expect(done.transfer!.sentence).toMatch(/^classifier alone [\d.]+ ± [\d.]+ % in cross-validation, loss/);
	});

	it("chooses size and fit by cross-validation, and says what they cost", async () => {
		const larger = initialize(configure({ alpha: 0.25, size: 56, classes: 10 }), { seed: 3 });
		const { done, notes } = await all({
			...{ ...usual, model: larger, fineTune: "none" },
			...{ size: undefined, fit: undefined },
		});
		const { view, views } = done.transfer!;
		expect(views.map(({ size, fit }) => ({ size, fit }))).toEqual([
			{ size: 64, fit: { shorterSide: 64 } },
			{ size: 56, fit: { shorterSide: 64 } },
			{ size: 56, fit: "stretch" },
		]);
		// Pictures of one color are the same whole or cropped: nothing speaks against the usual view.
		expect(view).toEqual({ size: 64, fit: { shorterSide: 64 } });
		expect(done.model.configuration.size).toBe(64);
		expect(done.model.preprocessing.fit).toEqual({ shorterSide: 64 });
		expect(views[0]!.cost).toBeGreaterThan(1);
		expect(views[1]!.cost).toBe(1);
		expect(notes[0]).toMatch(
			/^pictures are seen at 64 pixels, cropped, 1\.\d × the time of its own size: loss [\d.]+ in cross-validation \(56 pixels, cropped from a shorter side of 64 [\d.]+; 56 pixels, stretched [\d.]+\)\.$/,
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
		const tuned = all({ ...usual, model: headed, onProgress: (progress) => seen.push(progress) });
		await expect(tuned).rejects.toMatchObject({
			code: "unsupported",
			message: expect.stringMatching(/^a network that does not average its last picture runs, but cannot/),
		});
		expect(seen).toEqual([]);
	});

	it("takes the nearest class mean where that is asked for", async () => {
		const { done, notes } = await all({ ...usual, fineTune: "none", head: "nearest" });
		expect(notes.at(-1)).toMatch(/by the nearest class mean\.$/);
		expect(done.start!.top1).toBeGreaterThan(0.5);
	});

	it("judges fine-tuning on folds where there are few pictures and no others", async () => {
		const { done, notes, events } = await all({ ...usual, validation: undefined });
		expect(notes.some((note) => /^fine-tuning: 6 times 9 steps of 8 pictures/.test(note))).toBe(true);
		const { fineTuning } = done.transfer!;
		expect(fineTuning!.alone.pictures).toBe(36);
		expect(fineTuning!.tuned.pictures).toBe(36);
		// The curves are those of the first fold.
		expect(events.filter(({ kind }) => kind === "epoch")).toHaveLength(2);
	});

	it("judges fine-tuning on the pictures that are given for it", async () => {
		const { done } = await all(usual);
		const { alone, tuned } = done.transfer!.fineTuning!;
		expect([alone.pictures, tuned.pictures]).toEqual([10, 10]);
		expect(alone.top1).toBe(done.start!.top1);
		expect(done.history.at(-1)!.validation!.pictures).toBe(10);
	});

	it("keeps the classifier alone where fine-tuning does harm", async () => {
		const { done } = await all({ ...usual, ...harm });
		const { fineTuning, sentence } = done.transfer!;
		expect(fineTuning!.isKept).toBe(false);
		expect(sentence).toMatch(/: not proven to be better, left out; \d+ s\.$/);
		expect(done.best).toBeUndefined();
		expect(done.start!.top1).toBeGreaterThan(0.9);
		const alone = await all({ ...usual, fineTune: "none" });
		expect(done.model.tensors).toEqual(alone.done.model.tensors);
	});

	it("keeps fine-tuning that is proven to be better, and does it again with all pictures", async () => {
		// A classifier that is as good as random leaves much to gain.
		const { done, notes } = await all({ ...hard, validation: undefined });
		const { fineTuning, sentence } = done.transfer!;
		expect(fineTuning!.isKept).toBe(true);
		expect(fineTuning!.tuned.loss).toBeLessThan(fineTuning!.alone.loss);
		expect(notes).toContain("fine-tuning is proven to help: it is done again with all pictures.");
		expect(sentence).toMatch(/: proven to be better, kept; \d+ s\.$/);
		expect(done.model.tensors.get("stem.conv.weight")).not.toEqual(model.tensors.get("stem.conv.weight"));
	});

	it("ends with the same weights when it is stopped and resumed, in every stage", async () => {
		const options = { ...hard, validation: undefined };
		const whole = await all(options);
		const folder = memoryFolder();
		let steps = 0;
		const stop = (event: TrainingEvent, stopRun: () => void): void => {
			if (event.kind === "step" && ++steps % 17 === 3) stopRun();
		};
		let run = await all({ ...options, folder }, stop);
		let stops = 0;
		for (; run.done.reason === "stopped"; stops++)
			run = await all({ ...options, folder, resume: true }, stop);
		expect(stops).toBeGreaterThan(4);
		expect(run.done.model.tensors).toEqual(whole.done.model.tensors);
		expect(run.done.transfer!.fineTuning!.gain).toBe(whole.done.transfer!.fineTuning!.gain);
	});

	it("computes no features twice where it was ended", async () => {
		const folder = memoryFolder();
		const options = { ...usual, fineTune: "none", folder } as const;
		const first = await all(options);
		let reads = 0;
		const counting = {
			...dataset,
			places: undefined,
			read: (index: number) => {
				reads++;
				return dataset.read(index);
			},
		};
		const { places: _, ...watched } = counting;
		const second = await all({
			...options,
			validation: undefined,
			training: { ...usual.training, dataset: watched },
		});
		expect(reads).toBe(0);
		expect(second.done.model.tensors).toEqual(first.done.model.tensors);
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
		const { notes, done } = await all({
			...usual,
			validation: undefined,
			training: { dataset: mixed, indices: numbers.subarray(0, 36) },
		});
		expect(notes.filter((note) => /left out: .*picture 0/.test(note))).toHaveLength(1);
		expect(done.transfer!.fineTuning!.alone.pictures).toBe(35);
	});

	it("refuses more blocks than there are", async () => {
		await expect(all({ ...usual, fineTune: 14 })).rejects.toThrow(
			/^the network has 13 blocks, so the last 14 cannot/,
		);
	});
});
